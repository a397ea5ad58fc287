import { HEAD_BYTES, longMessage, TO_OWNER } from './messages.js';

/** What is gathered fits into one message of the relay (`MAX_RELAY_BYTES`). */
const MAX_BYTES = 60 * 1_024;
/** Before each client message: the channel, and its length with its form. */
const ENTRY_BYTES = 8;

/** How the bytes of a client message are to be read. */
export const FORM = {
  utf8: 0,
  /** A text with one byte for each character, which is decoded faster. */
  ascii: 1,
  binary: 2,
} as const;
const FORM_BITS = 2;
const FORM_MASK = 3;

/**
 * What clients of one edge have said since anything else was said of them, in order: it goes to the owner as one message. One
 * message for each would cost both nodes more than the work with it (measured).
 */
export class GatheredMessages {
  /** Always the same memory, made when a client speaks for the first time. */
  #bytes: Buffer | null = null;
  #end = 0;

  /** Whether a client message of so many bytes is gathered at all. */
  takes(bytes: number): boolean {
    return ENTRY_BYTES + bytes <= MAX_BYTES;
  }

  /** Whether a client message of so many bytes can be added to what has been gathered. */
  fits(bytes: number): boolean {
    return this.#end + ENTRY_BYTES + bytes <= MAX_BYTES;
  }

  get isEmpty(): boolean {
    return this.#end === 0;
  }

  /** @param bytes length of the text in UTF-8 */
  addText(channel: number, text: string, bytes: number): void {
    const isAscii = bytes === text.length;
    const at = this.#begin(channel, bytes, isAscii ? FORM.ascii : FORM.utf8);
    this.#bytes!.write(text, at, bytes, isAscii ? 'latin1' : 'utf8');
  }

  addBinary(channel: number, bytes: Uint8Array): void {
    const at = this.#begin(channel, bytes.length, FORM.binary);
    this.#bytes!.set(bytes, at);
  }

  /** @returns the message, if there is one, to be sent with `HEADROOM_BYTES` */
  take(): Buffer | undefined {
    if (this.#end === 0) return undefined;
    const message = longMessage(TO_OWNER.messages, 0, this.#end);
    this.#bytes!.copy(message, HEAD_BYTES, 0, this.#end);
    this.#end = 0;
    return message;
  }

  /** @returns where the bytes of the client message begin */
  #begin(channel: number, bytes: number, form: number): number {
    const memory = (this.#bytes ??= Buffer.allocUnsafeSlow(MAX_BYTES));
    const at = memory.writeUInt32LE((bytes << FORM_BITS) | form, memory.writeUInt32LE(channel, this.#end));
    this.#end = at + bytes;
    return at;
  }
}

/** Takes what a client has said. The bytes are those of several messages, of which `from` to `to` is one. */
export interface SayingClient {
  said(form: number, bytes: Buffer, from: number, to: number): void;
}

type ReceiveRun = (channel: number, from: number, to: number, messages: Buffer) => void;

/**
 * Divides gathered messages into runs: messages of one client that follow each other.
 * @param receive gets the channel of each run, and the part of the messages that `readRun` reads
 * @throws RangeError if the message ends early
 */
export function eachRun(messages: Buffer, receive: ReceiveRun): void {
  for (let at = HEAD_BYTES; at < messages.length;) {
    const from = at;
    const channel = messages.readUInt32LE(at);
    do at += ENTRY_BYTES + (messages.readUInt32LE(at + 4) >>> FORM_BITS);
    while (at < messages.length && messages.readUInt32LE(at) === channel);
    if (at > messages.length) throw new RangeError('A message ends early.');
    receive(channel, from, at, messages);
  }
}

/** Tells a client what it has said, message by message. */
export function readRun(client: SayingClient, messages: Buffer, from: number, to: number): void {
  for (let at = from; at < to;) {
    const head = messages.readUInt32LE(at + 4);
    at += ENTRY_BYTES;
    const end = at + (head >>> FORM_BITS);
    client.said(head & FORM_MASK, messages, at, end);
    at = end;
  }
}
