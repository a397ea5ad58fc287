import { JamsocketError } from '../base/errors.js';
import type { JamsocketContext } from './room-context.js';

/**
 * What Nest injects as `REQUEST` into a room's providers. A room outlives the request that created it and does not belong to
 * the client that sent it. So headers and query are empty; method, URL and params exist for loggers written for HTTP.
 */
export class RoomRequest {
  readonly method = 'GET';
  readonly headers: Readonly<Record<string, string | undefined>> = {};
  readonly query: Readonly<Record<string, string | undefined>> = {};
  readonly #template: string;
  readonly #context: JamsocketContext;

  /** @param template the path with its parameters, such as `/ws/games/:game/:room` */
  constructor(context: JamsocketContext, template: string) {
    this.#context = context;
    this.#template = template;
  }

  get context(): JamsocketContext {
    return this.#context;
  }

  /** Path of the room, such as `/ws/games/chess/lobby`. */
  get url(): string {
    const { params } = this;
    return this.#template
      .split('/')
      .map((segment) => (segment.startsWith(':') ? encodeURIComponent(params[segment.slice(1)]) : segment))
      .join('/');
  }

  get originalUrl(): string {
    return this.url;
  }

  get params(): Readonly<Record<string, string>> {
    return this.#context.params;
  }

  /** As Express's `request.get`. There are no headers. */
  get(_name: string): undefined {
    return undefined;
  }
}

/** The `JamsocketContext` to inject. Within a room Nest's `REQUEST` is a `RoomRequest`; elsewhere there is no context. */
export function roomContextFrom(request: unknown): JamsocketContext {
  if (request instanceof RoomRequest) return request.context;
  throw new JamsocketError(
    'no_room_context',
    'JamsocketContext was injected outside of a room. Inject JamsocketRooms instead, and get the room you mean from it.',
  );
}
