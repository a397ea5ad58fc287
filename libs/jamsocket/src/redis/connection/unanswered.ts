/** Redis answers neither this command nor the next one. */
const SKIP = '*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n';

const END_OF_LINE = Buffer.from('\r\n');
/** From this length on, copying the last argument costs more than a write of several parts. */
const LONG_BYTES = 8_192;

/** The part of ioredis that is needed here. */
export interface UnansweredClient {
  callBuffer(...args: readonly (string | Buffer)[]): Promise<unknown>;
  readonly status: string;
  readonly stream?: {
    readonly writable: boolean;
    write(bytes: Buffer): unknown;
    /** What is written until `uncork` leaves together. */
    cork(): void;
    uncork(): void;
  };
}

/**
 * Sends commands whose replies nobody needs past ioredis, which would wait for them, and Redis sends none. A reply wakes the
 * process: with small messages, that is half the cost of a publish (measured). Other commands of the client keep their replies.
 */
export class UnansweredCommands {
  /** The connection that was asked, and whether Redis lets it do without replies. */
  #asked: UnansweredClient['stream'];
  #isAllowed = false;

  constructor(private readonly client: UnansweredClient) {}

  /** @returns false if the command has to be sent with a reply */
  send(args: readonly (string | Buffer)[]): boolean {
    const { status, stream } = this.client;
    if (status !== 'ready' || stream === undefined || !stream.writable) return false;
    if (stream !== this.#asked) void this.#ask(stream);
    if (!this.#isAllowed) return false;
    const last = args[args.length - 1];
    if (typeof last === 'string' || last.length < LONG_BYTES) {
      stream.write(encode(args));
      return true;
    }
    const head = encode(args.slice(0, -1), `$${last.length}\r\n`);
    stream.cork();
    stream.write(head);
    stream.write(last);
    stream.write(END_OF_LINE);
    stream.uncork();
    return true;
  }

  /** Access rules may forbid it, and a proxy may not know it. */
  async #ask(stream: UnansweredClient['stream']): Promise<void> {
    this.#asked = stream;
    this.#isAllowed = false;
    const reply = await this.client.callBuffer('CLIENT', 'REPLY', 'ON').catch(() => undefined);
    if (stream === this.#asked) this.#isAllowed = String(reply) === 'OK';
  }
}

/** @param next the beginning of one more argument, which is sent apart */
function encode(args: readonly (string | Buffer)[], next = ''): Buffer {
  let bytes = SKIP.length + 16 + next.length;
  for (const arg of args) bytes += 16 + (typeof arg === 'string' ? Buffer.byteLength(arg) : arg.length);
  const command = Buffer.allocUnsafe(bytes);
  let at = command.write(`${SKIP}*${args.length + (next === '' ? 0 : 1)}\r\n`, 'latin1');
  for (const arg of args) {
    const length = typeof arg === 'string' ? Buffer.byteLength(arg) : arg.length;
    at += command.write(`$${length}\r\n`, at, 'latin1');
    at += typeof arg === 'string' ? command.write(arg, at) : arg.copy(command, at);
    at += command.write('\r\n', at, 'latin1');
  }
  at += command.write(next, at, 'latin1');
  return command.subarray(0, at);
}
