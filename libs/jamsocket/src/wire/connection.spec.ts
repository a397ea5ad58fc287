import { describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import { Duplex } from 'node:stream';
import { Connection } from './connection.js';
import { closeFrame } from './control-frame.js';
import { Frame } from './frame.js';
import { RecordingSink } from '../outbox/conformance/recording-sink.js';
import { NO_HEARTBEAT } from './heartbeat.js';
import type { RoomSocket, RoomSocketOwner } from './room-socket.js';
import { putWsOn } from './ws-handover.js';

const MAX_BUFFERED_BYTES = 1_000;

/** A socket whose kernel buffer is full. */
class StuckSocket extends EventEmitter {
  writableLength = 0;
  readonly written: string[] = [];

  write(bytes: Buffer): boolean {
    this.writableLength += bytes.length;
    this.written.push(bytes.toString());
    return false;
  }
}

class StubbedWs extends EventEmitter {
  isOpen = true;
  #owner: RoomSocketOwner | undefined;

  constructor(private readonly socket: StuckSocket) {
    super();
  }

  attach(owner: RoomSocketOwner): void {
    this.#owner = owner;
  }

  close(code: number): void {
    this.#owner!.closing();
    this.isOpen = false;
    this.socket.write(Buffer.from(`close ${code}`));
  }
}

describe('a connection whose peer does not read', () => {
  function stuck({ keepsVolatile = false } = {}) {
    const socket = new StuckSocket();
    const ws = new StubbedWs(socket);
    const closed: number[] = [];
    const behind = { told: 0 };
    const sink = {
      receiveText: () => undefined,
      receiveBinary: () => undefined,
      chunkRead: () => undefined,
      connectionBehind: () => behind.told++,
      connectionQuiet: () => undefined,
      connectionUnread: () => undefined,
      connectionClosing: () => undefined,
      connectionDropped: () => undefined,
      connectionClosed: (code: number) => closed.push(code),
    };
    const connection = new Connection(
      socket as unknown as Duplex,
      sink,
      { maxPayloadBytes: 1_000, maxBufferedBytes: MAX_BUFFERED_BYTES, maxPendingAutoPongs: 1 },
      NO_HEARTBEAT,
      ws as unknown as RoomSocket,
    );
    connection.keepsVolatile = keepsVolatile;
    for (const text of ['first', 'second', 'third', 'fourth']) connection.write(Buffer.from(text));
    return { socket, connection, closed, behind };
  }

  it('frees its unsent bytes when it is dropped', () => {
    const { socket, connection, closed } = stuck();
    expect(connection.write(Buffer.alloc(MAX_BUFFERED_BYTES))).toBe(false);
    const waiting = connection.bufferedBytes;
    connection.drop(1013, 'too far behind');
    expect(socket.written).toEqual(['first', 'second', 'close 1013']);
    expect(connection.bufferedBytes).toBe(waiting - 'thirdfourth'.length + 'close 1013'.length);
    expect(closed).toEqual([1013]);
  });

  it('tells that it is behind where its room has to know, and nowhere else', () => {
    expect(stuck({ keepsVolatile: true }).behind.told).toBeGreaterThan(0);
    expect(stuck().behind.told).toBe(0);
  });

  it('closes behind everything that was sent', () => {
    const { socket, connection, closed } = stuck();
    connection.close(1000);
    expect(socket.written.join(' ')).toBe('first second thirdfourth close 1000');
    expect(closed).toEqual([1000]);
  });
});

/** A socket whose peer reads nothing before `release`. */
class SlowSocket extends Duplex {
  written = '';
  #waiting: (() => void) | null = null;
  #isReleased = false;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written += chunk.toString('latin1');
    if (this.#isReleased) done();
    else this.#waiting = done;
  }

  release(): void {
    this.#isReleased = true;
    this.#waiting?.();
  }
}

/** A frame of a client, whose mask is zero. */
function frame(first: number, payload: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(payload as string);
  return Buffer.concat([Buffer.from([first, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

const TEXT = 0x81;
const TEXT_BEGIN = 0x01;
const TEXT_END = 0x80;
const PING = 0x89;
const closeOf = (code: number, reason = '') => frame(0x88, closeFrame({ code, reason }).subarray(2));

describe('a connection without a ws object', () => {
  function open({ onClosing = (_connection: Connection): void => undefined, hasWs = false } = {}) {
    const socket = new SlowSocket();
    const texts: string[] = [];
    const closed: [number, string][] = [];
    const watch = { now: 0, startBeats: () => undefined, paused: () => undefined, remove: () => undefined };
    const sink = {
      receiveText: (text: string) => void texts.push(text),
      receiveBinary: () => undefined,
      chunkRead: () => undefined,
      connectionBehind: () => undefined,
      connectionQuiet: () => undefined,
      connectionUnread: () => undefined,
      connectionDropped: () => undefined,
      connectionClosing: () => onClosing(connection),
      connectionClosed: (code: number, reason: string) => void closed.push([code, reason]),
    };
    const options = { autoPong: true, closeTimeout: 5_000 };
    const connection: Connection = new Connection(
      socket,
      sink,
      { maxPayloadBytes: 1_000, maxBufferedBytes: MAX_BUFFERED_BYTES, maxPendingAutoPongs: 2 },
      watch,
      hasWs ? putWsOn(socket, options) : (taken) => putWsOn(taken, options),
    );
    return { socket, connection, texts, closed, watch };
  }

  it('answers a close behind everything that was sent, and tells of it when the socket has closed', async () => {
    const { socket, connection, closed } = open({ onClosing: (it) => void it.write(Buffer.from('fourth')) });
    for (const text of ['first', 'second', 'third']) connection.write(Buffer.from(text));
    socket.push(closeOf(4001, 'enough'));
    socket.push(null);
    socket.release();
    await once(socket, 'close');
    expect(socket.written).toBe(
      `firstsecondthirdfourth${closeFrame({ code: 4001, reason: 'enough' }).toString('latin1')}`,
    );
    expect(closed).toEqual([[4001, 'enough']]);
    expect(connection.hasWs).toBe(false);
  });

  it('that is dropped for what was still to be sent to it before it closes sends one close frame', async () => {
    const { socket, closed } = open({ onClosing: (it) => it.drop(1013, 'too far behind') });
    socket.push(closeOf(4001));
    socket.push(null);
    socket.release();
    await once(socket, 'close');
    expect(socket.written).toBe(closeFrame({ code: 1013, reason: 'too far behind' }).toString('latin1'));
    expect(closed).toEqual([[1013, 'too far behind']]);
  });

  const encoded = (bytes: number) => {
    const text = Frame.text('x'.repeat(bytes - 4));
    const buffer = Buffer.alloc(text.bytes);
    text.writeTo(buffer, 0);
    return buffer;
  };

  it.each([true, false])('takes no frame that is more than may wait, though nothing waits (with ws: %s)', (hasWs) => {
    const { socket, connection } = open({ hasWs });
    const { length } = socket.written;
    const send = (bytes: number) =>
      hasWs ? connection.writeFrame(Frame.text('x'.repeat(bytes - 4))) : connection.write(encoded(bytes));
    expect(send(MAX_BUFFERED_BYTES + 1)).toBe(false);
    expect(socket.written).toHaveLength(length);
    expect(send(MAX_BUFFERED_BYTES)).toBe(true);
    expect(socket.written.length + socket.writableLength).toBeGreaterThanOrEqual(MAX_BUFFERED_BYTES);
    expect(send(200)).toBe(false);
  });

  it('takes frames that are more together for as long as its peer takes them, and never half of one', () => {
    const frames = Buffer.concat([1, 2, 3, 4, 5].map(() => encoded(300)));
    const fast = open();
    fast.socket.release();
    expect(fast.connection.write(frames)).toBe(true);
    expect(fast.socket.written).toBe(frames.toString('latin1'));

    const behind = open();
    expect(behind.connection.write(frames)).toBe(false);
    expect(behind.socket.written).toHaveLength(900);
    expect(behind.connection.bufferedBytes).toBe(900);
    expect(behind.connection.write(encoded(100))).toBe(true);
  });

  it('is not pinged while as much waits for it as may', () => {
    const { connection } = open();
    connection.ping();
    const { bufferedBytes } = connection;
    expect(bufferedBytes).toBe(2);
    connection.write(encoded(MAX_BUFFERED_BYTES - bufferedBytes));
    connection.ping();
    expect(connection.bufferedBytes).toBe(MAX_BUFFERED_BYTES);
  });

  it('is cut off by too many pings whose pongs do not leave', async () => {
    const { socket, closed } = open();
    socket.push(Buffer.concat([frame(PING, '1'), frame(PING, '2')]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(socket.destroyed).toBe(false);
    socket.push(Buffer.concat([frame(PING, '3'), frame(PING, '4')]));
    await once(socket, 'close');
    expect(closed).toEqual([[1006, '']]);
  });

  it.each([
    ['whole', Buffer.alloc(0), [frame(TEXT, 'one'), frame(TEXT, 'two'), closeOf(4001)]],
    [
      'in fragments',
      Buffer.alloc(0),
      [frame(TEXT_BEGIN, 'o'), frame(TEXT_END, 'ne'), frame(TEXT, 'two'), closeOf(4001)],
    ],
    [
      'the end of a message',
      frame(TEXT, 'one').subarray(0, 8),
      [frame(TEXT, 'one').subarray(8), frame(TEXT, 'two'), closeOf(4001)],
    ],
  ])(
    'reads to the end what its socket had received when it was lost during a pause: %s',
    async (_what, before, rest) => {
      const { socket, connection, texts, closed } = open();
      if (before.length > 0) socket.push(before);
      await new Promise((resolve) => setImmediate(resolve));
      connection.pause();
      for (const bytes of rest) socket.push(bytes);
      await new Promise((resolve) => setImmediate(resolve));
      expect(texts).toEqual([]);
      socket.destroy();
      await once(socket, 'close');
      while (closed.length === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(texts).toEqual(['one', 'two']);
      expect(closed).toEqual([[4001, '']]);
    },
  );

  it.each([true, false])('knows when it last heard of its peer, as others do (with ws: %s)', async (hasWs) => {
    const { socket, connection, watch } = open({ hasWs });
    watch.now = 7;
    socket.push(frame(TEXT, 'hello'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(connection.lastHeard).toBe(7);
    socket.destroy();
  });
});

describe('the beats of a connection', () => {
  /** A socket that keeps each write. */
  class ListeningSocket extends Duplex {
    readonly writes: string[] = [];

    override _read(): void {}

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
      this.writes.push(chunk.toString('latin1'));
      done();
    }
  }

  const short = (text: string) => String.fromCharCode(TEXT, text.length) + text;
  const [EMPTY, PING_FRAME] = [short(''), '\x89\0'];
  const ACKNOWLEDGEMENT = short('{"jamsocket":"token","handled":4}');
  const ANNOUNCEMENT = short('{"jamsocket":"token","handled":4,"beats":true}');

  function open(quiet: string | null = '{"jamsocket":"token","handled":4}') {
    const socket = new ListeningSocket();
    const watch = { now: 0, startBeats: () => undefined, paused: () => undefined, remove: () => undefined };
    let asked = 0;
    const sink = Object.assign(new RecordingSink(), { connectionQuiet: () => (asked++, quiet ?? undefined) as never });
    const limits = { maxPayloadBytes: 1_000, maxBufferedBytes: MAX_BUFFERED_BYTES, maxPendingAutoPongs: 2 };
    const options = { autoPong: true, closeTimeout: 5_000 };
    const connection = new Connection(socket, sink, limits, watch, (taken) => putWsOn(taken, options));
    const written = () => socket.writes.splice(0);
    return { socket, connection, watch, written, asked: () => asked };
  }

  /** In the state in which only beats are written. */
  function idle() {
    const opened = open();
    opened.connection.beat(false);
    opened.connection.beat(false);
    opened.written();
    return opened;
  }

  it('are announced, are the same for all, and carry a ping in the same write', () => {
    const { connection, watch, written, asked } = open();
    connection.beat(true);
    expect([written(), asked()]).toEqual([[PING_FRAME], 1]);
    watch.now = 7;
    connection.beat(false);
    expect([written().join(''), connection.lastSent]).toEqual([ANNOUNCEMENT + EMPTY, 7]);
    connection.beat(false);
    connection.beat(true);
    expect([written(), asked()]).toEqual([[EMPTY, EMPTY + PING_FRAME], 1]);
  });

  it('are left to the client and its room when the peer has said something, or may not know them', () => {
    const { socket, connection, written, asked } = idle();
    connection.read(frame(TEXT, 'hello'));
    connection.beat(false);
    expect([written(), asked()]).toEqual([[], 2]);
    connection.read(frame(0x8a));
    connection.beat(false);
    expect(written()).toEqual([EMPTY]);
    const other = open(null);
    for (let count = 0; count < 3; count++) other.connection.beat(true);
    expect([other.written(), other.asked()]).toEqual([[PING_FRAME, PING_FRAME, PING_FRAME], 3]);
    socket.destroy();
  });

  it.each([
    ['written at once', (connection: Connection, text: string) => connection.write(Buffer.from(short(text), 'latin1'))],
    ['written through ws', (connection: Connection, text: string) => connection.writeFrame(Frame.text(text))],
  ])('are told from messages that are %s', (_how, write) => {
    for (const [texts, expected] of [
      [[''], ACKNOWLEDGEMENT + EMPTY],
      [['hello', ''], short('hello') + EMPTY],
      [['', ''], ACKNOWLEDGEMENT + EMPTY + EMPTY],
    ] as const) {
      const { socket, connection, written } = idle();
      for (const text of texts) write(connection, text);
      expect(written().join('')).toBe(expected);
      connection.beat(false);
      expect(written().join('')).toBe(ANNOUNCEMENT + EMPTY);
      socket.destroy();
    }
  });

  it('are not in the way of an empty binary message, or of bytes that wait', () => {
    const { connection, written } = idle();
    connection.write(Buffer.from([0x82, 0]));
    expect(written()).toEqual(['\x82\0']);
  });
});
