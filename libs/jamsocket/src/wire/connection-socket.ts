import type { Duplex } from 'node:stream';
import { CloseCode } from '../base/protocol.js';
import type { ConnectionLimits } from './connection-sink.js';
import type { Close } from './control-frame.js';
import type { Endpoint } from './endpoint.js';
import type { Frame } from './frame.js';
import { PlainEndpoint, type PlainOwner } from './plain-endpoint.js';
import type { RoomSocket, RoomSocketOwner } from './room-socket.js';
import { SocketWriter } from './socket-writer.js';
import { passOnClose, takeDataListener } from './ws-handover.js';

/** Puts a `ws` object on a socket. */
export type PutWs = (socket: Duplex) => RoomSocket;

/**
 * The socket of a connection. It begins bare, and gets a `ws` object when that is needed for the first time: for
 * whatever is unusual in what the peer sends, and to close it.
 */
export abstract class ConnectionSocket extends SocketWriter implements PlainOwner, RoomSocketOwner {
  protected endpoint: Endpoint;
  /** The endpoint, as long as there is no `ws`. */
  #plain: PlainEndpoint | null = null;
  /** `null` while there is no `ws`, and if that reads everything. */
  #passToWs: ((chunk: Buffer) => void) | null = null;

  /** @param opening the `ws` object that reads everything, or how one is made when it is needed */
  protected constructor(
    socket: Duplex,
    limits: ConnectionLimits,
    private readonly opening: RoomSocket | PutWs,
  ) {
    super(socket, limits.maxBufferedBytes);
    if (typeof opening === 'function') {
      this.endpoint = this.#plain = new PlainEndpoint(socket, this, limits.maxPendingAutoPongs);
    } else {
      this.endpoint = opening;
      opening.attach(this);
      socket.on('data', (chunk: Buffer) => this.read(chunk));
    }
  }

  abstract isPaused: boolean;
  /** Something that was read waits for a pause to end. */
  protected abstract get isHoldingBack(): boolean;

  abstract read(chunk: Buffer): void;
  abstract readHeld(): void;
  abstract receiveText(text: string): void;
  abstract receiveBinary(bytes: Buffer): void;
  abstract wsDelivered(): void;
  abstract closing(): void;
  abstract failed(): void;
  abstract closed(code: number, reason: string): void;

  get hasWs(): boolean {
    return this.#plain === null;
  }

  /** The `ws` object, which has the socket from here on. */
  useWs(): RoomSocket {
    if (this.#plain === null) return this.endpoint as RoomSocket;
    const { socket } = this;
    this.#plain.release();
    const ws = (this.opening as PutWs)(socket);
    this.#plain = null;
    this.endpoint = ws;
    ws.attach(this);
    this.#passToWs = takeDataListener(socket);
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.prependListener('close', () => this.readHeld());
    if (this.isPaused) ws.pause();
    return ws;
  }

  passToWs(chunk: Buffer): void {
    // What is read behind the end is of no use.
    if (!this.hasWs && !this.isOpen) return;
    this.useWs();
    this.#passToWs!(chunk);
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

  ping(): void {
    // A peer that has so much to read need not be asked for more.
    if (this.isOpen && !this.isFull) this.endpoint.ping();
  }

  protected sendThroughWs({ payload }: Frame): void {
    this.useWs().send(payload, { binary: typeof payload !== 'string', compress: false });
  }

  protected sendClose(code: number, reason: string): void {
    if (!this.isOpen) return;
    // A ws would wait for the peer's close frame, which has been read already.
    if (this.#plain?.heard) this.#plain.finish({ code, reason });
    else this.useWs().close(code, reason);
  }

  /** A socket that did without `ws` has closed. */
  socketClosed(): void {
    const { heard } = this.#plain!;
    if (heard !== null || !(this.isHoldingBack || this.socket.readableLength > 0)) {
      this.closed(heard?.code ?? CloseCode.abnormal, heard?.reason ?? '');
      return;
    }
    // In what it had received by then there may be anything.
    this.useWs();
    this.readHeld();
    const rest = this.socket.read() as Buffer | null;
    if (rest !== null) this.read(rest);
    passOnClose(this.socket);
  }
}
