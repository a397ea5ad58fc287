import type { Server } from 'node:http';

/** Milliseconds in which a client must send its request headers. Node's default is 60 s. */
const HEADERS_TIMEOUT_MS = 5_000;
/** How often Node looks for slow clients. Its default is 30 s, so a shorter time-out alone would have no effect before that. */
const CHECK_EVERY_MS = 1_000;

/** Cuts off clients that do not complete their headers in time. Call it before the server listens. */
export function cutSlowHeaders(server: Server, timeoutMs = HEADERS_TIMEOUT_MS, checkEveryMs = CHECK_EVERY_MS): void {
  server.headersTimeout = timeoutMs;
  // Documented only as an option of createServer, which Nest's adapters call; but a server reads it when it starts to listen.
  Object.assign(server, { connectionsCheckingInterval: checkEveryMs });
}
