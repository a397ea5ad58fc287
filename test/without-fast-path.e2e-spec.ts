/**
 * The fast path reads and writes frames itself; `coalesce: false` leaves all of that to `ws`. The promises are the same,
 * so every e2e spec that builds its own application runs again without the fast path.
 */
process.env.TEST_FAST_PATH = 'off';

await import('./promise-1-one-room-one-instance.e2e-spec.js');
await import('./promise-2-turns.e2e-spec.js');
await import('./promise-3-order.e2e-spec.js');
await import('./promise-4-isolation.e2e-spec.js');
await import('./promise-5-timers.e2e-spec.js');
await import('./promise-6-lifecycle.e2e-spec.js');
await import('./promise-7-backpressure.e2e-spec.js');
await import('./promise-8-shutdown.e2e-spec.js');
await import('./promise-9-front-door.e2e-spec.js');
await import('./enhancers.e2e-spec.js');
await import('./jamsocket-rooms.e2e-spec.js');
await import('./options.e2e-spec.js');
await import('./room-scope.e2e-spec.js');
await import('./timers.e2e-spec.js');
await import('./token.e2e-spec.js');
