import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { PlainEndpoint } from './plain-endpoint.js';
import { inputOf } from './reading/shared-input.js';

function isShared(chunk: Buffer): boolean {
  return chunk.buffer === inputOf(1).buffer;
}

/** Resolves with the first bytes, as many as `text` has. */
class Reader {
  received = '';
  readonly chunks: Buffer[] = [];
  #wanted: { length: number; resolve: (received: string) => void } | null = null;

  read(chunk: Buffer): void {
    this.received += chunk.toString();
    this.chunks.push(chunk);
    if (this.#wanted !== null && this.received.length >= this.#wanted.length) this.#wanted.resolve(this.received);
  }

  socketClosed(): void {}

  next(length: number): Promise<string> {
    if (this.received.length >= length) return Promise.resolve(this.received);
    return new Promise((resolve) => (this.#wanted = { length, resolve }));
  }
}

describe('a plain endpoint on a network socket', () => {
  let server: Server;
  let socket: Socket;
  let peer: Socket;
  let reader: Reader;
  let endpoint: PlainEndpoint;
  let dataEvents: number;

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
    [socket] = (await accepted) as [Socket];
    reader = new Reader();
    endpoint = new PlainEndpoint(socket, reader, 60);
    dataEvents = 0;
    const emit = socket.emit.bind(socket) as (event: string, ...args: unknown[]) => boolean;
    socket.emit = ((event: string, ...args: unknown[]) => {
      if (event === 'data') dataEvents++;
      return emit(event, ...args);
    }) as typeof socket.emit;
  });

  /** Until the stream has so many bytes. */
  async function readable(bytes: number): Promise<void> {
    for (let tries = 0; socket.readableLength < bytes && tries < 1000; tries++) await new Promise(setImmediate);
  }

  afterEach(() => {
    peer.destroy();
    socket.destroy();
    server.close();
  });

  it('takes chunks past the stream', async () => {
    peer.write('one');
    expect(await reader.next(3)).toBe('one');
    peer.write('two');
    expect(await reader.next(6)).toBe('onetwo');
    expect(dataEvents).toBe(0);
  });

  it('reads them into memory that all sockets share, and gives everybody else a copy', async () => {
    peer.write('one');
    await reader.next(3);
    expect(reader.chunks.map(isShared)).toEqual([true]);
    endpoint.pause();
    peer.write('two');
    await readable(3);
    endpoint.resume();
    await reader.next(6);
    expect(reader.chunks.map(isShared)).toEqual([true, false]);
    endpoint.release();
    const chunk = once(socket, 'data');
    peer.write('three');
    expect((await chunk).map(isShared)).toEqual([false]);
  });

  it('does not keep them from others that listen', async () => {
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString()));
    peer.write('one');
    expect(await reader.next(3)).toBe('one');
    expect(heard).toBe('one');
    endpoint.pause();
    endpoint.resume();
    peer.write('two');
    expect(await reader.next(6)).toBe('onetwo');
    expect(heard).toBe('onetwo');
  });

  it('leaves them to somebody who wants to be asked', async () => {
    await new Promise(setImmediate);
    const readable = new Promise<string>((resolve) => socket.on('readable', () => resolve(String(socket.read()))));
    peer.write('asked for');
    expect(await readable).toBe('asked for');
  });

  it.each([
    ['has the socket', () => undefined],
    ['has given the socket to somebody else', () => endpoint.release()],
  ])('reads on for the stream while that is paused, once or twice, and it %s', async (_what, prepare) => {
    peer.write('one');
    await reader.next(3);
    prepare();
    socket.pause();
    peer.write('two');
    await readable(3);
    socket.pause();
    peer.write('three');
    await readable(8);
    expect(socket.readableLength).toBe(8);
    const failed = new Promise<unknown>((resolve) => socket.once('error', resolve));
    peer.resetAndDestroy();
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
  });

  it('takes them past the stream again when a pause is over', async () => {
    endpoint.pause();
    endpoint.resume();
    peer.write('one');
    expect(await reader.next(3)).toBe('one');
    expect(dataEvents).toBe(0);
  });

  describe.each([
    ['before', false],
    ['while', true],
  ])('whose stream is paused %s it flows', (_what, flows) => {
    beforeEach(async () => {
      if (flows) await new Promise(setImmediate);
    });

    it('leaves to the stream what comes during a pause, and reads it in order afterwards', async () => {
      endpoint.pause();
      peer.write('held');
      await readable(4);
      expect(reader.received).toBe('');
      expect(socket.readableLength).toBe(4);
      endpoint.resume();
      expect(await reader.next(4)).toBe('held');
      peer.write('more');
      expect(await reader.next(8)).toBe('heldmore');
    });

    it('does not let a chunk overtake what the stream still has', async () => {
      endpoint.pause();
      socket.push(Buffer.from('first '));
      endpoint.resume();
      socket.push(Buffer.from('second'));
      expect(await reader.next(12)).toBe('first second');
    });

    it('stops reading from the peer when the stream is full, and loses nothing', async () => {
      const text = 'x'.repeat(4 * 1024 * 1024) + 'end';
      endpoint.pause();
      peer.write(text);
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
      expect(socket.readableLength).toBeLessThanOrEqual(socket.readableHighWaterMark + 64 * 1024);
      endpoint.resume();
      expect(await reader.next(text.length)).toBe(text);
    });
  });

  it('hears of the end behind the last chunk', async () => {
    const closed = once(socket, 'close');
    peer.end('last');
    await closed;
    expect(reader.received).toBe('last');
    expect(endpoint.isOpen).toBe(false);
  });

  it('gives the socket back as it was', async () => {
    endpoint.release();
    const chunk = once(socket, 'data');
    peer.write('for another');
    expect(String(await chunk)).toBe('for another');
    expect(reader.received).toBe('');
  });
});

it('leaves a Duplex alone that waits to be asked for each chunk', async () => {
  const chunks = ['one', 'two', 'three', null];
  const duplex = new Duplex({
    read() {
      this.push(chunks.shift());
    },
    write: (_chunk, _encoding, done) => done(),
  });
  const reader = new Reader();
  new PlainEndpoint(duplex, reader, 60);
  await once(duplex, 'end');
  expect(reader.received).toBe('onetwothree');
});
