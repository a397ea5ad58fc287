import type { ContractSchemas, EventsIn, MessageData, MessageName, MessageReply, StatesIn } from './contract.js';
import type { MessageCheck, Mistake } from './handler-types.js';

/** Decorates a room service that follows a contract. Its result type is a `Mistake` if the class does not. */
export type ContractDecorator<C extends ContractSchemas> = <Class>(
  type: Class,
) => Class extends abstract new (...args: infer A) => infer Instance
  ? [keyof Mistakes<Instance, A[number], C>] extends [never]
    ? void
    : Mistake<'The class does not follow its contract.', Mistakes<Instance, A[number], C>>
  : void;

/**
 * By message or state: what is wrong with its method or field. `constructor`: what is wrong with the injected context.
 */
type Mistakes<Instance, Injected, C extends ContractSchemas> = {
  readonly [K in MessageName<C> as MethodCheck<Instance, C, K> extends void ? never : K]: MethodCheck<Instance, C, K>;
} & {
  readonly [K in keyof StatesIn<C> as StateCheck<Instance, StatesIn<C>, K> extends void ? never : K]: StateCheck<
    Instance,
    StatesIn<C>,
    K
  >;
} & {
  readonly [
    K in keyof Instance as UnknownState<Instance[K], K, StatesIn<C>> extends void ? never : K
  ]: Mistake<'The contract has no such state.'>;
} & { readonly [K in 'constructor' as ContextCheck<Injected, C> extends void ? never : K]: ContextCheck<Injected, C> };

/** The shape of a `SharedState`. */
interface StateShape {
  readonly value: object;
  change(...args: never[]): void;
  refresh(): void;
}

type StateCheck<Instance, States, K extends keyof States> = K extends keyof Instance
  ? Instance[K] extends StateShape & { readonly '~state'?: infer Seen }
    ? [Seen] extends [States[K] | undefined]
      ? void
      : Mistake<
          'The SharedState has another value than the state in the contract.',
          { readonly contract: States[K]; readonly field: Exclude<Seen, undefined> }
        >
    : Mistake<'The field of this state is not a SharedState.'>
  : Mistake<'There is no public field of this name. The SharedState has the name of its state.'>;

type UnknownState<Field, K, States> = [States] extends [never]
  ? void
  : Field extends StateShape
    ? K extends keyof States
      ? void
      : false
    : void;

type MethodCheck<Instance, C extends ContractSchemas, K extends MessageName<C>> = K extends keyof Instance
  ? Instance[K] extends (...args: infer A) => infer R
    ? MessageCheck<Required<A>, MessageData<C, K>> extends void
      ? ReplyCheck<ReplyOf<R>, MessageReply<C, K>>
      : MessageCheck<Required<A>, MessageData<C, K>>
    : Mistake<'The handler of this message is not a method.'>
  : Mistake<'There is no public method of this name. The method that handles a message has its name.'>;

type ReplyCheck<Returned, Reply> =
  IsAny<Returned> extends true
    ? void
    : [Reply] extends [undefined]
      ? [Returned] extends [never]
        ? void
        : Mistake<'The handler returns a value, but the contract has no reply to this message.'>
      : [Returned] extends [never]
        ? Mistake<'The handler returns nothing, but the contract has a reply to this message.'>
        : [Returned] extends [Reply | { readonly event: string }]
          ? void
          : Mistake<
              'The handler returns another value than the reply in the contract.',
              { readonly contract: Reply; readonly handler: Returned }
            >;

/** The replies in what a handler returns: a value, a promise, a stream or nothing. */
type ReplyOf<R> = IsAny<R> extends true ? any : Exclude<Awaited<Streamed<Awaited<R>>>, void | undefined | null>;

type Streamed<R> = R extends { forEach(next: (value: infer V) => void): Promise<void> }
  ? V
  : R extends AsyncIterable<infer V>
    ? V
    : R extends Iterator<infer V>
      ? V
      : R;

/** The context must name the events of the contract: without them, `emit` accepts anything. */
type ContextCheck<Injected, C extends ContractSchemas> = Injected extends { readonly '~events'?: infer E }
  ? IsAny<E> extends true
    ? Mistake<'Inject the context with the contract, as JamsocketContext<typeof contract>.'>
    : [EventsIn<C>, Exclude<E, undefined>] extends [Exclude<E, undefined>, EventsIn<C>]
      ? void
      : Mistake<'The injected JamsocketContext has the events of another contract.'>
  : void;

type IsAny<T> = 0 extends 1 & T ? true : false;
