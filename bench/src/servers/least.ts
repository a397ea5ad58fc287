import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * The least that a Node server can do for a room: unmask the frames in place of all checks, gather them until all sockets
 * are read, and write them to each member once. No strings, no handlers, no limits, no closing handshake, and every message
 * shorter than 126 bytes. An upper bound for any WebSocket library on Node, ours included; nobody could use it.
 *
 * With `PAST_STREAMS=1` it reads and writes through the handle inside of the socket, which Node keeps to itself.
 */
const ROOM_BYTES = 64 * 1024;
const HEADER = 2;
const MASKED_HEADER = 6;

interface Member {
  write(bytes: Buffer): void;
}

class Room {
  readonly members = new Set<Member>();
  readonly out = Buffer.allocUnsafeSlow(ROOM_BYTES);
  used = 0;
}

const rooms = new Map<string, Room>();
const waiting: Room[] = [];

function flush(): void {
  for (const room of waiting) {
    const bytes = room.out.subarray(0, room.used);
    room.used = 0;
    for (const member of room.members) member.write(bytes);
  }
  waiting.length = 0;
}

/** Assumes whole frames: the load writes each of its messages at once. */
function read(room: Room, chunk: Buffer, length: number): void {
  if (room.used + length > ROOM_BYTES) flush();
  if (room.used === 0 && waiting.push(room) === 1) setImmediate(flush);
  const { out } = room;
  let to = room.used;
  for (let at = 0; at < length;) {
    const bytes = chunk[at + 1] & 0x7f;
    out[to++] = 0x81;
    out[to++] = bytes;
    const from = at + MASKED_HEADER;
    for (let index = 0; index < bytes; index++) out[to++] = chunk[from + index] ^ chunk[at + HEADER + (index & 3)];
    at = from + bytes;
  }
  room.used = to;
}

/** What this uses of Node's inner `TCP` handle and its requests. */
interface Handle {
  onread(): void;
  useUserBuffer(bytes: Buffer): void;
  readStart(): void;
  writeBuffer(request: object, bytes: Buffer): void;
  close(): void;
}

interface Inner {
  readonly WriteWrap: new () => object;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

function joinPastStreams(room: Room, socket: Duplex, leave: (member: Member) => void): void {
  const { WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = inner!;
  const handle = (socket as unknown as { _handle: Handle })._handle;
  const member = {
    write(bytes: Buffer): void {
      handle.writeBuffer(request, bytes);
      if (streamBaseState[kLastWriteWasAsync] !== 0) request = new WriteWrap();
    },
  };
  room.members.add(member);
  handle.useUserBuffer(input);
  handle.onread = () => {
    const length = streamBaseState[kReadBytesOrError];
    if (length > 0) return read(room, input, length);
    if (length === 0) return;
    leave(member);
    handle.close();
  };
  handle.readStart();
}

function join(room: Room, socket: Duplex, leave: (member: Member) => void): void {
  room.members.add(socket);
  socket.on('data', (chunk: Buffer) => read(room, chunk, chunk.length));
  socket.on('close', () => leave(socket));
}

const binding = (process as unknown as { binding(name: string): Inner }).binding;
const inner = process.env.PAST_STREAMS === '1' ? binding('stream_wrap') : null;
const input = Buffer.allocUnsafeSlow(ROOM_BYTES);
let request = inner === null ? {} : new inner.WriteWrap();
let echoes = 0;

const server = createServer();
server.on('upgrade', ({ url = '', headers }, socket) => {
  const key = url.split('/')[2] === 'echo' ? `${url}/${echoes++}` : url;
  const room = rooms.get(key) ?? new Room();
  rooms.set(key, room);
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.on('error', () => undefined);
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
  );
  (inner === null ? join : joinPastStreams)(room, socket, (member) => {
    room.members.delete(member);
    if (room.members.size === 0) rooms.delete(key);
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('ready\n'));
