import type { ContractSchemas, IsContract, MessageData } from './contract.js';

// Clients and contexts are recognised by their shape: decorators are below them.

/** The shape of a `Client`. */
interface ClientShape {
  readonly id: number;
  readonly isConnected: boolean;
  sendMessage(...args: never[]): unknown;
}

/** A parameter type with only these members, such as `Pick<Client, 'id'>`, takes a client. */
type ClientMember = 'id' | 'data' | 'tags' | 'request' | 'roomId' | 'params' | 'isConnected' | 'sendMessage' | 'emit';

/** The shape of a `JamsocketContext`. */
interface ContextShape {
  readonly roomId: string;
  readonly signal: AbortSignal;
  setTimer(...args: never[]): unknown;
}

/** A mistake in a room service, as the compiler shows it: no decorator may return this type. */
export interface Mistake<Text extends string, Details = unknown> {
  readonly mistake: Text;
  readonly details: Details;
}

/** Decorates a handler `(client, data, ctx)`. Its result type is a `Mistake` if the method takes something else. */
export type MessageDecorator<Data = any, Event extends string = never> = <Method>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => Method extends (...args: infer A) => unknown ? MessageCheck<Required<A>, Data, Event> : void;

/** Decorates a handler `(client, ctx)`. */
export type ClientDecorator = <Method>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => Method extends (...args: infer A) => unknown ? ClientCheck<Required<A>> : void;

/** Decorates a handler `(ctx)`. */
export type RoomDecorator = <Method>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => Method extends (...args: infer A) => unknown ? RoomCheck<Required<A>> : void;

/**
 * `void`, or a mistake. The contract is that of the parameter `client: Client<User, typeof contract>`.
 * @template Event `never` for messages that are not events
 */
export type MessageCheck<A extends readonly unknown[], Data, Event extends string = never> = A extends readonly [
  infer First,
  ...infer Rest,
]
  ? TakesClient<First> extends true
    ? [ContractOf<First>] extends [never]
      ? DataCheck<Rest, Data>
      : EventCheck<Rest, Data, Event, ContractOf<First>>
    : Rest extends readonly []
      ? OnlyData<First, Data>
      : ClientCheck<A>
  : void;

type EventCheck<A extends readonly unknown[], Data, Event extends string, C extends ContractSchemas> = [Event] extends [
  keyof C['messages'] & string,
]
  ? DataCheck<A, IsAny<Data> extends true ? MessageData<C, Event> : Data>
  : Mistake<
      'The contract of the client has no message of this name.',
      { readonly event: Event; readonly messages: keyof C['messages'] }
    >;

/** The contract in the type of a client, or `never`. */
type ContractOf<C> =
  IsAny<C> extends true
    ? never
    : C extends { readonly '~events'?: infer E }
      ? IsAny<E> extends true
        ? never
        : IsContract<Exclude<E, undefined>> extends true
          ? Extract<Exclude<E, undefined>, ContractSchemas>
          : never
      : never;

type ClientCheck<A extends readonly unknown[]> = A extends readonly [infer First, infer Second, ...unknown[]]
  ? TakesClient<First> extends true
    ? void
    : IsA<Second, ClientShape> extends true
      ? Mistake<'The client is the first parameter. This is also needed if the parameters have decorators.'>
      : void
  : void;

type RoomCheck<A extends readonly unknown[]> = A extends readonly [infer First, ...unknown[]]
  ? IsA<First, ClientShape> extends true
    ? Mistake<'This handler gets no client: its first parameter is the context of the room.'>
    : void
  : void;

type DataCheck<A extends readonly unknown[], Data> = A extends readonly [infer Parameter, ...infer Rest]
  ? IsA<Parameter, ContextShape> extends true
    ? Rest extends readonly []
      ? void
      : Mistake<'The data is the second parameter, and the context of the room the third.'>
    : DataMistake<Parameter, Data>
  : void;

/** A single parameter that is not the client: it must have a decorator, such as `@MessageBody()` or `@RoomContext()`. */
type OnlyData<Parameter, Data> = IsA<Parameter, ContextShape> extends true ? void : DataMistake<Parameter, Data>;

type DataMistake<Parameter, Data> = [IsAny<Data>, IsAny<Parameter>] extends [false, false]
  ? [Data] extends [Parameter]
    ? void
    : Mistake<
        'The handler takes other data than the schema gives.',
        { readonly schema: Data; readonly handler: Parameter }
      >
  : void;

type TakesClient<Parameter> =
  IsAny<Parameter> extends true
    ? true
    : [unknown] extends [Parameter]
      ? true
      : [Parameter] extends [ClientShape]
        ? true
        : [Parameter] extends [object]
          ? [keyof Parameter] extends [ClientMember]
            ? true
            : false
          : false;

type IsA<Parameter, Shape> = IsAny<Parameter> extends true ? false : [Parameter] extends [Shape] ? true : false;

type IsAny<T> = 0 extends 1 & T ? true : false;
