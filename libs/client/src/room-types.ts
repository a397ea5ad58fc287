import type { Contract } from './contract/contract.js';
import type { Exception } from './errors.js';
import type { RequestOptions } from './requests.js';
import type { IsAny } from './contract/wire.js';

/** Names of the messages that a room handles. */
export type MessageName<C extends Contract> = keyof C['messages'] & string;

/** Names of the messages that have a reply. */
export type RequestName<C extends Contract> = {
  [K in MessageName<C>]: [ReplyTo<C, K>] extends [never] ? never : K;
}[MessageName<C>];

/** Names of the events that a room sends. */
export type EventName<C extends Contract> = (keyof C['events'] & string) | 'exception';

/** The data of an event. */
export type EventOf<C extends Contract, K extends EventName<C>> = K extends keyof C['events']
  ? C['events'][K]
  : Exception;

/** Data of the reply to a message. */
export type ReplyTo<C extends Contract, K extends MessageName<C>> = C['messages'][K] extends { reply: infer R }
  ? R
  : never;

/** Data of a message. */
export type MessageOf<C extends Contract, K extends MessageName<C>> = C['messages'][K] extends { data: infer D }
  ? D
  : never;

/** Names of the shared states of a room. */
export type StateName<C extends Contract> = keyof StatesOf<C> & string;

/** What a client sees of a shared state. */
export type StateOf<C extends Contract, K extends StateName<C>> = StatesOf<C>[K];

type StatesOf<C extends Contract> = C extends { states: infer S extends object } ? S : Record<string, any>;

/** The arguments after the event's name. Data is optional if it may be undefined. */
export type EmitArguments<D> = IsOptional<D> extends true ? [data?: D] : [data: D];

export type RequestArguments<D> =
  IsOptional<D> extends true ? [data?: D, options?: RequestOptions] : [data: D, options?: RequestOptions];

type IsOptional<D> = IsAny<D> extends true ? true : undefined extends D ? true : false;

/** What each client shows of itself, if the contract names it as `presence`. */
export type PresenceOf<C extends Contract> = C extends { readonly presence: infer Value } ? Value : any;
