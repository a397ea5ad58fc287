import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { closeFrame, controlFrame, PING, PONG, type Close } from './control-frame.js';
import { CLOSE_TIMEOUT_MS, type Endpoint } from './endpoint.js';
import { bypassStream, giveBackToStream, readerOf } from './reading/stream-bypass.js';

/** Receives the events of a `PlainEndpoint`. */
export interface PlainOwner {
  /** Bytes have arrived. They may lie in memory that the next read overwrites: see `kept`. */
  read(chunk: Buffer): void;
  /** The socket has closed; some of its bytes may still be unread. */
  socketClosed(): void;
}

const PING_FRAME = controlFrame(PING, Buffer.alloc(0));

type NetSocket = Duplex & { [readerOf]?: PlainEndpoint };

/**
 * Our end of a connection without a `ws` object, which most connections never need. It answers pings and the peer's
 * close; for everything else a `ws` object takes over the socket.
 */
export class PlainEndpoint implements Endpoint {
  isOpen = true;
  /** The peer's close frame, once it has arrived. */
  heard: Close | null = null;
  #pendingPongs = 0;
  #closeTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly socket: NetSocket,
    private readonly owner: PlainOwner,
    private readonly maxPendingPongs: number,
  ) {
    // Removes the timeout of the HTTP server. A Duplex that is not a network socket has no such methods.
    const { setTimeout, setNoDelay } = socket as Partial<Socket>;
    setTimeout?.call(socket, 0);
    setNoDelay?.call(socket);
    socket[readerOf] = this;
    socket.on('close', onClose);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('data', onData);
    // Any other Duplex may deliver a chunk only when its stream asks for it.
    if (socket instanceof Socket) bypassStream(socket);
  }

  /** Removes everything from the socket, for its next owner. */
  release(): void {
    const { socket } = this;
    socket.removeListener('close', onClose);
    socket.removeListener('end', onEnd);
    socket.removeListener('error', onError);
    socket.removeListener('data', onData);
    if (socket instanceof Socket) giveBackToStream(socket);
    (socket as NetSocket)[readerOf] = undefined;
  }

  ping(): void {
    this.socket.write(PING_FRAME);
  }

  /** Answers a ping. A peer that does not read its pongs is cut off at the limit. */
  pong(payload: Buffer): void {
    if (!this.isOpen) return;
    if (this.#pendingPongs >= this.maxPendingPongs) return this.terminate();
    this.#pendingPongs++;
    this.socket.write(controlFrame(PONG, payload), () => this.#pendingPongs--);
  }

  /** Ends the connection with this close frame, after the peer's has arrived. */
  finish(close: Close): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (this.socket.destroyed) return;
    this.socket.end(closeFrame(close));
    this.#closeTimer = setTimeout(() => this.socket.destroy(), CLOSE_TIMEOUT_MS);
  }

  pause(): void {
    // After the peer's close frame only the end of the stream follows; it must be read.
    if (this.isOpen) this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  terminate(): void {
    this.isOpen = false;
    this.socket.destroy();
  }

  /** For the listeners below. */
  socketEnded(): void {
    this.isOpen = false;
    if (!this.socket.writableEnded) this.socket.end();
  }

  socketClosed(): void {
    this.isOpen = false;
    if (this.#closeTimer !== null) clearTimeout(this.#closeTimer);
    this.owner.socketClosed();
  }

  read(chunk: Buffer): void {
    this.owner.read(chunk);
  }
}

function onData(this: NetSocket, chunk: Buffer): void {
  this[readerOf]!.read(chunk);
}

function onEnd(this: NetSocket): void {
  this[readerOf]!.socketEnded();
}

function onClose(this: NetSocket): void {
  this[readerOf]!.socketClosed();
}

/** The close event follows. */
function onError(this: NetSocket): void {
  this.destroy();
}
