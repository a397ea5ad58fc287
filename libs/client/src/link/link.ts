import ReconnectingWebSocket, { CloseEvent as SyntheticCloseEvent } from 'partysocket/ws';
import { CloseCode, closeCodeFor, shouldReconnect, type RefusalReason } from '../../../jamsocket/src/base/protocol.js';
import { Backoff, type Retry } from '../backoff.js';
import { watchPage } from './page.js';
import { platform } from '../platform.js';
import { quiet, type HttpRefusal } from './quiet-socket.js';
import { addressOf, type RoomOptions } from '../room-options.js';
import { after } from '../timers.js';

/** Receives the events of a link, and tells it what to offer. */
export interface LinkHandlers {
  /** The subprotocols to offer in the next dial. @param token token to send as one of them */
  protocols(token: string | undefined): string[] | null;
  opened(protocol: string): void;
  received(data: string | ArrayBuffer): void;
  /** The page is awake again: the connection may be dead, or the next attempt is due. */
  doubted(): void;
  /** A connection has ended or failed. Without `retry` there is no further attempt. */
  ended(end: LinkEnd): void;
}

export interface LinkEnd {
  readonly code: number;
  readonly reason: string;
  readonly retry: Retry | undefined;
}

interface Dial {
  readonly url: string;
  readonly protocols: string[] | null;
}

const OPEN = 1;
const DEFAULT_STEP_MS = 4_000;
/** Disables partysocket's own time-out, which covers only the dial: the longest delay of a timer, 24 days. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Makes one connection after another. partysocket dials. Its delays have no jitter, so ours are awaited in the function
 * that provides the URL. Its queue is not used, because frames that it resends would not be counted.
 */
export class Link {
  readonly #socket: ReconnectingWebSocket;
  readonly #backoff: Backoff;
  #url: URL | undefined;
  #delayMs: number | undefined;
  #hasDialled = false;
  #isClosed = false;
  #hasBeenUp = false;
  /** The page is in the browser's back/forward cache. */
  #isCached = false;
  #endWatch: (() => void) | undefined;
  #refusal: HttpRefusal | undefined;
  #dial: Promise<Dial> | undefined;
  /** Cancels the current timer: of the next attempt, the token, the connection, or the server's first frame. */
  #cancelWait: (() => void) | undefined;
  #hurry: (() => void) | undefined;

  constructor(
    private readonly address: string,
    private readonly options: RoomOptions,
    private readonly handlers: LinkHandlers,
  ) {
    this.#backoff = new Backoff(options.backoff);
    const socket = new ReconnectingWebSocket(
      () => (this.#dial = this.#nextDial()).then(({ url }) => url),
      () => this.#dial!.then(({ protocols }) => protocols),
      {
        startClosed: true,
        minReconnectionDelay: 0,
        maxReconnectionDelay: 0,
        maxEnqueuedMessages: 0,
        connectionTimeout: NO_TIMEOUT_MS,
        WebSocket: this.#socketClass(),
        shouldReconnectOnClose: (event) => shouldReconnect(this.#codeOf(event)),
      },
    );
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#limitStep();
      handlers.opened(socket.protocol);
    };
    socket.onmessage = (event: { data: unknown }) => handlers.received(event.data as string | ArrayBuffer);
    socket.onclose = (event) => this.#closed(this.#codeOf(event), event.reason);
    // Sockets keep their errors to themselves (see quiet-socket.ts), so this error means that a dial could not start.
    socket.onerror = (event) => this.#closed(CloseCode.abnormal, event.message);
  }

  /** Does nothing after the first call. @throws TypeError if there is no WebSocket class, or for an invalid URL */
  connect(): void {
    if (this.#url || this.#isClosed) return;
    if (!this.options.WebSocket && !platform.WebSocket)
      throw new TypeError('No global WebSocket: pass the class of "ws" as the option WebSocket');
    this.#url = new URL(this.address, platform.location?.href);
    this.#url.protocol = this.#url.protocol.replace('http', 'ws');
    this.#endWatch = watchPage({
      awake: () => this.handlers.doubted(),
      cached: () => this.#setCached(true),
      restored: () => this.#setCached(false),
    });
    this.#socket.reconnect();
  }

  get isOpen(): boolean {
    return this.#socket.readyState === OPEN;
  }

  /** Does nothing while the connection is not open. */
  send(data: string | Uint8Array): void {
    if (this.isOpen) this.#socket.send(data as string | Uint8Array<ArrayBuffer>);
  }

  /** The connection is complete: the client is in the room. */
  isUp(): void {
    this.#cancelWait?.();
    this.#hasBeenUp = true;
    this.#backoff.up();
  }

  /** Ends the wait for the next attempt, if there is one, and requests a pending token again. */
  dialNow(): void {
    this.#delayMs = undefined; // in case the wait has not begun yet
    this.#hurry?.();
  }

  /** Gives up the connection as if it were lost. With this close code the server keeps the client's place. */
  drop(reason: string): void {
    this.#closed(CloseCode.abnormal, reason);
    if (!this.#isClosed) this.#socket.reconnect(CloseCode.timeout);
  }

  /** The browser would close the connection with 1001, which means that the client leaves: drop it before. */
  #setCached(isCached: boolean): void {
    this.#isCached = isCached;
    if (isCached) this.drop('page cached');
    else this.dialNow();
  }

  /** Closes the connection normally and dials again at once. */
  redial(): void {
    this.#hasDialled = false;
    this.#delayMs = undefined;
    this.#socket.reconnect(CloseCode.normal);
  }

  /** Closes the link permanently, without calling `ended`. */
  close(code?: number, reason?: string): void {
    this.#isClosed = true;
    this.#hasDialled = false;
    this.#hurry = undefined;
    this.#cancelWait?.();
    this.#endWatch?.();
    this.#socket.close(code, reason);
  }

  /** Looks up the class at the first dial, so that a room can be created without one, such as when rendering on a server. */
  #socketClass(): unknown {
    const refused = (refusal: HttpRefusal) => (this.#refusal = refusal);
    const { WebSocket } = this.options;
    return function dial(url: string, protocols?: string[]) {
      return new (quiet(WebSocket ?? platform.WebSocket!, refused))(url, protocols);
    };
  }

  #codeOf(event: { readonly code: number }): number {
    if (event instanceof SyntheticCloseEvent) return CloseCode.abnormal; // timed out, or never connected
    if (!this.#refusal) return event.code;
    const { status } = this.#refusal;
    const code = closeCodeFor(status);
    // A server of jamsocket.v1 refuses with a close frame: an HTTP answer comes from elsewhere, such as a proxy in a deploy.
    const isTheirs = this.options.resume !== false || this.#hasBeenUp;
    // 400 can also mean that the request was cut off on its way.
    return shouldReconnect(code) || (!isTheirs && status !== 400) ? code : CloseCode.abnormal;
  }

  #closed(code: number, text: string): void {
    if (!this.#hasDialled) return;
    this.#hasDialled = false;
    this.#cancelWait?.();
    const { reason, retryAfter } = this.#reasonOf(text);
    const retry = shouldReconnect(code) ? this.#backoff.next(retryAfter) : undefined;
    if (retry) this.#delayMs = retry.inMs;
    else this.close();
    this.handlers.ended({ code, reason, retry });
  }

  #reasonOf(text: string): { reason: string; retryAfter?: unknown } {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (refusal) return { reason: `HTTP ${refusal.status}`, retryAfter: refusal.retryAfter };
    const { code, retryAfter } = parseRefusal(text);
    return { reason: code ?? text, retryAfter };
  }

  async #nextDial(): Promise<Dial> {
    for (;;) {
      if (this.#isClosed) return { url: '', protocols: null };
      if (this.#delayMs !== undefined) await this.#paused(this.#delayMs);
      while (this.#isCached) await this.#paused(Infinity);
      this.#hasDialled = true;
      try {
        const token = await this.#token();
        this.#hurry = undefined;
        if (this.#isClosed || this.#isCached) continue;
        const isInUrl = this.options.tokenIn !== 'subprotocol';
        const url = addressOf(this.#url!, this.options.query, isInUrl ? token : undefined);
        this.#limitStep();
        return { url, protocols: this.handlers.protocols(isInUrl ? undefined : token) };
      } catch (error) {
        this.#closed(CloseCode.abnormal, String(error));
      }
    }
  }

  #paused(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#hurry = resolve;
      this.#wait(ms, resolve);
    });
  }

  /** Requests the token. Rejects if that takes too long; `dialNow` requests it again. */
  #token(): Promise<string | undefined> | undefined {
    const { token } = this.options;
    if (!token) return undefined;
    return new Promise((resolve, reject) => {
      this.#hurry = () => resolve(this.#token());
      this.#limitStep(() => reject(new Error('no token in time')));
      Promise.resolve(token()).then((value) => resolve(value ?? undefined), reject);
    });
  }

  /** Limits the time of each step to a complete connection: the token, the connection, the server's first frame. */
  #limitStep(giveUp = () => this.drop('timeout')): void {
    this.#wait(this.options.connectTimeoutMs ?? DEFAULT_STEP_MS, giveUp);
  }

  #wait(ms: number, callback: () => void): void {
    this.#cancelWait?.();
    this.#cancelWait = after(ms, callback);
  }
}

function parseRefusal(text: string): Partial<RefusalReason> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
