import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { Backlog } from './backlog.js';
import { FrameReader, type FrameTarget } from './frame-reader.js';
import type { Frame } from './frame.js';

/** Whoever the messages of a connection are for. */
export interface ConnectionSink {
  receiveText(text: string): void;
  receiveBinary(bytes: Buffer): void;
  /** A close frame is about to go out: what was sent so far should be on its way before it. */
  connectionClosing(): void;
  /** Called exactly once; nothing is received after it. */
  connectionClosed(code: number, reason: string): void;
}

/** The sweep that watches over a connection, and its coarse clock. */
export interface Watch {
  readonly now: number;
  remove(connection: Connection): void;
}

export interface ConnectionLimits {
  readonly maxPayloadBytes: number;
  readonly maxBufferedBytes: number;
}

/** Close codes of RFC 6455 section 7.4.1 and of the IANA registry that we send. */
export const CLOSE_NORMAL = 1000;
export const CLOSE_POLICY = 1008;
export const CLOSE_INTERNAL_ERROR = 1011;
export const CLOSE_SERVICE_RESTART = 1012;
export const CLOSE_TRY_AGAIN_LATER = 1013;
const CLOSE_ABNORMAL = 1006;

/** The `ws` class with a place for ours: listeners find the connection without a closure each. */
export class RoomSocket extends WebSocket {
  connection: Connection | undefined;

  /** `ws` closes by itself too: to answer the peer's close, and when the peer has broken the protocol. */
  override close(code?: number, reason?: string | Buffer): void {
    this.connection?.closing();
    super.close(code, reason);
  }
}

const connectionOf = Symbol('jamsocket connection');
type NetSocket = Duplex & { [connectionOf]?: Connection };

/**
 * One socket's life: bytes in become messages for the sink, frames out become writes. Reading takes plain frames
 * itself and leaves the rest to `ws`; writing goes to the socket directly, which is safe since every write is
 * whole frames and `ws` (without compression) writes its own frames at once, so neither cuts into the other.
 */
export class Connection implements FrameTarget {
  /** For the outbox: index of the first frame of this turn's broadcasts that this connection still has to get. */
  outboxStart = 0;
  /** For the outbox: what this connection gets before that: pairs of indices into the broadcasts, and frames of its own. */
  outboxParts: (number | Frame)[] | null = null;
  /** When anything was last heard from the peer, on the watch's clock. */
  lastHeard: number;
  /** For the heartbeat: the part of its sweep that visits this connection. */
  heartbeatPart = 0;
  isPaused = false;
  #isClosed = false;
  #reader: FrameReader | null = null;
  #backlog: Backlog | null = null;

  constructor(
    private readonly ws: RoomSocket,
    private readonly socket: NetSocket,
    private readonly sink: ConnectionSink,
    private readonly limits: ConnectionLimits,
    private readonly watch: Watch,
  ) {
    this.lastHeard = watch.now;
    ws.connection = this;
    socket[connectionOf] = this;
    ws.on('message', onMessage);
    ws.on('close', onClose);
    ws.on('error', onError);
  }

  /**
   * Takes the socket's chunks before `ws` does, if `ws` listens in the one way this rests on.
   * @returns whether it does; if not, `ws` reads everything
   */
  readDirectly(): boolean {
    const [passToWs, ...others] = this.socket.listeners('data') as ((chunk: Buffer) => void)[];
    this.socket.on('data', onData);
    if (passToWs === undefined || others.length > 0) return false;
    this.socket.removeListener('data', passToWs);
    this.socket.prependListener('close', readHeld);
    this.#reader = new FrameReader(this, passToWs.bind(this.socket), this.limits.maxPayloadBytes);
    return true;
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.ws.readyState === WebSocket.OPEN;
  }

  /** Bytes that were sent but not yet taken by the operating system, those still in an outbox not counted. */
  get bufferedBytes(): number {
    return this.socket.writableLength + (this.#backlog?.bytes ?? 0);
  }

  receiveText(text: string): void {
    if (!this.#isClosed) this.sink.receiveText(text);
  }

  receiveBinary(bytes: Buffer): void {
    if (!this.#isClosed) this.sink.receiveBinary(bytes);
  }

  /**
   * Writes whole frames. The bytes may lie in memory that is shared and reused: what the socket does not take at
   * once is copied.
   * @returns false if the peer is too far behind and has to be dropped
   */
  write(bytes: Buffer): boolean {
    if (!this.isOpen) return true;
    if (!this.isBehind) {
      this.socket.write(bytes);
      return true;
    }
    if (this.bufferedBytes + bytes.length > this.limits.maxBufferedBytes) return false;
    if (this.#backlog === null) {
      this.#backlog = new Backlog();
      this.socket.write(Buffer.from(bytes), () => this.#writeBacklog());
    } else {
      this.#backlog.append(bytes);
    }
    return true;
  }

  /**
   * Writes a single frame of ASCII text as the string it is, which spares it a buffer of its own.
   * @returns whether it did: not if the frame is another, or if something is waiting already
   */
  writeText(frame: Frame): boolean {
    const text = frame.latin1;
    if (text === null || this.isBehind || !this.isOpen) return false;
    this.socket.write(text, 'latin1');
    return true;
  }

  /** Resolves when the socket is closed. */
  get ended(): Promise<void> {
    if (this.socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** Whether something that was written before has not left yet. */
  get isBehind(): boolean {
    return this.#backlog !== null || this.socket.writableLength > 0;
  }

  /** Whether the socket still holds on to what was written last. */
  get isHolding(): boolean {
    return this.socket.writableLength > 0;
  }

  /** Sends one message through `ws`, for `coalesce: false`. */
  writeThroughWs(frame: Frame): boolean {
    if (!this.isOpen) return true;
    if (this.bufferedBytes > 0 && this.bufferedBytes + frame.bytes > this.limits.maxBufferedBytes) return false;
    this.ws.send(frame.payload, { binary: typeof frame.payload !== 'string', compress: false });
    return true;
  }

  /** For the socket, before it sends a close frame. */
  closing(): void {
    if (!this.#isClosed) this.sink.connectionClosing();
  }

  /** Starts the closing handshake behind everything written so far. The sink hears of it at once. */
  close(code: number, reason = ''): void {
    if (this.#isClosed) return;
    for (const chunk of this.#backlog?.take() ?? []) this.socket.write(chunk);
    this.ws.close(code, reason);
    this.#end(code, reason);
  }

  /** Closes a peer that does not read: what waits for it is let go. */
  drop(code: number, reason: string): void {
    this.#backlog?.take();
    this.ws.close(code, reason);
    this.#end(code, reason);
  }

  /** Cuts the connection without a closing handshake. */
  terminate(reason: string): void {
    this.ws.terminate();
    this.#end(CLOSE_ABNORMAL, reason);
  }

  ping(): void {
    if (this.isOpen) this.ws.ping();
  }

  pause(): void {
    // What a socket received before it closed is read to the end.
    if (this.socket.destroyed) return;
    this.isPaused = true;
    this.ws.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.lastHeard = this.watch.now;
    this.#reader?.readHeld();
    if (!this.isPaused) this.ws.resume();
  }

  /** For the listeners below. */
  read(chunk: Buffer): void {
    this.lastHeard = this.watch.now;
    this.#reader?.read(chunk);
  }

  readHeld(): void {
    this.isPaused = false;
    this.#reader?.readHeld();
  }

  wsDelivered(): void {
    if (this.#reader !== null) this.#reader.hasWsDelivered = true;
  }

  failed(): void {
    if (this.#reader !== null) this.#reader.isFinished = true;
  }

  closed(code: number, reason: string): void {
    this.#backlog = null;
    this.watch.remove(this);
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A paused socket would never see the peer's close frame.
    if (this.isPaused) {
      this.isPaused = false;
      this.#reader?.readHeld();
      this.ws.resume();
    }
    this.sink.connectionClosed(code, reason);
  }

  #writeBacklog(): void {
    const chunks = this.#backlog?.take() ?? [];
    if (chunks.length === 0 || !this.isOpen) {
      this.#backlog = null;
      return;
    }
    this.socket.cork();
    const last = chunks.pop()!;
    for (const chunk of chunks) this.socket.write(chunk);
    this.socket.write(last, () => this.#writeBacklog());
    this.socket.uncork();
  }
}

function onData(this: NetSocket, chunk: Buffer): void {
  this[connectionOf]!.read(chunk);
}

function readHeld(this: NetSocket): void {
  this[connectionOf]!.readHeld();
}

function onMessage(this: WebSocket, data: WebSocket.RawData, isBinary: boolean): void {
  const connection = (this as RoomSocket).connection!;
  connection.wsDelivered();
  if (isBinary) connection.receiveBinary(data as Buffer);
  else connection.receiveText((data as Buffer).toString('utf8'));
}

function onClose(this: WebSocket, code: number, reason: Buffer): void {
  (this as RoomSocket).connection!.closed(code, reason.toString('utf8'));
}

/** `ws` has answered the peer's violation with the right close code already; the close event follows. */
function onError(this: WebSocket): void {
  (this as RoomSocket).connection!.failed();
}
