import { PRESENCE_EVENT, type PresenceNews } from '../../jamsocket/src/base/presence.js';
import { STATE_EVENT } from '../../jamsocket/src/base/state-patch.js';
import { REQUEST, type RequestFrame } from '../../jamsocket/src/base/protocol.js';
import { Answers } from './answers.js';
import { copyBytes } from './bytes.js';
import type { AnyContract, Contract } from './contract/contract.js';
import type { Check } from './contract/contract-check.js';
import { RoomError } from './errors.js';
import { parseEvent, type RequestHandler } from './event-message.js';
import { Listeners, report } from './listeners.js';
import { Presence } from './presence.js';
import { Requests } from './requests.js';
import { checkOptions, type RoomOptions } from './room-options.js';
import type { OpenState, RoomState, RoomStatus } from './room-state.js';
import type {
  EmitArguments,
  EventName,
  EventOf,
  MessageName,
  MessageOf,
  PresenceOf,
  ReplyTo,
  RequestArguments,
  RequestName,
  StateName,
  StateOf,
} from './room-types.js';
import { Session } from './session.js';
import { States } from './states.js';

/** RFC 6455 section 5.5: a control frame carries 125 bytes, two of them the close code. */
const MAX_REASON_BYTES = 123;

/** The client's side of a room, created by `joinRoom`. Its functions are bound: they can be passed on without the object. */
export class Room<C extends Contract = AnyContract> {
  /** Who else is in the room. */
  readonly presence = new Presence<PresenceOf<C>>((text) => this.send(text));
  readonly #session: Session;
  readonly #requests = new Requests();
  readonly #answers = new Answers();
  readonly #events = new Map<string, Listeners<unknown>>();
  readonly #texts = new Listeners<string>();
  readonly #binaries = new Listeners<Uint8Array>();
  readonly #statuses = new Listeners<RoomState>();
  readonly #states = new States();

  /** @internal */
  constructor(
    url: string,
    private readonly options: RoomOptions,
    private readonly check?: Check,
  ) {
    checkOptions(options);
    this.#session = new Session(url, options, {
      received: (data) => (typeof data === 'string' ? this.#text(data) : this.#binaries.tell(data)),
      changed: (state) => this.#changed(state),
      placeLost: (waiting) =>
        this.#requests.rejectAll(new RoomError('connection_lost', 'Connection lost before the reply'), waiting),
    });
    if (options.autoConnect !== false) this.connect();
  }

  /** `room.connection.status`: `connecting`, `open`, `reconnecting` or `closed`. */
  get status(): RoomStatus {
    return this.connection.status;
  }

  /** State of the client: whether it is in the room, and why not. `onStatus` listens to changes. */
  get connection(): RoomState {
    return this.#session.state;
  }

  /** The client's id while it is in the room, if the server speaks `jamsocket.v1`. */
  get clientId(): number | undefined {
    return this.connection.status === 'open' ? this.connection.clientId : undefined;
  }

  /** Resolves when the client is in the room; rejects with a RoomError `closed` if it is closed before. */
  get opened(): Promise<OpenState> {
    return new Promise((resolve, reject) => {
      const look = (state: RoomState) => {
        if (state.status === 'open') resolve(state);
        else if (state.status === 'closed') reject(closedError(state.code, state.reason));
        else return;
        stop();
      };
      const stop = this.onStatus(look);
      look(this.connection);
    });
  }

  /**
   * Sends the message `{ event, data }` now, or as soon as there is a connection.
   * @throws RoomError `queue_full`, `closed`, `invalid`
   */
  readonly emit = <K extends MessageName<C>>(event: K, ...[data]: EmitArguments<MessageOf<C, K>>): void => {
    this.check?.('message', event, data);
    this.send(JSON.stringify({ event, data }));
  };

  /**
   * Sends a message and resolves with the data of its reply. A handler that returns nothing does not reply.
   * Rejects with a RoomError: `exception`, `timeout`, `aborted`, `connection_lost`, `closed`, `queue_full`, `invalid`;
   * with a TypeError for a `timeoutMs` that is not a number from 0 to Infinity.
   */
  readonly request = async <K extends RequestName<C>>(
    event: K,
    ...[data, options]: RequestArguments<MessageOf<C, K>>
  ): Promise<ReplyTo<C, K>> => {
    this.check?.('message', event, data);
    const { timeoutMs = this.options.requestTimeoutMs, signal } = options ?? {};
    const transport = {
      send: (id: string) => this.#session.send({ data: JSON.stringify({ event, data, id }), id }),
      withdraw: (id: string) => this.#session.withdraw(id),
    };
    const reply = await this.#requests.make(transport, { timeoutMs, signal }).catch((error: unknown) => {
      if ((error as RoomError).code === 'timeout') this.#session.ask();
      throw error;
    });
    this.check?.('reply', event, reply);
    return reply as ReplyTo<C, K>;
  };

  /**
   * Sends text or bytes unchanged, now or as soon as there is a connection. Bytes of a buffer, typed array or DataView are
   * copied.
   * @throws RoomError `queue_full`, `closed`
   * @throws TypeError for any other value; for a Blob, send its `arrayBuffer()`
   */
  readonly send = (data: string | ArrayBuffer | ArrayBufferView): void =>
    this.#session.send({ data: typeof data === 'string' ? data : copyBytes(data) });

  /**
   * Listens to an event. `exception` reports errors of messages that were not requests.
   * @returns a function that removes the listener
   */
  readonly on = <K extends EventName<C>>(event: K, listener: (data: EventOf<C, K>) => void): (() => void) => {
    const listeners = this.#events.get(event) ?? new Listeners<unknown>();
    this.#events.set(event, listeners);
    return listeners.add(listener as (data: unknown) => void);
  };

  /**
   * Answers a request of the room, `client.ask(event, data)` on the server, with the result of the handler. A later
   * handler of the same event replaces it. Without a handler the request is refused.
   * @returns a function that removes the handler
   */
  readonly onRequest = (event: string, handler: RequestHandler): (() => void) => this.#answers.set(event, handler);

  /**
   * Listens to text messages, except events with a listener and replies to requests.
   * @returns a function that removes the listener
   */
  readonly onText = (listener: (text: string) => void): (() => void) => this.#texts.add(listener);

  /** Listens to binary messages. @returns a function that removes the listener */
  readonly onBinary = (listener: (bytes: Uint8Array) => void): (() => void) => this.#binaries.add(listener);

  /**
   * The present value of a shared state of the room; `undefined` until it has been received. A change makes a new value, in
   * which everything that has not changed is the same object. Without a connection it is the last one received.
   */
  readonly state = <K extends StateName<C>>(name: K): StateOf<C, K> | undefined =>
    this.#states.get(name) as StateOf<C, K> | undefined;

  /**
   * Listens to every change of a shared state of the room, the first value included.
   * @returns a function that removes the listener
   */
  readonly onState = <K extends StateName<C>>(name: K, listener: (value: StateOf<C, K>) => void): (() => void) =>
    this.#states.listen(name, listener as (value: unknown) => void);

  /** Listens to every change of `connection`. @returns a function that removes the listener */
  readonly onStatus = (listener: (state: RoomState) => void): (() => void) => this.#statuses.add(listener);

  /** Starts to connect if `autoConnect` is false. Does nothing after the first call or `close()`. @throws TypeError */
  readonly connect = (): void => {
    const { signal } = this.options;
    if (signal?.aborted) return this.close();
    this.#session.connect();
    signal?.addEventListener('abort', this.#onAbort);
  };

  /**
   * Starts the next attempt to connect at once, if one is scheduled. If there is a connection, checks that it is alive and
   * reconnects if it is not.
   */
  readonly reconnectNow = (): void => this.#session.check();

  /**
   * Sends pending messages, then leaves the room permanently.
   * @param code 1000 (default) or 3000 to 4999
   * @param reason at most 123 bytes of UTF-8
   * @throws RoomError `bad_close`
   */
  readonly close = (code = 1000, reason = ''): void => {
    const isAllowed = code === 1000 || (Number.isInteger(code) && code >= 3000 && code <= 4999);
    if (!isAllowed || new TextEncoder().encode(reason).length > MAX_REASON_BYTES)
      throw new RoomError(
        'bad_close',
        `close() takes the code 1000 or 3000 to 4999, and at most ${MAX_REASON_BYTES} bytes of reason`,
      );
    this.#session.close(code, reason);
  };

  readonly #onAbort = () => this.close();

  #text(text: string): void {
    const message = parseEvent(text);
    if (message?.event === STATE_EVENT) return this.#states.change(message.data);
    if (message?.jamsocket === REQUEST) {
      // A client that has left answers nothing.
      this.#answers.give(message as unknown as RequestFrame, this.send).catch(() => undefined);
      return;
    }
    if (message?.event === PRESENCE_EVENT) return this.presence.receive(message.data as PresenceNews);
    const isTaken = message && (this.#requests.settle(message) || this.#event(message.event, message.data));
    if (!isTaken) this.#texts.tell(text);
  }

  #event(event: string, data: unknown): boolean {
    const listeners = this.#events.get(event);
    if (!listeners) return false;
    try {
      this.check?.('event', event, data);
    } catch (error) {
      report(error);
      return true;
    }
    return listeners.tell(data);
  }

  #changed(state: RoomState): void {
    if (state.status !== 'open') this.presence.pause();
    if (state.status === 'closed') {
      this.options.signal?.removeEventListener('abort', this.#onAbort);
      this.#requests.rejectAll(closedError(state.code, state.reason));
    }
    this.#statuses.tell(state);
  }
}

function closedError(code: number, reason: string): RoomError {
  return new RoomError('closed', `Room closed: ${code} ${reason}`.trim());
}
