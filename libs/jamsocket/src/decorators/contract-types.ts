import type { ContractSchemas, EventsIn, MessageData, MessageName, MessageReply } from './contract.js';
import type { MessageCheck, Mistake } from './handler-types.js';

/** Decorates a room service that follows a contract. Its result type is a `Mistake` if the class does not. */
export type ContractDecorator<C extends ContractSchemas> = <Class>(
  type: Class,
) => Class extends abstract new (...args: infer A) => infer Instance
  ? [keyof Mistakes<Instance, A[number], C>] extends [never]
    ? void
    : Mistake<'The class does not follow its contract.', Mistakes<Instance, A[number], C>>
  : void;

/** By message: what is wrong with its method. `constructor`: what is wrong with the injected context. */
type Mistakes<Instance, Injected, C extends ContractSchemas> = {
  readonly [K in MessageName<C> as MethodCheck<Instance, C, K> extends void ? never : K]: MethodCheck<Instance, C, K>;
} & { readonly [K in 'constructor' as ContextCheck<Injected, C> extends void ? never : K]: ContextCheck<Injected, C> };

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
