import type { Server } from 'node:http';

/** A client that sends its request headers slower than this is cut off. Node waits 60 s. */
const HEADERS_TIMEOUT_MS = 5_000;
/** How often Node looks for such clients. Its default is 30 s: with a shorter time-out alone, they stay for that long. */
const CHECK_EVERY_MS = 1_000;

/** Cuts off clients that do not get done with their headers. Call it before the server listens. */
export function cutSlowHeaders(server: Server, timeoutMs = HEADERS_TIMEOUT_MS, checkEveryMs = CHECK_EVERY_MS): void {
  server.headersTimeout = timeoutMs;
  // Documented as an option of createServer, which Nest's adapters call by themselves; a server reads it when it listens.
  Object.assign(server, { connectionsCheckingInterval: checkEveryMs });
}
