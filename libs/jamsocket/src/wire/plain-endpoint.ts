import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { closeFrame, controlFrame, PING, PONG, type Close } from './control-frame.js';
import { CLOSE_TIMEOUT_MS, type Endpoint } from './endpoint.js';

/** Receives the events of a `PlainEndpoint`. */
export interface PlainOwner {
  /** Bytes have arrived. */
  read(chunk: Buffer): void;
  /** The socket has closed; some of its bytes may still be unread. */
  socketClosed(): void;
}

const PING_FRAME = controlFrame(PING, Buffer.alloc(0));

const endpointOf = Symbol('jamsocket endpoint');
type NetSocket = Duplex & { [endpointOf]?: PlainEndpoint };

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
    socket[endpointOf] = this;
    socket.on('close', onClose);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('data', onData);
    // Any other Duplex may deliver a chunk only when its stream asks for it.
    if (!(socket instanceof Socket)) return;
    socket.on('resume', onResume);
    socket.on('pause', onPause);
    socket.on('newListener', onNewListener);
  }

  /** Removes everything from the socket, for its next owner. */
  release(): void {
    const { socket } = this;
    socket.removeListener('close', onClose);
    socket.removeListener('end', onEnd);
    socket.removeListener('error', onError);
    socket.removeListener('data', onData);
    if (socket instanceof Socket) giveBackToStream(socket);
    (socket as NetSocket)[endpointOf] = undefined;
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

/**
 * Lets chunks bypass the stream while it flows. After every chunk a stream schedules a request for more data; a network
 * socket does not need it, since it delivers until `push` returns `false`. If Node ever delivered without `push`, the
 * chunks would arrive as 'data' events as usual. We follow the stream's state by its events: checking it for every chunk
 * would cost much of what this saves.
 */
function onResume(this: Socket): void {
  // The event comes a tick after `resume()`; the stream may be paused again by then.
  if (this.readableFlowing) this.push = pushPastStream;
}

function onPause(this: Socket): void {
  this.push = pushToStream;
}

/** Another listener needs the chunks, too. */
function onNewListener(this: Socket, event: string | symbol): void {
  if (event === 'data' || event === 'readable') giveBackToStream(this);
}

function giveBackToStream(socket: Socket): void {
  socket.removeListener('resume', onResume);
  socket.removeListener('pause', onPause);
  socket.removeListener('newListener', onNewListener);
  socket.push = pushToStream;
}

function pushToStream(this: Duplex, chunk: Buffer | null): boolean {
  return Duplex.prototype.push.call(this, chunk);
}

function pushPastStream(this: NetSocket, chunk: Buffer | null): boolean {
  if (chunk === null) return pushToStream.call(this, chunk);
  this[endpointOf]!.read(chunk);
  return true;
}

function onData(this: NetSocket, chunk: Buffer): void {
  this[endpointOf]!.read(chunk);
}

function onEnd(this: NetSocket): void {
  this[endpointOf]!.socketEnded();
}

function onClose(this: NetSocket): void {
  this[endpointOf]!.socketClosed();
}

/** The close event follows. */
function onError(this: NetSocket): void {
  this.destroy();
}
