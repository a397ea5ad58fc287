import type { WebSocket } from 'ws';
import type { Client } from '../members/client.js';
import type { ConnectOptions } from './connect-options.js';
import { TestClient, type Closed } from './test-client.js';

export interface RoomConnectOptions extends ConnectOptions {
  /** Initial value of `client.data`. Guards see it and may replace it. Default `undefined`. */
  data?: unknown;
  /** `client.user` from the beginning, as `client.setAuth({ user })` does. Guards may replace it. */
  user?: string;
  /** The client's address. Default `127.0.0.1`. */
  ip?: string;
}

/**
 * A client of a test room. Its socket is in memory; the server's side is the same as in production. Messages with shared
 * state are only in `received`: see `state()` for what they say.
 */
export class RoomClient extends TestClient {
  protected override readonly readsState = false;
  readonly #app: { settle(): Promise<void> };
  readonly #findClient: () => Client | undefined;

  /** @internal */
  constructor(
    socket: WebSocket,
    app: { settle(): Promise<void> },
    findClient: () => Client | undefined,
    patienceMs: number,
  ) {
    super(
      socket,
      patienceMs,
      () => ' Virtual time does not advance by itself: timers run when the test calls room.advance(ms).',
    );
    this.#app = app;
    this.#findClient = findClient;
  }

  /** The client object that the room has for it, with `id`, `data` and `tags`. */
  get client(): Client {
    return this.#findClient()!;
  }

  /** Closes with a close frame. Resolves when `@OnDisconnect` has run. */
  override async close(code = 1000, reason = ''): Promise<Closed> {
    const closed = await super.close(code, reason);
    await this.#app.settle();
    return closed;
  }

  /** Cuts the connection without a close frame. Resolves when the room has noticed. */
  override async drop(): Promise<Closed> {
    const closed = await super.drop();
    await this.#app.settle();
    return closed;
  }
}
