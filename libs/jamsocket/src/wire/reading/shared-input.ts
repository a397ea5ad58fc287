import { Socket, type SocketConstructorOpts } from 'node:net';
import { TLSSocket } from 'node:tls';
import { copyOf } from '../compact.js';

/** As much as libuv reads at a time. */
const INPUT_BYTES = 64 * 1024;
/** Major version of Node up to which the specs have shown that a socket can begin to read this way. */
const NEWEST_KNOWN = 24;

/** Called by Node for each read. @returns false to stop reading */
export type OnRead = (this: Socket, length: number) => boolean;

/** Where a socket keeps its option `onread`: the memory and the function. */
interface OnReadKeys {
  readonly memory: symbol;
  readonly onRead: symbol;
}

type Slots = Record<symbol, unknown>;
type WithHandle = Socket & { readonly _handle: { useUserBuffer?(memory: Buffer): void } | null };

/**
 * All network sockets are read into this memory, one after another. For each read, Node would otherwise allocate 64 KiB, shrink
 * them to what came, make an `ArrayBuffer` of it and free it later: an eighth of the CPU of an echo.
 */
const input = Buffer.allocUnsafeSlow(INPUT_BYTES);
/** Shorter chunks have a view of the memory that is made once for each length. */
const KNOWN_LENGTHS = 1_024;
const views = Array.from<Buffer | undefined>({ length: KNOWN_LENGTHS });
let known: OnReadKeys | null | undefined;

/** The bytes, or a copy if they lie in memory that the next read overwrites. Call it for bytes that are kept. */
export function kept(bytes: Buffer): Buffer {
  return bytes.buffer === input.buffer ? copyOf(bytes) : bytes;
}

/** The bytes that have just been read. */
export function inputOf(length: number): Buffer {
  return length < KNOWN_LENGTHS ? (views[length] ??= input.subarray(0, length)) : input.subarray(0, length);
}

/**
 * Has an open socket read into the shared memory from now on, as if it had been made with the option `onread` of `net.Socket`,
 * which Node offers only to those who make the socket. That cannot be undone. Does nothing if this socket, or this version of
 * Node, is not known to work this way: its chunks then come through `push`.
 */
export function readIntoSharedInput(socket: Socket, onRead: OnRead): void {
  if (known === undefined) known = findKeys();
  const { _handle: handle } = socket as WithHandle;
  if (known === null || socket instanceof TLSSocket || typeof handle?.useUserBuffer !== 'function') return;
  setOnRead(socket, onRead);
  const slots = socket as unknown as Slots;
  if (slots[known.memory] === input) return;
  slots[known.memory] = input;
  handle.useUserBuffer(input);
  socket.pause = pause;
}

/** Replaces the function that was given to `readIntoSharedInput`. Means nothing to other sockets. */
export function setOnRead(socket: Socket, onRead: OnRead): void {
  if (known) (socket as unknown as Slots)[known.onRead] = onRead;
}

/**
 * Node stops to read such a socket when its stream is paused, also if it was paused before. As from any other socket, what comes
 * during a pause has to fill the stream, and its end has to be noticed, whoever has the socket then.
 */
function pause(this: Socket): Socket {
  Socket.prototype.pause.call(this);
  if (this.readableLength < this.readableHighWaterMark) this.read(0);
  return this;
}

/** Finds out where Node puts the option. `null` if it is nowhere, as in runtimes that imitate Node. */
export function findKeys(
  make: (options: SocketConstructorOpts) => object = (options) => new Socket(options),
  version: string = process.versions.node,
): OnReadKeys | null {
  if (Number.parseInt(version) > NEWEST_KNOWN) return null;
  const onread = { buffer: Buffer.alloc(1), callback: () => true };
  // The types of Node have the option only for `connect`.
  const socket = make({ onread } as SocketConstructorOpts) as Slots;
  const keyOf = (value: unknown) => Object.getOwnPropertySymbols(socket).find((key) => socket[key] === value);
  const [memory, onRead] = [keyOf(onread.buffer), keyOf(onread.callback)];
  return memory === undefined || onRead === undefined ? null : { memory, onRead };
}
