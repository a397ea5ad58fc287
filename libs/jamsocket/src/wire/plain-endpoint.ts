import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { closeFrame, controlFrame, PING, PONG, type Close } from './control-frame.js';
import { CLOSE_TIMEOUT_MS, type Endpoint } from './endpoint.js';

/** What a `PlainEndpoint` tells its connection. */
export interface PlainOwner {
  /** Bytes have come. */
  read(chunk: Buffer): void;
  /** The socket has closed. What it had received by then may not all have been read. */
  socketClosed(): void;
}

const PING_FRAME = controlFrame(PING, Buffer.alloc(0));

const endpointOf = Symbol('jamsocket endpoint');
type NetSocket = Duplex & { [endpointOf]?: PlainEndpoint };

/**
 * Our end of a connection on the bare socket: all that most connections ever need. It answers pings and the peer's
 * close; what is beyond that needs a `ws` object, which takes the socket over.
 */
export class PlainEndpoint implements Endpoint {
  isOpen = true;
  /** The peer's close frame, once it has come. */
  heard: Close | null = null;
  #pendingPongs = 0;
  #closeTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly socket: NetSocket,
    private readonly owner: PlainOwner,
    private readonly maxPendingPongs: number,
  ) {
    // The timeouts were those of the HTTP server. A Duplex that is no socket has none.
    const { setTimeout, setNoDelay } = socket as Partial<Socket>;
    setTimeout?.call(socket, 0);
    setNoDelay?.call(socket);
    socket[endpointOf] = this;
    socket.on('close', onClose);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('data', onData);
    // Another Duplex may wait to be asked for each chunk.
    if (!(socket instanceof Socket)) return;
    socket.on('resume', onResume);
    socket.on('pause', onPause);
    socket.on('newListener', onNewListener);
  }

  /** Leaves the socket to another. */
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

  /** Answers a ping, unless too many answers wait already: then the peer is cut off. */
  pong(payload: Buffer): void {
    if (!this.isOpen) return;
    if (this.#pendingPongs >= this.maxPendingPongs) return this.terminate();
    this.#pendingPongs++;
    this.socket.write(controlFrame(PONG, payload), () => this.#pendingPongs--);
  }

  /** Ends the connection with this close frame, the peer's having come. */
  finish(close: Close): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (this.socket.destroyed) return;
    this.socket.end(closeFrame(close));
    this.#closeTimer = setTimeout(() => this.socket.destroy(), CLOSE_TIMEOUT_MS);
  }

  pause(): void {
    // Behind the peer's close frame there is only the end to come.
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
 * Takes chunks past the stream while it flows: it has given out all it had, or is just about to, and goes on until it is
 * told to pause. A stream schedules a look for more data behind every chunk, which a network socket does not need: it
 * goes on delivering until it is told `false`. If it delivered in another way than by `push`, the chunks would come as
 * 'data' events as before. Events say when it flows, since asking the stream at every chunk costs a good part of this.
 */
function onResume(this: Socket): void {
  // It may have been paused since it was told to resume.
  if (this.readableFlowing) this.push = pushPastStream;
}

function onPause(this: Socket): void {
  this.push = pushToStream;
}

/** Somebody else wants the chunks, too. */
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
