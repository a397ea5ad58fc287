import type { Duplex } from 'node:stream';
import { CloseCode } from '../base/protocol.js';
import type { ConnectionLimits } from './connection-sink.js';
import type { Close } from './control-frame.js';
import type { Endpoint } from './endpoint.js';
import { BINARY, type Frame } from './frame.js';
import { PlainEndpoint, type PlainOwner } from './plain-endpoint.js';
import type { RoomSocket, RoomSocketOwner } from './room-socket.js';
import { SocketWriter } from './socket-writer.js';
import { passOnClose, takeDataListener } from './ws-handover.js';

/** Puts a `ws` object on a socket. */
export type PutWs = (socket: Duplex) => RoomSocket;

/**
 * The socket of a connection. It works without a `ws` object until one is needed: for unusual frames of the peer, and to
 * start the closing handshake.
 */
export abstract class ConnectionSocket extends SocketWriter implements PlainOwner, RoomSocketOwner {
  protected endpoint: Endpoint;
  /** The endpoint while there is no `ws`. */
  #plain: PlainEndpoint | null = null;
  /** `null` without a `ws`, or if `ws` reads everything. */
  #passToWs: ((chunk: Buffer) => void) | null = null;

  /** @param opening the `ws` object that reads everything, or a function that creates one when it is needed */
  protected constructor(
    socket: Duplex,
    limits: ConnectionLimits,
    watch: { readonly now: number },
    private readonly opening: RoomSocket | PutWs,
  ) {
    super(socket, limits.maxBufferedBytes, watch);
    if (typeof opening === 'function') {
      this.endpoint = this.#plain = new PlainEndpoint(socket, this, limits.maxPendingAutoPongs);
    } else {
      this.endpoint = opening;
      opening.attach(this);
      socket.on('data', (chunk: Buffer) => this.read(chunk));
    }
  }

  abstract isPaused: boolean;
  /** Bytes that were read during a pause wait for its end. */
  protected abstract get isHoldingBack(): boolean;

  abstract read(chunk: Buffer): void;
  abstract readHeld(): void;
  abstract receiveText(text: string, bytes: number): void;
  abstract receiveBinary(bytes: Buffer): void;
  abstract wsDelivered(): void;
  abstract closing(): void;
  abstract failed(): void;
  abstract closed(code: number, reason: string): void;

  get hasWs(): boolean {
    return this.#plain === null;
  }

  /** The `ws` object; it owns the socket from here on. */
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
    // Bytes after the end of the connection are ignored.
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
    // Do not add a ping to a full backlog.
    if (this.isOpen && !this.isFull) this.endpoint.ping();
  }

  protected sendThroughWs({ opcode, payload }: Frame): void {
    this.useWs().send(payload, { binary: opcode === BINARY, compress: false });
  }

  protected sendClose(code: number, reason: string): void {
    if (!this.isOpen) return;
    // A ws would wait for the peer's close frame, which is already read.
    if (this.#plain?.heard) this.#plain.finish({ code, reason });
    else this.useWs().close(code, reason);
  }

  /** A socket without a `ws` has closed. */
  socketClosed(): void {
    const { heard } = this.#plain!;
    if (heard !== null || !(this.isHoldingBack || this.socket.readableLength > 0)) {
      this.closed(heard?.code ?? CloseCode.abnormal, heard?.reason ?? '');
      return;
    }
    // The unread rest may contain frames that only ws can read.
    this.useWs();
    this.readHeld();
    const rest = this.socket.read() as Buffer | null;
    if (rest !== null) this.read(rest);
    passOnClose(this.socket);
  }
}
