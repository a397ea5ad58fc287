import { inspect } from 'node:util';
import { stateFieldsOf } from '../decorators/metadata-accessor.js';
import type { Migrate, StateFields } from '../options/options.js';
import { deserializeOwned } from '../base/deserialize-owned.js';
import { DurableError } from './durable-error.js';
import { findUnclonable, serialized, thrown } from './unclonable.js';

/** States of the room's providers, by class name. */
type StateByClass = Record<string, StateFields>;

interface Saved {
  readonly version: number;
  readonly state: StateByClass;
}

/** The service's fields are saved under this name, so that its class may be renamed. */
const OF_SERVICE = '';

interface Holder {
  /** The name that its fields are saved under. */
  readonly key: string;
  readonly name: string;
  readonly instance: StateFields;
  readonly fields: readonly string[];
}

interface Versioned {
  readonly version: number;
  readonly migrate?: Migrate;
}

/** The `@State()` fields of one room: those of its service and of its room-scoped providers. */
export class RoomStateFields {
  /** @param instances the room service first */
  constructor(
    private readonly instances: readonly object[],
    private readonly options: Versioned,
  ) {
    const keys = this.#holders().map(({ key }) => key);
    const twice = keys.find((key, index) => keys.indexOf(key) !== index);
    if (twice !== undefined) {
      throw new DurableError(
        'bad_state',
        `Two providers of one room are called ${twice} and have @State() fields, so their saved states would be mixed up. Rename one of the classes; or, if it is one class with Scope.TRANSIENT, which has an instance for each that injects it, give it Scope.REQUEST.`,
      );
    }
  }

  /**
   * The current values as bytes.
   * @throws DurableError `bad_state` with the path of the first value that cannot be saved
   */
  capture(): Buffer {
    const state: StateByClass = {};
    for (const { key, name, instance, fields } of this.#holders()) {
      const values: StateFields = (state[key] = {});
      for (const field of fields) values[field] = this.#checked(name, field, instance);
    }
    return serialized({ version: this.options.version, state } satisfies Saved, () => this.#named(state));
  }

  /**
   * Restores the fields.
   * @param shared values of the service's shared states, which `migrate` sees as fields
   * @returns the version that saved them, and the values of the shared states now, among other fields of the service
   * @throws DurableError `newer_state` if a later version of the class saved them; any error of `migrate`
   */
  async restore(bytes: Uint8Array, shared?: StateFields): Promise<{ version: number; shared: StateFields }> {
    const { version, state: own } = deserializeOwned(bytes) as Saved;
    const state = shared === undefined ? own : { ...own, [OF_SERVICE]: { ...own[OF_SERVICE], ...shared } };
    if (version > this.options.version) {
      throw new DurableError(
        'newer_state',
        `The room was saved by version ${version} of its class, but this is version ${this.options.version}. The record is not changed. Deploy the newer version, or delete the room.`,
      );
    }
    const present = version < this.options.version ? await this.#migrated(state, version) : state;
    for (const { key, instance, fields } of this.#holders()) {
      const saved = present[key];
      if (saved === undefined) continue;
      for (const field of fields) if (Object.hasOwn(saved, field)) instance[field] = saved[field] as unknown;
    }
    return { version, shared: present[OF_SERVICE] ?? {} };
  }

  /** Made anew each time, since most rooms are idle and all of them would keep it. */
  #holders(): Holder[] {
    const { instances } = this;
    return instances.flatMap((instance) => {
      const fields = stateFieldsOf(instance);
      if (fields.length === 0) return [];
      const { name } = instance.constructor;
      return [{ key: instance === instances[0] ? OF_SERVICE : name, name, instance, fields }];
    });
  }

  #named(state: StateByClass): [string, unknown][] {
    return this.#holders().flatMap(({ key, name, fields }) =>
      fields.map((field): [string, unknown] => [`${name}.${field}`, state[key][field]]),
    );
  }

  #checked(name: string, field: string, instance: StateFields): unknown {
    let mistake: { readonly path: string; readonly what: string } | undefined;
    let value: unknown;
    try {
      value = instance[field];
      mistake = findUnclonable(value);
    } catch (error) {
      throw new DurableError('bad_state', `${name}.${field} cannot be saved: reading it threw ${thrown(error)}.`, {
        cause: error,
      });
    }
    if (mistake === undefined) return value;
    throw new DurableError(
      'bad_state',
      `${name}.${field}${mistake.path} cannot be saved: it is ${mistake.what}, which a structured clone would refuse or change. Keep plain objects, arrays, Map, Set, Date and bytes in @State() fields.`,
    );
  }

  async #migrated(state: StateByClass, from: number): Promise<StateByClass> {
    if (this.options.migrate === undefined) return state;
    const { [OF_SERVICE]: service = {}, ...providers } = state;
    const returned: unknown = await this.options.migrate(service, from, providers);
    if (returned !== undefined && returned !== null && !hasFields(returned))
      throw new DurableError(
        'bad_state',
        `migrate returned ${inspect(returned, { depth: 0 }).slice(0, 100)}: return an object with the fields of the present version, or nothing if it has changed the one it got. The record is not changed.`,
      );
    return { ...providers, [OF_SERVICE]: (returned as StateFields | null | undefined) ?? service };
  }
}

/** An array or a Map has none of the names of a class's fields: all of them would begin anew, and be saved like that. */
function hasFields(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}
