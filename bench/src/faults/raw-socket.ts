import { connect, type Socket } from 'node:net';

export const TEXT = 0x1;
export const FIN = 0x80;
const CLOSE = 0x8;
const MASKED = 0x80;
const NO_CLOSE_FRAME = 1006;
const HEAD_END = '\r\n\r\n';

/** A client's frame. Its mask is zero, which is allowed and does not change the payload. */
export function clientFrame(first: number, payload: Buffer): Buffer {
  return Buffer.concat([clientHeader(first, payload.length), payload]);
}

/** The header of a frame that announces so many bytes. */
export function clientHeader(first: number, length: number): Buffer {
  const header = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  header[0] = first;
  header[1] = MASKED | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (header.length === 8) header.writeUInt16BE(length, 2);
  if (header.length === 14) header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/** A client that writes any bytes, so it can break every rule. */
export class RawSocket {
  /** Status of the answer to the upgrade request; 0 if there was none. */
  status = 0;
  head = '';
  /** Body of a refusal. */
  body = '';
  closeCode = NO_CLOSE_FRAME;
  /** When the close frame came. */
  closedAt = 0;
  /** Resolves when the request has been answered, or will never be. */
  readonly answered: Promise<void>;
  readonly ended: Promise<void>;
  onText: (text: string) => void = () => undefined;
  #rest: Buffer = Buffer.alloc(0);
  #answer!: () => void;

  private constructor(readonly socket: Socket) {
    this.answered = new Promise((resolve) => (this.#answer = resolve));
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#answer();
        resolve();
      });
    });
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => this.#read(chunk));
  }

  static async open(port: number, path: string, headers: readonly string[] = []): Promise<RawSocket> {
    const client = new RawSocket(connect({ port, host: '127.0.0.1', noDelay: true }));
    const lines = [
      `GET /ws/${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    ];
    client.socket.write(lines.join('\r\n') + HEAD_END);
    await client.answered;
    return client;
  }

  get isOpen(): boolean {
    return this.status === 101 && this.closedAt === 0 && this.socket.writable;
  }

  /** Resolves when the bytes have left, or never will. */
  send(bytes: Buffer): Promise<void> {
    if (!this.socket.writable) return Promise.resolve();
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  sendText(text: string): Promise<void> {
    return this.send(clientFrame(FIN | TEXT, Buffer.from(text)));
  }

  /** Leaves with a close frame. */
  async leave(): Promise<void> {
    await this.send(clientFrame(FIN | CLOSE, Buffer.from([0x03, 0xe8])));
    await this.ended;
  }

  /** Cuts the connection without a close frame. */
  async vanish(): Promise<void> {
    this.socket.destroy();
    await this.ended;
  }

  #read(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.status === 0 && !this.#readHead()) return;
    if (this.status === 101) this.#readFrames();
    else this.#readBody();
  }

  #readHead(): boolean {
    const end = this.#rest.indexOf(HEAD_END);
    if (end < 0) return false;
    this.head = this.#rest.toString('latin1', 0, end);
    this.status = Number(this.head.slice('HTTP/1.1 '.length).split(' ', 1)[0]);
    this.#rest = this.#rest.subarray(end + HEAD_END.length);
    if (this.status === 101) this.#answer();
    return true;
  }

  /** A refusal's body is complete when the connection ends; then the request counts as answered. */
  #readBody(): void {
    this.body += this.#rest.toString('utf8');
    this.#rest = Buffer.alloc(0);
  }

  #readFrames(): void {
    let at = 0;
    for (;;) {
      const start = at + serverHeaderBytes(this.#rest, at);
      const end = start === at ? Infinity : start + serverPayloadBytes(this.#rest, at);
      if (end > this.#rest.length) break;
      this.#take(this.#rest[at] & 0x0f, this.#rest.subarray(start, end));
      at = end;
    }
    this.#rest = this.#rest.subarray(at);
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === TEXT) this.onText(payload.toString('utf8'));
    if (opcode !== CLOSE || this.closedAt > 0) return;
    this.closedAt = performance.now();
    this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    void this.send(clientFrame(FIN | CLOSE, payload.subarray(0, 2)));
  }
}

/** Length of the header at `at`; 0 if it is incomplete. */
function serverHeaderBytes(bytes: Buffer, at: number): number {
  if (bytes.length - at < 2) return 0;
  const length = bytes[at + 1] === 127 ? 10 : bytes[at + 1] === 126 ? 4 : 2;
  return bytes.length - at < length ? 0 : length;
}

function serverPayloadBytes(bytes: Buffer, at: number): number {
  if (bytes[at + 1] < 126) return bytes[at + 1];
  return bytes[at + 1] === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
}
