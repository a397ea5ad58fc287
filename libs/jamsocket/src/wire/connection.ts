import type { Duplex } from 'node:stream';
import { CloseCode } from '../base/protocol.js';
import type { ConnectionLimits, ConnectionSink, Watch } from './connection-sink.js';
import { ConnectionSocket, type PutWs } from './connection-socket.js';
import { FrameReader, type FrameTarget } from './frame-reader.js';
import type { RoomSocket } from './room-socket.js';

/**
 * One socket's life: inbound bytes become messages for the sink, outbound frames become writes. It reads and writes
 * whole frames; its base class does everything else of RFC 6455.
 */
export class Connection extends ConnectionSocket implements FrameTarget {
  /** Time of the last bytes from the peer, on the watch's clock. */
  lastHeard: number;
  /** Used by the heartbeat's sweep. */
  sweepPart = 0;
  isPaused = false;
  /** The peer has broken the protocol. */
  hasFailed = false;
  #isClosed = false;
  /** Messages were delivered since the sink was last told that a chunk is read. */
  #hasDelivered = false;
  /** An acknowledgement that stays true until the peer sends something: then the sink has to be asked again. */
  #acknowledged: string | undefined;
  /** `null` if `ws` reads everything. */
  readonly #reader: FrameReader | null;

  /** @param opening the `ws` object that reads everything, or a function that creates one when it is needed */
  constructor(
    socket: Duplex,
    private sink: ConnectionSink,
    limits: ConnectionLimits,
    protected override readonly watch: Watch<Connection>,
    opening: RoomSocket | PutWs,
  ) {
    super(socket, limits, watch, opening);
    this.lastHeard = watch.now;
    this.#reader = this.hasWs ? null : new FrameReader(this, limits.maxPayloadBytes);
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.endpoint.isOpen;
  }

  receiveText(text: string, bytes: number): void {
    if (this.#isClosed) return;
    this.#acknowledged = undefined;
    this.#hasDelivered = true;
    this.sink.receiveText(text, bytes);
  }

  receiveBinary(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#acknowledged = undefined;
    this.#hasDelivered = true;
    this.sink.receiveBinary(bytes);
  }

  protected get isHoldingBack(): boolean {
    return this.#reader?.isHoldingBack ?? false;
  }

  get hasEnded(): boolean {
    return this.socket.destroyed;
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

  /** Starts the closing handshake after everything written so far. Tells the sink immediately. */
  close(code: number, reason = ''): void {
    if (this.#isClosed) return;
    this.sendClose(code, reason);
    this.#end(code, reason);
  }

  /** Closes a peer that does not read, and discards what waits for it. */
  drop(code: number, reason: string): void {
    if (!this.#isClosed) this.sink.connectionDropped();
    this.discardBacklog();
    this.sendClose(code, reason);
    this.#end(code, reason);
  }

  /** Cuts the connection without a closing handshake. */
  terminate(reason: string): void {
    this.endpoint.terminate();
    this.#end(CloseCode.abnormal, reason);
  }

  protected fellBehind(): void {
    this.sink.connectionBehind();
  }

  pause(): void {
    // Bytes that arrived before the socket closed are still read, and so is the peer's answer to our close.
    if (this.#isClosed || this.socket.destroyed) return;
    this.isPaused = true;
    this.watch.paused(this);
    this.endpoint.pause();
  }

  /** From now on, this sink gets what comes. */
  handTo(sink: ConnectionSink): void {
    this.sink = sink;
    this.#acknowledged = undefined;
  }

  startBeats(): void {
    this.watch.startBeats(this);
  }

  /** Called by the heartbeat: nothing was sent to the peer for a while. @param hasPing the peer must show that it is alive */
  beat(hasPing: boolean): void {
    // What waits for the peer will show it that we are alive.
    if (this.isOpen && !this.isBehind) {
      // For an idle peer nothing but the connection is touched: its client and its room are in no cache.
      if (this.#acknowledged !== undefined) return this.writeBeat(this.#acknowledged, hasPing);
      this.#acknowledged = this.sink.connectionQuiet();
    }
    if (hasPing) this.ping();
  }

  /** Called by the heartbeat while the connection is paused. */
  stayUnread(): void {
    this.sink.connectionUnread();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.lastHeard = this.watch.now;
    this.#reader?.readHeld();
    if (!this.isPaused) this.endpoint.resume();
  }

  read(chunk: Buffer): void {
    this.lastHeard = this.watch.now;
    this.#reader?.read(chunk);
    if (!this.#hasDelivered) return;
    this.#hasDelivered = false;
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
    // A paused socket would never read the peer's close frame.
    if (this.isPaused) {
      this.isPaused = false;
      this.#reader?.readHeld();
      this.endpoint.resume();
    }
    this.sink.connectionClosed(code, reason);
  }
}
