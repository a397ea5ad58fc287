import type { HandlerMetadata } from '../../decorators/metadata.js';

/**
 * Arguments of a handler by position, as in jamsocket: `(ctx)`, `(client, ctx)` or `(client, message, ctx)`; for a timer
 * `(ctx, firing)`, and where guards have seen the client again `(client, ctx, admitted)`.
 */
export type Shape = 'context' | 'timer' | 'client' | 'admitted' | 'message';

/** Every kind of handler, and its arguments. */
export const SHAPES: Readonly<Record<HandlerMetadata['kind'] | 'scheduled', Shape>> = {
  create: 'context',
  connect: 'client',
  resume: 'admitted',
  auth: 'admitted',
  message: 'message',
  event: 'message',
  binary: 'message',
  disconnect: 'client',
  timer: 'timer',
  destroy: 'context',
  scheduled: 'context',
};

/**
 * Guards run only for a client's messages. On connect they have already run before the upgrade. No client asks for the
 * other events, and a guard must not prevent a timer or the clean-up after a client.
 */
export const GUARDED: readonly string[] = ['message', 'event', 'binary'];
/** Hooks of the room and of the scheduler. Like Nest's own hooks they run without pipes and interceptors. */
export const HOOKS: readonly string[] = ['create', 'destroy', 'scheduled'];
