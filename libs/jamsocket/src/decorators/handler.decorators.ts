import { handlerMetadataOf } from './metadata-accessor.js';
import { DEFAULT_TIMER, HANDLER_METADATA, type HandlerMetadata } from './metadata.js';
import type { AnySchema } from './contract.js';
import type { ClientDecorator, MessageDecorator, RoomDecorator } from './handler-types.js';
import type { OutputOf, StandardSchema } from './standard-schema.js';

/** Runs once per room before the first client joins, with `(ctx)`. Connects wait for it; if it throws, they are refused with 503. */
export const OnCreate = (): RoomDecorator => handler({ kind: 'create' });

/** Runs for each client that joins, with `(client, ctx)`. Its guards run before the upgrade and refuse with 401 or 403. */
export const OnConnect = (): ClientDecorator => handler({ kind: 'connect' });

/**
 * Runs when a client of `jamsocket-client` has resumed after a lost connection, with `(client, ctx, admitted)`. It is the same
 * `client` object, and the messages it missed have already been sent to it. `admitted` has what the guards found out this
 * time, such as its `data`; the client's own `data` is unchanged.
 */
export const OnResume = (): ClientDecorator => handler({ kind: 'resume' });

/**
 * Runs when a client has sent a new token over its open connection and the guards of `@OnConnect` have admitted it again, with
 * `(client, ctx, admitted)`. `admitted` has what the guards found out, such as its `data`; the client's own `data` is
 * unchanged.
 */
export const OnAuth = (): MethodDecorator => handler({ kind: 'auth' });

/**
 * `@OnMessage()` handles text messages, with `(client, text, ctx)`.
 * `@OnMessage('move', schema?)` handles JSON messages `{ "event": "move", "data": …, "id"?: … }`, with `(client, data, ctx)`;
 * the schema validates the data first. The returned value is sent as the reply, with the message's `id`.
 */
export function OnMessage(): MessageDecorator;
export function OnMessage<const Event extends string>(event: Event): MessageDecorator<any, Event>;
export function OnMessage<const Event extends string, S extends AnySchema>(
  event: Event,
  schema: S,
): MessageDecorator<OutputOf<S>, Event>;
export function OnMessage(event?: string, schema?: StandardSchema): MessageDecorator {
  return handler(event === undefined ? { kind: 'message' } : { kind: 'event', event, schema });
}

/** Handles binary messages, with `(client, bytes, ctx)`. The handler may keep the Buffer `bytes`. */
export const OnBinary = (): MessageDecorator => handler({ kind: 'binary' });

/** Runs exactly once for each client that connected, after its last message, with `(client, ctx)`. */
export const OnDisconnect = (): ClientDecorator => handler({ kind: 'disconnect' });

/**
 * Runs when the timer of this name fires, with `(ctx, { attempt, dueAt })`. Without a name: the timer that was set without
 * one.
 */
export const OnTimer = (name: string = DEFAULT_TIMER): RoomDecorator => handler({ kind: 'timer', timer: name });

/** Runs once when the room stops, after the last client's `@OnDisconnect`, with `(ctx)`. */
export const OnDestroy = (): RoomDecorator => handler({ kind: 'destroy' });

/** `any`, since the result type of each decorator depends on the method: see `Mistake`. */
function handler(metadata: HandlerMetadata): (target: object, name: string | symbol, descriptor: any) => any {
  return (_target, _name, descriptor: PropertyDescriptor) => {
    const method = descriptor.value as object;
    Reflect.defineMetadata(HANDLER_METADATA, [...handlerMetadataOf(method), metadata], method);
  };
}
