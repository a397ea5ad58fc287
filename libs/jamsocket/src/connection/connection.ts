import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { CloseCode } from '../protocol.js';
import { FrameReader, type FrameTarget } from './frame-reader.js';
import { SocketWriter } from './socket-writer.js';

/** Whoever the messages of a connection are for. */
export interface ConnectionSink {
  receiveText(text: string): void;
  receiveBinary(bytes: Buffer): void;
  /** All that had come by then was read, and handed over unless it waits for a pause to end. */
  chunkRead(): void;
  /** What was written has not all left. Only those are told whose room decides about volatile messages itself. */
  connectionBehind(): void;
  /** A close frame is about to go out: what was sent so far should be on its way before it. */
  connectionClosing(): void;
  /** It is about to be closed since it does not read; `connectionClosed` follows. */
  connectionDropped(): void;
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
 * itself and leaves the rest to `ws`.
 */
export class Connection extends SocketWriter implements FrameTarget {
  /** When anything was last heard from the peer, on the watch's clock. */
  lastHeard: number;
  /** For the heartbeat: the part of its sweep that visits this connection. */
  heartbeatPart = 0;
  isPaused = false;
  /** The peer has broken the protocol. */
  hasFailed = false;
  #isClosed = false;
  #reader: FrameReader | null = null;

  constructor(
    ws: RoomSocket,
    socket: NetSocket,
    private readonly sink: ConnectionSink,
    private readonly limits: ConnectionLimits,
    private readonly watch: Watch,
  ) {
    super(ws, socket, limits.maxBufferedBytes);
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

  receiveText(text: string): void {
    if (!this.#isClosed) this.sink.receiveText(text);
  }

  receiveBinary(bytes: Buffer): void {
    if (!this.#isClosed) this.sink.receiveBinary(bytes);
  }

  /** Resolves when the socket is closed. */
  get ended(): Promise<void> {
    if (this.socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** For the socket, before it sends a close frame. */
  closing(): void {
    if (!this.#isClosed) this.sink.connectionClosing();
  }

  /** Starts the closing handshake behind everything written so far. The sink hears of it at once. */
  close(code: number, reason = ''): void {
    if (this.#isClosed) return;
    this.writeOutBacklog();
    this.ws.close(code, reason);
    this.#end(code, reason);
  }

  /** Closes a peer that does not read: what waits for it is let go. */
  drop(code: number, reason: string): void {
    if (!this.#isClosed) this.sink.connectionDropped();
    this.discardBacklog();
    this.ws.close(code, reason);
    this.#end(code, reason);
  }

  /** Cuts the connection without a closing handshake. */
  terminate(reason: string): void {
    this.ws.terminate();
    this.#end(CloseCode.abnormal, reason);
  }

  protected fellBehind(): void {
    this.sink.connectionBehind();
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
    if (!this.#isClosed) this.sink.chunkRead();
  }

  readHeld(): void {
    this.isPaused = false;
    this.#reader?.readHeld();
  }

  wsDelivered(): void {
    if (this.#reader !== null) this.#reader.hasWsDelivered = true;
  }

  failed(): void {
    this.hasFailed = true;
    if (this.#reader !== null) this.#reader.isFinished = true;
  }

  closed(code: number, reason: string): void {
    this.discardBacklog();
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
