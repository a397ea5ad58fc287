import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { copyOf } from '../compact.js';
import { inputOf, readIntoSharedInput, setOnRead } from './shared-input.js';

/** Gets the chunks of a socket whose stream flows. */
export interface ChunkReader {
  /** @param chunk may lie in memory that the next read overwrites: see `kept` */
  read(chunk: Buffer): void;
}

/** The reader of a socket. */
export const readerOf = Symbol('jamsocket reader');

type ReadSocket = Socket & { [readerOf]?: ChunkReader };

/**
 * Lets chunks bypass the stream while it flows. After every chunk a stream schedules a request for more data; a network
 * socket does not need it, since it delivers until it is told not to. If Node ever delivered another way, the chunks would
 * arrive as 'data' events as usual. We follow the stream's state by its events: checking it for every chunk would cost much
 * of what this saves.
 */
export function bypassStream(socket: Socket): void {
  readIntoSharedInput(socket, readToStream);
  socket.on('resume', onResume);
  socket.on('pause', onPause);
  socket.on('newListener', onNewListener);
}

export function giveBackToStream(socket: Socket): void {
  socket.removeListener('resume', onResume);
  socket.removeListener('pause', onPause);
  socket.removeListener('newListener', onNewListener);
  leadToStream(socket);
}

function onResume(this: Socket): void {
  // The event comes a tick after `resume()`; the stream may be paused again by then.
  if (!this.readableFlowing) return;
  this.push = pushPastStream;
  setOnRead(this, readPastStream);
}

function onPause(this: Socket): void {
  leadToStream(this);
}

/** Another listener needs the chunks, too. */
function onNewListener(this: Socket, event: string | symbol): void {
  if (event === 'data' || event === 'readable') giveBackToStream(this);
}

function leadToStream(socket: Socket): void {
  socket.push = pushToStream;
  setOnRead(socket, readToStream);
}

function pushToStream(this: Duplex, chunk: Buffer | null): boolean {
  return Duplex.prototype.push.call(this, chunk);
}

function pushPastStream(this: ReadSocket, chunk: Buffer | null): boolean {
  if (chunk === null) return pushToStream.call(this, chunk);
  this[readerOf]!.read(chunk);
  return true;
}

function readToStream(this: Socket, length: number): boolean {
  return pushToStream.call(this, copyOf(inputOf(length)));
}

function readPastStream(this: ReadSocket, length: number): boolean {
  this[readerOf]!.read(inputOf(length));
  return true;
}
