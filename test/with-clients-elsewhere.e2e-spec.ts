/**
 * In a cluster, a room cannot tell whether a client's socket is on its own node. The promises are the same, so the specs that
 * build their own application run again with every client on another node than its room.
 */
process.env.TEST_CLUSTER ??= 'on';

await import('./promise-1-one-room-one-instance.e2e-spec.js');
await import('./promise-2-turns.e2e-spec.js');
await import('./promise-3-order.e2e-spec.js');
await import('./promise-4-isolation.e2e-spec.js');
await import('./promise-5-timers.e2e-spec.js');
await import('./promise-6-lifecycle.e2e-spec.js');
await import('./promise-7-backpressure.e2e-spec.js');
await import('./promise-8-shutdown.e2e-spec.js');
await import('./promise-9-front-door.e2e-spec.js');
await import('./promise-12-own-context.e2e-spec.js');
await import('./closing-from-handlers.e2e-spec.js');
await import('./enhancers.e2e-spec.js');
await import('./failing-handlers.e2e-spec.js');
await import('./leaving-early.e2e-spec.js');
await import('./paused-socket.e2e-spec.js');
await import('./presence.e2e-spec.js');
await import('./rates.e2e-spec.js');
await import('./resume.e2e-spec.js');
await import('./resume-attempts.e2e-spec.js');
await import('./room-scope.e2e-spec.js');
await import('./shared-state.e2e-spec.js');
await import('./token.e2e-spec.js');
await import('./volatile.e2e-spec.js');
