import { RefusedError } from '../base/errors.js';
import { refusalFor, type Refusal } from '../base/refusal.js';
import { pathAndQueryOf } from '../base/request-target.js';

/** The common methods of Nest's HTTP adapters. */
export interface RoutingAdapter {
  get?(path: string, handler: (request: { readonly url?: string }, response: unknown) => void): unknown;
  getType?(): string;
  setHeader?(response: unknown, name: string, value: string): void;
  reply?(response: unknown, body: object, status: number): void;
}

/**
 * Answers a GET of a WebSocket's path without an upgrade with 426. Call it after the application's routes are registered,
 * so that they take precedence, and before the 404 handler is.
 * @param paths routes of the WebSockets, in the adapter's syntax
 * @param check throws for a URL without a WebSocket
 */
export function answerPlainRequests(
  adapter: RoutingAdapter | undefined,
  paths: readonly string[],
  check: (url: string) => void,
): void {
  if (!adapter?.get || !adapter.reply) return;
  for (const path of paths) {
    try {
      adapter.get(path, (request, response) => {
        const { status, headers, body } = refusalOf(pathAndQueryOf(request), check);
        for (const [name, value] of Object.entries(headers)) adapter.setHeader?.(response, name, value);
        adapter.reply!(response, body, status);
      });
    } catch {
      // Fastify refuses a second route for the same path: the application has its own.
    }
  }
}

/** RFC 9110 section 15.5.22 */
function refusalOf(url: string, check: (url: string) => void): Refusal {
  try {
    check(url);
    const message = 'This path is a WebSocket: connect with ws:// or wss://, not with a plain HTTP request.';
    throw new RefusedError(426, 'upgrade_required', message, { Upgrade: 'websocket', Connection: 'Upgrade' });
  } catch (error) {
    return refusalFor(error);
  }
}
