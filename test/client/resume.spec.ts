import { describe, expect, it } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import { Arrivals } from './support/fake-server.js';
import { join, startServer } from './support/fixture.js';
import { Gate } from '../support/gate.js';

describe('a client whose connection is lost', () => {
  it('comes back with its token and the number of frames it has received', async () => {
    const server = await startServer();
    const room = join(server.url);
    const texts = new Arrivals<string>('text');
    room.onText((text) => texts.add(text));
    const first = await server.welcomed({ jamsocket: 'first', client: 7 });
    expect(first.offered).toEqual(['jamsocket.plain', 'jamsocket.v1']);
    expect(await room.until('open')).toMatchObject({ clientId: 7, resumed: false, resumable: true, unconfirmed: 0 });
    first.send('one');
    first.acknowledge(0, 'first');
    first.send('two');
    expect([await texts.next(), await texts.next()]).toEqual(['one', 'two']);
    first.cut();
    expect(await room.until('reconnecting')).toMatchObject({ attempt: 1, inMs: 0, code: 1006 });

    const second = await server.connection();
    expect(second.offered).toEqual(['jamsocket.plain', 'jamsocket.v1', 'jamsocket.resume.first.2']);
    await second.welcome({ jamsocket: 'second', client: 7, resumed: true });
    expect(await room.until('open')).toMatchObject({ clientId: 7, resumed: true, unconfirmed: 0 });
    second.send('three');
    expect(await texts.next()).toBe('three');
    second.cut();
    expect((await server.connection()).offered[2]).toBe('jamsocket.resume.second.3');
  });

  it('does not count the frame after `uncounted`, and hears it like any other', async () => {
    const server = await startServer();
    const room = join(server.url);
    const uncounted = '{"jamsocket":"token","uncounted":true}';
    const first = await server.welcomed({ beatMs: 0 });
    for (const frame of ['1', uncounted, 'early', '2', uncounted]) first.send(frame);
    expect([await room.untilText(), await room.untilText(), await room.untilText()]).toEqual(['1', 'early', '2']);
    first.cut();
    const second = await server.connection();
    expect(second.offered[2]).toBe('jamsocket.resume.token.2');
    await second.welcome({ beatMs: 0, resumed: true });
    second.send('3');
    expect(await room.untilText()).toBe('3');
    second.cut();
    expect((await server.connection()).offered[2]).toBe('jamsocket.resume.token.3');
  });

  it('answers a question for a new token with the one it gets now, on the connection that asked', async () => {
    const server = await startServer();
    const tokens: (string | undefined | Promise<never>)[] = ['first', 'second "quoted"', undefined];
    const gate = new Gate();
    let calls = 0;
    const token = async () => {
      calls++;
      if (tokens.length > 0) return tokens.shift();
      await gate.opened;
      return calls === 5 ? 'late' : Promise.reject(new Error('no token'));
    };
    const room = join(server.url, { token });
    const ask = '{"jamsocket":"token","auth":true}';
    const first = await server.welcomed({ beatMs: 0 });
    first.send(ask);
    expect(await first.next()).toBe('{"jamsocket":"token","auth":"second \\"quoted\\""}');
    // Without a token it says nothing, and it still counts its messages from the first one.
    for (const frame of [ask, 'heard', ask]) first.send(frame);
    expect(await room.untilText()).toBe('heard');
    first.cut();
    tokens.push('third');
    const second = await server.connection();
    expect(second.offered[2]).toBe('jamsocket.resume.token.1');
    await second.welcome({ jamsocket: 'other', beatMs: 0, resumed: true });
    gate.open();
    room.send('after it');
    expect(await second.next()).toBe('after it');
    expect(second.hasNothingMore).toBe(true);
  });

  it('sends again what the server has not received, and then what has waited', async () => {
    const server = await startServer();
    const room = join(server.url);
    const first = await server.welcomed();
    for (const text of ['1', '2', '3']) room.send(text);
    expect(await first.take(3)).toEqual(['1', '2', '3']);
    first.cut();
    await room.until('reconnecting');
    room.send('4');
    room.send(new Uint8Array([5]));

    const second = await server.welcomed({ resumed: true, received: 1 });
    expect(await second.take(3)).toEqual(['2', '3', '4']);
    expect(await second.next()).toEqual(Buffer.from([5]));
    expect(second.hasNothingMore).toBe(true);
  });

  it('does not send again what waits in the room, and does not take it for handled', async () => {
    const server = await startServer();
    const room = join(server.url);
    const first = await server.welcomed();
    for (const text of ['1', '2', '3', '4']) room.send(text);
    await first.take(4);
    first.acknowledge(1);
    first.cut();
    const second = await server.welcomed({ resumed: true, received: 3, handled: 2 });
    expect(await second.next()).toBe('4');
    expect(second.hasNothingMore).toBe(true);
    // The server goes down before the third has had its turn.
    second.cut();
    await server.welcomed({ client: 2, lost: 'unknown' });
    await room.until('reconnecting');
    await room.until('open');
    expect(await room.until('reconnecting')).toBeDefined();
    expect(await room.until('open')).toMatchObject({ clientId: 2, unconfirmed: 2 });
  });

  it('drops acknowledged frames', async () => {
    const server = await startServer();
    const room = join(server.url);
    const first = await server.welcomed();
    for (let count = 1; count <= 40; count++) room.send(String(count));
    await first.take(40);
    first.acknowledge(32);
    first.send('behind it');
    await new Promise((resolve) => room.onText(resolve));
    first.cut();
    // The client cannot resume: only unacknowledged messages are in doubt.
    await server.welcomed({ client: 2, lost: 'gap' });
    expect(await room.until('reconnecting')).toBeDefined();
    expect(await room.until('open')).toMatchObject({ clientId: 2, resumed: false, lost: 'gap', unconfirmed: 8 });
  });

  it('counts from 0 as a new client, and sends it only what had never been sent', async () => {
    const server = await startServer();
    const room = join(server.url);
    const first = await server.welcomed();
    room.send('sent');
    first.send('heard');
    await new Promise((resolve) => room.onText(resolve));
    first.cut();
    await room.until('reconnecting');
    room.send('waited');

    const second = await server.welcomed({ jamsocket: 'new', client: 2, lost: 'unknown' });
    expect(await room.until('open')).toMatchObject({ resumed: false, lost: 'unknown', unconfirmed: 1 });
    expect(await second.next()).toBe('waited');
    expect(second.hasNothingMore).toBe(true);
    second.cut();
    expect((await server.connection()).offered[2]).toBe('jamsocket.resume.new.0');
  });

  it('keeps bytes as they were when they were sent', async () => {
    const server = await startServer();
    const room = join(server.url);
    const bytes = new Uint8Array([1, 2, 3]);
    room.send(bytes);
    bytes.fill(0);
    expect(await (await server.welcomed()).next()).toEqual(Buffer.from([1, 2, 3]));
  });

  it('sends the bytes of whatever has some, and nothing else', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed();
    const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    const ofAnotherFrame = runInNewContext('new Uint8Array([1, 2]).buffer') as ArrayBuffer;
    const sent: [ArrayBuffer | ArrayBufferView, number[]][] = [
      [new Uint16Array([0x0201, 0x0403]), [1, 2, 3, 4]],
      [new Float64Array([1]), [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]],
      [bytes.subarray(2, 4), [3, 4]],
      [new DataView(bytes.buffer, 6), [7, 8]],
      [bytes.buffer, [...bytes]],
      [ofAnotherFrame, [1, 2]],
      [Buffer.from('hi'), [104, 105]],
      [new ArrayBuffer(0), []],
    ];
    for (const [data] of sent) room.send(data);
    bytes.fill(0);
    new Uint8Array(ofAnotherFrame).fill(0);
    for (const [, expected] of sent) expect(await connection.next()).toEqual(Buffer.from(expected));
    for (const data of [new Blob(['x']), null, undefined, {}, 3, true, [1, 2], new String('text'), Symbol('s')])
      expect(() => room.send(data as string)).toThrow(/^send\(\) takes a string, an ArrayBuffer or a view/);
    room.send('last');
    expect(await connection.next()).toBe('last');
  });

  it('hears from the room what only looks like an acknowledgement', async () => {
    const server = await startServer();
    const room = join(server.url);
    const connection = await server.welcomed();
    connection.acknowledge(1, 'of another');
    expect(await new Promise((resolve) => room.onText(resolve))).toBe('{"jamsocket":"of another","handled":1}');
  });

  it('is a new client where the server keeps no places', async () => {
    const server = await startServer();
    const room = join(server.url);
    const first = await server.welcomed({ windowMs: 0 });
    expect(await room.until('open')).toMatchObject({ clientId: 1, resumable: false });
    first.cut();
    const second = await server.connection();
    expect(second.offered).toEqual(['jamsocket.plain', 'jamsocket.v1']);
    await second.welcome({ client: 2, windowMs: 0 });
    expect(await room.until('open')).toMatchObject({ clientId: 2, resumed: false, unconfirmed: undefined });
  });

  it('gives up a connection without a welcome, and keeps its token', async () => {
    const server = await startServer();
    const room = join(server.url, { connectTimeoutMs: 1_000 });
    (await server.welcomed()).cut();
    const silent = await server.connection();
    expect(await silent.closed).toMatchObject({ code: 4408 });
    const third = await server.connection();
    expect(third.offered[2]).toBe('jamsocket.resume.token.0');
    await third.welcome({ resumed: true });
    expect(await room.until('open')).toBeDefined();
  });
});

describe('what waits for a connection', () => {
  it('is sent in order once there is one', async () => {
    const server = await startServer();
    const room = join(server.url);
    room.emit('a', 1);
    room.send('b');
    const connection = await server.welcomed();
    expect(await connection.take(2)).toEqual(['{"event":"a","data":1}', 'b']);
  });

  it('is bounded in messages', () => {
    const room = join('ws://127.0.0.1:1/', { autoConnect: false, maxQueuedMessages: 2 });
    room.send('1');
    room.send('2');
    expect(() => room.send('3')).toThrow(expect.objectContaining({ name: 'RoomError', code: 'queue_full' }));
  });

  it('is bounded in bytes of UTF-8', () => {
    const room = join('ws://127.0.0.1:1/', { autoConnect: false, maxQueuedBytes: 4 });
    room.send('ä');
    room.send(new Uint8Array(2));
    expect(() => room.send('x')).toThrow(expect.objectContaining({ code: 'queue_full' }));
  });

  it('is not bounded while there is a connection', async () => {
    const server = await startServer();
    const room = join(server.url, { maxQueuedMessages: 1, maxQueuedBytes: 1 });
    const connection = await server.welcomed();
    await room.opened;
    for (let count = 0; count < 100; count++) room.send('longer');
    expect(await connection.take(100)).toHaveLength(100);
  });

  it('is counted as unsent if the room is left', async () => {
    const room = join('ws://127.0.0.1:1/', { autoConnect: false });
    room.send('1');
    room.close();
    expect(room.connection).toMatchObject({ status: 'closed', cause: 'left', unsent: 1, unconfirmed: 0 });
    expect(() => room.send('2')).toThrow(expect.objectContaining({ code: 'closed' }));
  });
});
