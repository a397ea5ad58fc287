import ReconnectingWebSocket, { CloseEvent as SyntheticCloseEvent } from 'partysocket/ws';
import { CloseCode, closeCodeFor, shouldReconnect, type RefusalReason } from '../../jamsocket/src/base/protocol.js';
import { Backoff, type Retry } from './backoff.js';
import { platform } from './platform.js';
import { quiet, type HttpRefusal } from './quiet-socket.js';
import { dialAddress, type RoomOptions } from './room-options.js';

/** What a link asks and tells the session that goes over it. */
export interface LinkHandlers {
  /** The subprotocols for the next dial. */
  protocols(): string[] | null;
  opened(protocol: string): void;
  received(data: string | ArrayBuffer): void;
  /** A connection has ended, or could not be made. Without `retry` there will be no other. */
  ended(end: LinkEnd): void;
}

export interface LinkEnd {
  readonly code: number;
  readonly reason: string;
  readonly retry: Retry | undefined;
}

const OPEN = 1;

/**
 * One connection after the other. Dialling is partysocket's; the delays are ours, awaited where it asks for the URL,
 * because its own have no jitter. Its queue is never used: what it would resend is not ours to count.
 */
export class Link {
  readonly #socket: ReconnectingWebSocket;
  readonly #backoff: Backoff;
  #url: URL | undefined;
  #delayMs: number | undefined;
  #hasDialled = false;
  #isClosed = false;
  #hasBeenUp = false;
  #refusal: HttpRefusal | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #endPause: (() => void) | undefined;

  constructor(
    private readonly address: string,
    private readonly options: RoomOptions,
    private readonly handlers: LinkHandlers,
  ) {
    this.#backoff = new Backoff(options.backoff);
    const socket = new ReconnectingWebSocket(
      () => this.#nextAddress(),
      () => this.handlers.protocols(),
      {
        startClosed: true,
        minReconnectionDelay: 0,
        maxReconnectionDelay: 0,
        maxEnqueuedMessages: 0,
        connectionTimeout: options.connectTimeoutMs,
        WebSocket: this.#socketClass(),
        shouldReconnectOnClose: (event) => shouldReconnect(this.#codeOf(event)),
      },
    );
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => handlers.opened(socket.protocol);
    socket.onmessage = (event: { data: unknown }) => handlers.received(event.data as string | ArrayBuffer);
    socket.onclose = (event) => this.#closed(this.#codeOf(event), event.reason);
    // The error of a socket is in its close; this one is of a dial that could not begin.
    socket.onerror = (event) => this.#closed(CloseCode.abnormal, event.message);
  }

  /** @throws TypeError if there is no WebSocket class, or the URL is none */
  connect(): void {
    if (!this.options.WebSocket && !platform.WebSocket)
      throw new TypeError('No global WebSocket: pass the class of "ws" as the option WebSocket');
    this.#url = new URL(this.address, platform.location?.href);
    this.#url.protocol = this.#url.protocol.replace('http', 'ws');
    platform.addEventListener?.('online', this.dialNow);
    this.#socket.reconnect();
  }

  get isOpen(): boolean {
    return this.#socket.readyState === OPEN;
  }

  /** Nothing happens while it is not open. */
  send(data: string | Uint8Array): void {
    if (this.isOpen) this.#socket.send(data as string | Uint8Array<ArrayBuffer>);
  }

  /** The connection has come so far that the next one may follow soon. */
  isUp(): void {
    this.#hasBeenUp = true;
    this.#backoff.up();
  }

  /** Ends the wait for the next attempt, if there is one. */
  readonly dialNow = (): void => {
    this.#delayMs = undefined; // in case the wait is only about to begin
    this.#endPause?.();
  };

  /** Gives the connection up as if it had been lost; the server keeps the client's place after this code. */
  drop(reason: string): void {
    this.#closed(CloseCode.abnormal, reason);
    if (!this.#isClosed) this.#socket.reconnect(CloseCode.timeout);
  }

  /** Leaves properly and dials again at once. */
  redial(): void {
    this.#hasDialled = false;
    this.#delayMs = undefined;
    this.#socket.reconnect(CloseCode.normal);
  }

  /** The end, without a call of `ended`. */
  close(code?: number, reason?: string): void {
    this.#isClosed = true;
    this.#hasDialled = false;
    clearTimeout(this.#pause);
    platform.removeEventListener?.('online', this.dialNow);
    this.#socket.close(code, reason);
  }

  /** Looked up at the first dial, so that a room can be made where it is not going to be connected. */
  #socketClass(): unknown {
    const refused = (refusal: HttpRefusal) => (this.#refusal = refusal);
    const { WebSocket } = this.options;
    return function dial(url: string, protocols?: string[]) {
      return new (quiet(WebSocket ?? platform.WebSocket!, refused))(url, protocols);
    };
  }

  #codeOf(event: { readonly code: number }): number {
    if (event instanceof SyntheticCloseEvent) return CloseCode.abnormal; // it timed out, or was never made
    if (!this.#refusal) return event.code;
    // An address that has worked is not malformed: the request was cut short on its way.
    if (this.#refusal.status === 400 && this.#hasBeenUp) return CloseCode.abnormal;
    return closeCodeFor(this.#refusal.status);
  }

  #closed(code: number, text: string): void {
    if (!this.#hasDialled) return;
    this.#hasDialled = false;
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

  async #nextAddress(): Promise<string> {
    for (;;) {
      if (this.#isClosed) return '';
      if (this.#delayMs !== undefined) await this.#paused();
      this.#hasDialled = true;
      try {
        return await dialAddress(this.#url!, this.options);
      } catch (error) {
        this.#closed(CloseCode.abnormal, String(error));
      }
    }
  }

  #paused(): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(this.#pause);
        this.#endPause = undefined;
        resolve();
      };
      this.#endPause = end;
      this.#pause = setTimeout(end, this.#delayMs);
    });
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
