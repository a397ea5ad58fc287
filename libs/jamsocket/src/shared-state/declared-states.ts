import { JamsocketConfigurationError } from '../base/errors.js';
import { stateFieldsOf } from '../decorators/metadata-accessor.js';
import { SharedState, type AnySharedState } from './shared-state.js';

/** The class of a room service, as far as its shared states are declared there. */
export interface StatefulClass {
  readonly type: { readonly name: string };
  /** Names of the states in the contract; empty without one. */
  readonly contractStates: readonly string[];
}

/**
 * Finds the shared states in the fields of a room service, by name; `null` if there are none.
 * @param instances the service first, then the room's other providers
 * @throws JamsocketConfigurationError
 */
export function declaredStates(
  [service, ...providers]: readonly object[],
  definition: StatefulClass,
): ReadonlyMap<string, AnySharedState> | null {
  for (const provider of providers) refuseStatesOf(provider, service);
  const states = statesOf(service);
  refuseMissing(definition, states);
  if (states === null) return null;
  for (const [name, state] of states) assertOwn(state, `${definition.type.name}.${name}`);
  refuseSavedTwice(service, states);
  return states;
}

/** By field name; `null` if there are none. */
function statesOf(instance: object): Map<string, AnySharedState> | null {
  let states: Map<string, AnySharedState> | null = null;
  for (const name of Object.keys(instance)) {
    // Not read if it is an accessor: a getter is code of the application.
    const field: unknown = Object.getOwnPropertyDescriptor(instance, name)!.value;
    if (field instanceof SharedState) (states ??= new Map<string, AnySharedState>()).set(name, field);
  }
  return states;
}

/** @throws JamsocketConfigurationError */
function refuseStatesOf(provider: object, service: object): void {
  const [name] = statesOf(provider)?.keys() ?? [];
  if (name === undefined) return;
  const [where, room] = [provider.constructor.name, service.constructor.name];
  throw new JamsocketConfigurationError(
    `${where}.${name} is a SharedState outside of a room service, so no client would see it. Make it a field of ${room}, and give it to ${where} from there.`,
  );
}

/** @throws JamsocketConfigurationError */
function refuseSavedTwice(service: object, states: ReadonlyMap<string, unknown>): void {
  const name = stateFieldsOf(service).find((field) => states.has(field));
  if (name === undefined) return;
  throw new JamsocketConfigurationError(
    `${service.constructor.name}.${name} has @State(), but is a SharedState, which a durable room saves anyway. Remove @State() and set @JamsocketService({ durable: true }).`,
  );
}

/** @throws JamsocketConfigurationError if the state belongs to another room */
function assertOwn(state: AnySharedState, name: string): void {
  if (state.owner === null) return;
  throw new JamsocketConfigurationError(
    `${name} is the shared state of another room or field, ${state.owner.nameOf(state)}. Make one for each room: readonly ${name.split('.')[1]} = new SharedState(…).`,
  );
}

/** For JavaScript: the compiler finds this mistake in TypeScript. */
function refuseMissing(
  { type, contractStates }: StatefulClass,
  states: ReadonlyMap<string, AnySharedState> | null,
): void {
  const missing = contractStates.find((name) => states === null || !states.has(name));
  if (missing === undefined) return;
  throw new JamsocketConfigurationError(
    `${type.name} has no SharedState in a field ${missing}, which is in its contract: add the field, or remove it from the contract.`,
  );
}
