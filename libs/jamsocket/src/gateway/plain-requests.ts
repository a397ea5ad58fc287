import { RefusedError } from '../base/errors.js';
import { refusalFor, type Refusal } from '../base/refusal.js';
import { pathAndQueryOf } from '../base/request-target.js';

/** What Nest's adapters for HTTP have in common. */
export interface RoutingAdapter {
  get?(path: string, handler: (request: { readonly url?: string }, response: unknown) => void): unknown;
  getType?(): string;
  setHeader?(response: unknown, name: string, value: string): void;
  reply?(response: unknown, body: object, status: number): void;
}

/**
 * Answers a plain GET of a WebSocket's path with 426. Call it when the application's own routes are registered and the
 * answer for unknown ones is not: a route of the application goes before.
 * @param paths where WebSockets are, as routes of the adapter
 * @param check throws for an URL at which there is no WebSocket
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
      // Fastify refuses a second route for one path: the application has one.
    }
  }
}

/** RFC 9110 section 15.5.22 */
function refusalOf(url: string, check: (url: string) => void): Refusal {
  try {
    check(url);
    const message = 'This is a WebSocket: connect with ws:// or wss://. A plain request finds nothing here.';
    throw new RefusedError(426, 'upgrade_required', message, { Upgrade: 'websocket', Connection: 'Upgrade' });
  } catch (error) {
    return refusalFor(error);
  }
}
