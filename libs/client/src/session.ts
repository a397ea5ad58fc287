import {
  authAnswer,
  confirmation,
  controlPrefix,
  PROTOCOL,
  type ControlFrame,
  type Welcome,
} from '../../jamsocket/src/base/protocol.js';
import { RoomError } from './errors.js';
import { Heartbeat } from './link/heartbeat.js';
import { Ledger, type Frame } from './ledger.js';
import { Link, type LinkEnd } from './link/link.js';
import { Offer } from './link/offer.js';
import type { RoomOptions } from './room-options.js';
import type { ClosedState, OpenState, RoomState } from './room-state.js';

export interface SessionHandlers {
  /** A data frame of the room. */
  received(data: string | Uint8Array): void;
  changed(state: RoomState): void;
  /** The client's place is lost: sent requests will get no reply, but those in `waitingIds` are not sent yet. */
  placeLost(waitingIds: ReadonlySet<string | undefined>): void;
}

/** One client over all its connections (docs/protocol.md): after a reconnect both sides send what the other one missed. */
export class Session {
  state: RoomState = { status: 'connecting' };
  readonly #link: Link;
  readonly #ledger: Ledger;
  readonly #offer: Offer;
  readonly #heartbeat: Heartbeat;
  /** State of the connection. `greeted`: waits for the welcome. `up`: data frames can be sent. */
  #phase: 'down' | 'greeted' | 'up' = 'down';
  #welcome: Welcome | undefined;
  /** As how many frames the next data frame counts. */
  #counts: 0 | 1 = 1;
  /** An empty text that comes next is a beat. */
  #isBeating = false;
  #hasJoined = false;

  constructor(
    url: string,
    private readonly options: RoomOptions,
    private readonly handlers: SessionHandlers,
  ) {
    const { resume = true, maxQueuedMessages = 1_000, maxQueuedBytes = 1_048_576 } = options;
    this.#ledger = new Ledger({ maxQueuedMessages, maxQueuedBytes });
    this.#offer = new Offer(resume);
    this.#link = new Link(url, options, {
      protocols: (token) => this.#offer.protocols(this.#resumeToken, this.#ledger.received, token),
      opened: (protocol) => this.#opened(protocol),
      received: (data) => this.#received(typeof data === 'string' ? data : new Uint8Array(data)),
      doubted: () => this.check(),
      ended: (end) => this.#ended(end),
    });
    this.#heartbeat = new Heartbeat(
      options.heartbeatMs,
      () => this.#link.send(confirmation(this.#welcome!.jamsocket)),
      () => this.#link.drop('no answer'),
    );
  }

  connect(): void {
    this.#link.connect();
  }

  /** Starts the next attempt to connect at once; if there is a connection, checks that it is alive. */
  check(): void {
    this.#link.dialNow();
    this.ask();
  }

  /** Checks that the connection is alive, if there is one. */
  ask(): void {
    this.#heartbeat.ask();
  }

  /**
   * Sends now, or as soon as there is a connection.
   * @throws RoomError `closed`, `queue_full`
   */
  send(frame: Frame): void {
    if (this.state.status === 'closed') throw new RoomError('closed', 'Room closed');
    if (this.#phase === 'up' && this.#link.isOpen) this.#transmit(frame);
    else this.#ledger.wait(frame);
  }

  /** Removes a request that is not sent yet. */
  withdraw(id: string): void {
    this.#ledger.withdraw(id);
  }

  close(code: number, reason: string): void {
    if (this.state.status === 'closed') return;
    this.#link.close(code, reason);
    this.#finish(code, reason, 'left');
  }

  /** The resume token, if the server keeps the client's place. */
  get #resumeToken(): string | undefined {
    return this.#welcome && this.#welcome.windowMs > 0 ? this.#welcome.jamsocket : undefined;
  }

  #opened(protocol: string): void {
    if (this.#offer.opened()) return this.#link.redial();
    if (protocol === PROTOCOL) this.#phase = 'greeted';
    else this.#join(undefined);
  }

  #received(data: string | Uint8Array): void {
    this.#heartbeat.heard();
    if (this.#phase === 'greeted') {
      const welcome = parseWelcome(data);
      this.#join(welcome);
      if (welcome) return;
    }
    if (this.#isBeating && data === '') return;
    this.#isBeating = false;
    if (this.#welcome && typeof data === 'string' && data.startsWith(controlPrefix(this.#welcome.jamsocket))) {
      const { handled, beats = false, uncounted, auth } = JSON.parse(data) as ControlFrame;
      this.#ledger.acknowledge(handled ?? 0);
      this.#isBeating = beats;
      if (auth) void this.#authenticate(this.#welcome.jamsocket);
      this.#counts = uncounted ? 0 : 1;
      return;
    }
    this.#ledger.received += this.#counts;
    this.#counts = 1;
    this.handlers.received(data);
  }

  /** Sends the server a new token. Without one the server asks again, and in the end closes the connection. */
  async #authenticate(connection: string): Promise<void> {
    try {
      const token = await this.options.token?.();
      // Another connection would take the answer for a message, since its server has not asked.
      if (token !== undefined && this.#welcome?.jamsocket === connection)
        this.#link.send(authAnswer(connection, token));
    } catch {
      // As without a token.
    }
  }

  /** The client is in the room. Without `welcome`, the server does not speak `jamsocket.v1`. */
  #join(welcome: Welcome | undefined): void {
    this.#link.isUp();
    const resumed = welcome?.resumed === true;
    const unconfirmed = resumed ? 0 : this.#startOver();
    this.#welcome = welcome;
    this.#counts = 1;
    this.#isBeating = false;
    this.#hasJoined = true;
    this.#phase = 'up';
    if (welcome) {
      this.#ledger.acknowledge(welcome.handled);
      // An earlier server knows neither this nor heartbeats.
      this.#link.send(confirmation(welcome.jamsocket, welcome.beatMs !== undefined));
      // An earlier server would handle a heartbeat as a message.
      if (welcome.heartbeatMs! >= 0) this.#heartbeat.start(welcome.heartbeatMs!, welcome.beatMs);
      for (const { data } of this.#ledger.sentAfter(welcome.received)) this.#link.send(data);
    }
    for (const frame of this.#ledger.takeWaiting()) this.#transmit(frame);
    const resumable = this.#resumeToken !== undefined;
    const state: OpenState = { status: 'open', clientId: welcome?.client, resumed, resumable, unconfirmed };
    this.#change(welcome?.lost ? { ...state, lost: welcome.lost } : state);
  }

  /** @returns the number of messages of the previous client that may or may not have been handled */
  #startOver(): number | undefined {
    const unconfirmed = this.#unconfirmed;
    this.#ledger.startOver();
    this.#losePlace();
    return unconfirmed;
  }

  #ended({ code, reason, retry }: LinkEnd): void {
    const wasIn = this.#phase === 'up';
    this.#offer.ended();
    this.#phase = 'down';
    this.#heartbeat.stop();
    if (!retry) return this.#finish(code, reason, wasIn ? 'ended' : 'refused');
    if (this.#resumeToken === undefined) this.#losePlace();
    this.#change({ status: 'reconnecting', ...retry, code, reason });
  }

  #finish(code: number, reason: string, cause: ClosedState['cause']): void {
    this.#phase = 'down';
    this.#heartbeat.stop();
    const unsent = this.#ledger.takeWaiting().length;
    const unconfirmed = this.#unconfirmed;
    this.#ledger.startOver();
    this.#change({ status: 'closed', code, reason, cause, unconfirmed, unsent });
  }

  #change(state: RoomState): void {
    this.state = state;
    this.handlers.changed(state);
  }

  #losePlace(): void {
    this.handlers.placeLost(new Set(this.#ledger.waiting.map((frame) => frame.id)));
  }

  get #unconfirmed(): number | undefined {
    return this.#hasJoined && this.#resumeToken === undefined ? undefined : this.#ledger.unconfirmed.length;
  }

  #transmit(frame: Frame): void {
    if (this.#resumeToken !== undefined) this.#ledger.keep(frame);
    this.#link.send(frame.data);
  }
}

/** Parses the first frame. `undefined` if the server has selected the protocol without speaking it. */
function parseWelcome(data: string | Uint8Array): Welcome | undefined {
  if (typeof data !== 'string' || !data.startsWith('{"jamsocket":"')) return undefined;
  const welcome = JSON.parse(data) as Welcome;
  return typeof welcome.received === 'number' && welcome.windowMs >= 0 ? welcome : undefined;
}
