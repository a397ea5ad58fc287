import type { Duplex } from 'node:stream';
import { CloseCode } from '../protocol.js';
import type { ConnectionLimits, ConnectionSink, Watch } from './connection-sink.js';
import type { Close } from './control-frame.js';
import type { Endpoint } from './endpoint.js';
import type { Frame } from './frame.js';
import { FrameReader, type FrameTarget } from './frame-reader.js';
import { PlainEndpoint, type PlainOwner } from './plain-endpoint.js';
import type { RoomSocket, RoomSocketOwner } from './room-socket.js';
import { SocketWriter } from './socket-writer.js';
import { passOnClose, takeDataListener } from './ws-handover.js';

/** Puts a `ws` object on the socket. */
export type PutWs = (socket: Duplex) => RoomSocket;

/**
 * One socket's life: bytes in become messages for the sink, frames out become writes. Whole frames are read and written
 * here; a `ws` object for the rest comes into being when it is needed for the first time.
 */
export class Connection extends SocketWriter implements FrameTarget, PlainOwner, RoomSocketOwner {
  /** When anything was last heard from the peer, on the watch's clock. */
  lastHeard: number;
  /** For the heartbeat: the part of its sweep that visits this connection. */
  heartbeatPart = 0;
  isPaused = false;
  /** The peer has broken the protocol. */
  hasFailed = false;
  #isClosed = false;
  #endpoint: Endpoint;
  #plain: PlainEndpoint | null = null;
  #ws: RoomSocket | null = null;
  /** `null` while `ws` reads everything. */
  #reader: FrameReader | null = null;
  #passToWs: ((chunk: Buffer) => void) | null = null;

  /** @param opening the `ws` object, or how one is made when it is needed */
  constructor(
    socket: Duplex,
    private readonly sink: ConnectionSink,
    private readonly limits: ConnectionLimits,
    private readonly watch: Watch,
    private readonly opening: RoomSocket | PutWs,
  ) {
    super(socket, limits.maxBufferedBytes);
    this.lastHeard = watch.now;
    if (typeof opening === 'function') {
      this.#reader = new FrameReader(this, limits.maxPayloadBytes);
      this.#endpoint = this.#plain = new PlainEndpoint(socket, this, limits.maxPendingAutoPongs);
    } else {
      this.#endpoint = this.#ws = opening;
      opening.attach(this);
    }
  }

  /**
   * Begins to listen to a socket that its `ws` listens to already.
   * @param isDirect whether to take the chunks before `ws` does, if that listens in the one way this rests on
   * @returns whether it did; if not, `ws` reads everything
   */
  listenBesideWs(isDirect: boolean): boolean {
    const { socket } = this;
    this.#passToWs = isDirect ? takeDataListener(socket) : null;
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    if (this.#passToWs === null) return false;
    socket.prependListener('close', () => this.readHeld());
    this.#reader ??= new FrameReader(this, this.limits.maxPayloadBytes);
    return true;
  }

  get hasWs(): boolean {
    return this.#ws !== null;
  }

  /** The `ws` object, which has the socket from here on. */
  useWs(): RoomSocket {
    if (this.#ws !== null) return this.#ws;
    this.#plain!.release();
    const ws = (this.opening as PutWs)(this.socket);
    this.#endpoint = this.#ws = ws;
    ws.attach(this);
    this.listenBesideWs(true);
    if (this.isPaused) ws.pause();
    return ws;
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.#endpoint.isOpen;
  }

  receiveText(text: string): void {
    if (!this.#isClosed) this.sink.receiveText(text);
  }

  receiveBinary(bytes: Buffer): void {
    if (!this.#isClosed) this.sink.receiveBinary(bytes);
  }

  receivePing(payload: Buffer): void {
    this.#plain!.pong(payload);
  }

  receiveClose(close: Close): void {
    const plain = this.#plain!;
    plain.heard = close;
    this.closing();
    plain.finish(close);
  }

  passToWs(chunk: Buffer): void {
    // What is read behind the end is of no use.
    if (this.#ws === null && !this.isOpen) return;
    this.useWs();
    this.#passToWs!(chunk);
  }

  /** Resolves when the socket is closed. */
  get ended(): Promise<void> {
    if (this.socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  closing(): void {
    if (this.#isClosed) return;
    this.sink.connectionClosing();
    this.writeOutBacklog();
  }

  /** Starts the closing handshake behind everything written so far. The sink hears of it at once. */
  close(code: number, reason = ''): void {
    if (this.#isClosed) return;
    this.#sendClose(code, reason);
    this.#end(code, reason);
  }

  /** Closes a peer that does not read: what waits for it is let go. */
  drop(code: number, reason: string): void {
    this.discardBacklog();
    this.#sendClose(code, reason);
    this.#end(code, reason);
  }

  /** Cuts the connection without a closing handshake. */
  terminate(reason: string): void {
    this.#endpoint.terminate();
    this.#end(CloseCode.abnormal, reason);
  }

  protected fellBehind(): void {
    this.sink.connectionBehind();
  }

  protected sendThroughWs({ payload }: Frame): void {
    this.#ws!.send(payload, { binary: typeof payload !== 'string', compress: false });
  }

  ping(): void {
    if (this.isOpen) this.#endpoint.ping();
  }

  pause(): void {
    // What a socket received before it closed is read to the end.
    if (this.socket.destroyed) return;
    this.isPaused = true;
    this.#endpoint.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.lastHeard = this.watch.now;
    this.#reader?.readHeld();
    if (!this.isPaused) this.#endpoint.resume();
  }

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

  /** For a socket that did without `ws`. */
  socketClosed(): void {
    const { heard } = this.#plain!;
    const isUnread = this.socket.readableLength > 0 || this.#reader!.isHolding;
    if (this.#isClosed || heard !== null || !isUnread) {
      this.closed(heard?.code ?? CloseCode.abnormal, heard?.reason ?? '');
      return;
    }
    // In what is left there may be anything.
    this.useWs();
    this.readHeld();
    passOnClose(this.socket);
  }

  closed(code: number, reason: string): void {
    this.discardBacklog();
    this.watch.remove(this);
    this.#end(code, reason);
  }

  #sendClose(code: number, reason: string): void {
    if (!this.isOpen) return;
    // A ws would wait for the peer's close frame, which has been read already.
    if (this.#ws === null && this.#plain!.heard !== null) this.#plain!.finish({ code, reason });
    else this.useWs().close(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A paused socket would never see the peer's close frame.
    if (this.isPaused) {
      this.isPaused = false;
      this.#reader?.readHeld();
      this.#endpoint.resume();
    }
    this.sink.connectionClosed(code, reason);
  }
}
