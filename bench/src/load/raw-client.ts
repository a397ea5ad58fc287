import { prefixOf, type Protocol } from './protocols.js';
import { Tcp } from './tcp.js';

const TEXT = 0x1;
const BINARY = 0x2;
const PING = 0x9;
const PONG = 0xa;
/** The mask of all frames: RFC 6455 requires a mask, but a test needs no random one. */
const MASK = [0x1d, 0x6b, 0x35, 0xc2];
/** A close frame with status 1000: PartyServer leaves one without a status unanswered, and its socket open. */
const CLOSE = Buffer.from([0x88, 0x82, ...MASK, 0x03 ^ MASK[0], 0xe8 ^ MASK[1]]);
const CLIENT_DIGITS = 5;
const SEQUENCE_DIGITS = 9;
const TIME_DIGITS = 10;
/** `d` or `b`, then the sender's number, the number of its message, and its time in microseconds. */
export const STAMP_BYTES = 1 + CLIENT_DIGITS + SEQUENCE_DIGITS + TIME_DIGITS;
const FILLER = 'abcdefghijklmnopqrstuvwxyz';

/** Called for each message, with the position of its payload in the chunk. */
export interface Arrival {
  onMessage(client: RawClient, chunk: Buffer, at: number): void;
  /** All messages of the chunk have been read. */
  onChunkEnd(): void;
}

/**
 * A minimal WebSocket client. It reads messages without allocating objects, so that a hundred thousand messages cost the
 * load as little as possible.
 */
export class RawClient {
  sequence = 0;
  pending = 0;
  /** Number of the last message from each sender, where order is checked. */
  lastFrom: Map<number, number> | null = null;
  /** The client whose messages this one acknowledges. */
  witnessOf: RawClient | null = null;
  sentAt = 0;
  readonly socket: Tcp;
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  #isOpen = false;
  #isWelcome = false;
  #carry: Buffer | null = null;
  #resolveReady!: () => void;
  #rejectReady!: (error: Error) => void;
  readonly #template: Buffer;
  readonly #headerBytes: number;
  readonly #outPrefixBytes: number;
  readonly #inBytes: number;
  readonly #inPrefixBytes: number;

  constructor(
    readonly number: number,
    port: number,
    path: string,
    private readonly protocol: Protocol,
    payloadBytes: number,
    binary: boolean,
    private readonly arrival: Arrival,
  ) {
    this.#template = encodeTemplate(number, protocol, payloadBytes, binary);
    this.#outPrefixBytes = prefixOf(protocol.outPrefix, payloadBytes).length;
    this.#headerBytes = this.#template.length - this.#outPrefixBytes - protocol.outSuffix.length - payloadBytes;
    this.#inPrefixBytes = prefixOf(protocol.inPrefix, payloadBytes).length;
    this.#inBytes = this.#inPrefixBytes + payloadBytes + protocol.inSuffix.length;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    let resolveClosed: () => void;
    this.closed = new Promise((resolve) => (resolveClosed = resolve));
    this.socket = new Tcp(port, {
      onData: (chunk) => this.#read(chunk),
      onError: (error) => this.#rejectReady(error),
      onClose: () => {
        this.#rejectReady(new Error('closed'));
        resolveClosed();
      },
    });
    const offer = protocol.subprotocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol.subprotocol}\r\n`;
    const upgrade =
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
      `${offer}\r\n`;
    this.socket.write(Buffer.from(upgrade, 'latin1'));
  }

  /** Writes this many messages at once; all have the same time in them. */
  send(count: number, timeUs: number, direct?: () => boolean): void {
    const size = this.#template.length;
    // A single message is stamped in place: allocations of the load lead to garbage collections, which look like slow answers.
    const bytes = count === 1 ? this.#template : Buffer.allocUnsafe(size * count);
    for (let at = 0; at < bytes.length; at += size) {
      if (count > 1) this.#template.copy(bytes, at);
      this.#stamp(bytes, at, this.sequence++, timeUs, direct?.() ?? false);
    }
    this.socket.write(bytes);
  }

  /** Ends the connection with a close frame, and does not wait for the answer. */
  close(): void {
    this.socket.end(CLOSE);
  }

  #stamp(bytes: Buffer, frame: number, sequence: number, timeUs: number, isDirect: boolean): void {
    // The mask goes by the place in the WebSocket payload, prefix included.
    const shift = this.#outPrefixBytes;
    const start = frame + this.#headerBytes + shift;
    bytes[start] = (isDirect ? 0x64 : 0x62) ^ MASK[shift & 3];
    let value = sequence;
    for (let at = CLIENT_DIGITS + SEQUENCE_DIGITS; at > CLIENT_DIGITS; at--) {
      bytes[start + at] = (0x30 + (value % 10)) ^ MASK[(shift + at) & 3];
      value = Math.floor(value / 10);
    }
    value = timeUs;
    for (let at = STAMP_BYTES - 1; at > CLIENT_DIGITS + SEQUENCE_DIGITS; at--) {
      bytes[start + at] = (0x30 + (value % 10)) ^ MASK[(shift + at) & 3];
      value = Math.floor(value / 10);
    }
  }

  #read(chunk: Buffer): void {
    if (this.#carry !== null) {
      chunk = Buffer.concat([this.#carry, chunk]);
      this.#carry = null;
    }
    let at = this.#isOpen ? 0 : this.#readResponse(chunk);
    if (at < 0) {
      this.#carry = chunk;
      return;
    }
    const { length } = chunk;
    while (at + 2 <= length) {
      let size = chunk[at + 1];
      let start = at + 2;
      if (size >= 126) {
        start += size === 126 ? 2 : 8;
        if (start > length) break;
        size = size === 126 ? chunk.readUInt16BE(at + 2) : Number(chunk.readBigUInt64BE(at + 2));
      }
      if (start + size > length) break;
      const opcode = chunk[at] & 0x0f;
      if (size === this.#inBytes && opcode <= BINARY) this.arrival.onMessage(this, chunk, start + this.#inPrefixBytes);
      else this.#other(opcode, chunk.subarray(start, start + size));
      at = start + size;
    }
    if (at < length) this.#carry = Buffer.from(chunk.subarray(at));
    this.arrival.onChunkEnd();
  }

  /** @returns where the frames begin, or -1 while there is more of the response to come */
  #readResponse(chunk: Buffer): number {
    const end = chunk.indexOf('\r\n\r\n');
    if (end < 0) return -1;
    const status = chunk.toString('latin1', 0, chunk.indexOf('\r\n'));
    if (!status.includes(' 101 ')) {
      this.#rejectReady(new Error(chunk.toString('latin1').slice(0, 300)));
      this.socket.destroy();
      return chunk.length;
    }
    this.#isOpen = true;
    if (this.protocol.greeting) this.#sendOther(this.protocol.greeting);
    if (!this.protocol.isWelcome) this.#resolveReady();
    return end + 4;
  }

  #other(opcode: number, payload: Buffer): void {
    if (opcode === PING) return this.#sendControl(PONG, payload);
    if (opcode !== TEXT && opcode !== BINARY) return;
    const text = payload.toString('latin1');
    if (!this.#isWelcome && this.protocol.isWelcome?.(text)) {
      this.#isWelcome = true;
      this.#resolveReady();
    }
    const answer = this.protocol.answer?.(text);
    if (answer !== undefined) this.#sendOther(answer);
  }

  #sendOther(payload: string): void {
    this.#sendControl(this.protocol.isBinary ? BINARY : TEXT, Buffer.from(payload, 'latin1'));
  }

  #sendControl(opcode: number, payload: Buffer): void {
    const masked = payload.map((byte, at) => byte ^ MASK[at & 3]);
    this.socket.write(Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, ...MASK]), masked]));
  }
}

/** A whole masked frame, except for its stamp. */
function encodeTemplate(number: number, protocol: Protocol, payloadBytes: number, binary: boolean): Buffer {
  const stamp = `b${String(number).padStart(CLIENT_DIGITS, '0')}`.padEnd(STAMP_BYTES, '0');
  const payload = stamp + fillerOf(payloadBytes);
  const body = Buffer.from(prefixOf(protocol.outPrefix, payloadBytes) + payload + protocol.outSuffix, 'latin1');
  for (let at = 0; at < body.length; at++) body[at] ^= MASK[at & 3];
  const first = 0x80 | (binary || protocol.isBinary ? BINARY : TEXT);
  const size = body.length;
  const header =
    size < 126
      ? [first, 0x80 | size]
      : size < 65_536
        ? [first, 0xfe, size >> 8, size & 0xff]
        : [first, 0xff, 0, 0, 0, 0, size >>> 24, (size >>> 16) & 0xff, (size >>> 8) & 0xff, size & 0xff];
  return Buffer.concat([Buffer.from(header), Buffer.from(MASK), body]);
}

export function fillerOf(payloadBytes: number): string {
  const length = payloadBytes - STAMP_BYTES;
  return FILLER.repeat(Math.ceil(length / FILLER.length)).slice(0, length);
}

/** The number that stands in `digits` digits. */
function digitsAt(chunk: Buffer, at: number, digits: number): number {
  let value = 0;
  for (let end = at + digits; at < end; at++) value = value * 10 + chunk[at] - 0x30;
  return value;
}

export const senderAt = (chunk: Buffer, at: number): number => digitsAt(chunk, at + 1, CLIENT_DIGITS);
export const sequenceAt = (chunk: Buffer, at: number): number =>
  digitsAt(chunk, at + 1 + CLIENT_DIGITS, SEQUENCE_DIGITS);
export const timeAt = (chunk: Buffer, at: number): number =>
  digitsAt(chunk, at + 1 + CLIENT_DIGITS + SEQUENCE_DIGITS, TIME_DIGITS);
