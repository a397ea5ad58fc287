import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnDisconnect,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';
import { connect } from 'node:net';
import { z } from 'zod';
import { runs } from './support/fuzz.js';
import { startTestApp, type TestApp } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

/** These examples come first in every run. Add the findings of `npm run fuzz` here. */
function withExamples<T>(count: number, examples: T[]) {
  return { ...runs(count), examples };
}

type Action =
  | { do: 'connect'; room: number }
  | { do: 'send'; client: number; text: string }
  | { do: 'leave' | 'vanish' | 'be closed'; client: number }
  | { do: 'turn' };

const BACK_AFTER_CLOSE: Action[] = [
  { do: 'connect', room: 0 },
  { do: 'send', client: 0, text: 'timer' },
  { do: 'be closed', client: 0 },
  { do: 'connect', room: 0 },
];

describe('whatever comes', () => {
  let started: TestApp;
  let port: number;
  afterEach(() => started.close());

  async function start(provider: new (...args: never[]) => unknown): Promise<void> {
    started = await startTestApp({ providers: [provider] });
    port = Number(new URL(started.http).port);
  }

  /** Sends the request. Resolves with the first line of the answer; with an empty string if the connection ends without one. */
  function firstLineOf(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(request, 'latin1'));
      const timer = setTimeout(() => reject(new Error(`no answer to ${JSON.stringify(request)}`)), 5_000);
      const end = (line: string) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(line);
      };
      socket.once('data', (chunk: Buffer) => end(chunk.toString('latin1').split('\r\n', 1)[0]));
      socket.on('error', () => end(''));
      socket.on('close', () => end(''));
    });
  }

  describe('to the front door', () => {
    @JamsocketService()
    class NamedRoom {
      @OnConnect()
      connect(client: Client) {
        client.sendMessage(client.roomId);
      }
    }
    beforeEach(() => start(NamedRoom));

    const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/);
    const noise = fc.string({
      unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
      maxLength: 30,
    });
    const header = fc.oneof(
      fc.constantFrom(
        'Upgrade: websocket',
        'Upgrade: WebSocket',
        'Upgrade: h2c',
        'Connection: Upgrade',
        'Connection: keep-alive, Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Version: 8',
        'Sec-WebSocket-Version: 99',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Key: short',
        'Sec-WebSocket-Protocol: chat, superchat',
        'Sec-WebSocket-Protocol: chat,, chat',
        'Sec-WebSocket-Extensions: permessage-deflate',
        'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=abc',
        'Origin: https://evil.example',
        'Origin: null',
      ),
      fc.tuple(token, noise).map(([name, value]) => `${name}: ${value}`),
    );
    const path = fc.oneof(
      fc.constantFrom(
        '/ws/room',
        '/ws/',
        '/ws',
        '/ws/a/b',
        '/ws/%',
        '/ws/%00',
        '/ws/%ff',
        '/ws//',
        '/ws/../x',
        '/',
        '*',
        '//ws/room',
      ),
      noise.map((text) => `/ws/${text.replaceAll(/[ #?]/g, '')}`),
    );

    it('every upgrade request gets an answer, and the door stays open', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE'),
          path,
          fc.array(header, { maxLength: 10 }),
          async (method, url, headers) => {
            const line = await firstLineOf(
              [`${method} ${url} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n'),
            );
            if (line !== '') expect(line).toMatch(/^HTTP\/1\.1 (101|2\d\d|4\d\d|503) /);
          },
        ),
        withExamples(200, [['GET', '/ws/%', ['Sec-WebSocket-Protocol: chat,, chat']]]),
      );
      const client = await TestClient.connect(`${started.ws}/ws/still-open`);
      expect(await client.nextText()).toBe('still-open');
      await client.close();
    });

    it('every room id is taken as it is, or refused with 400', async () => {
      const handshake =
        'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
      const id = fc.oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 140 }),
        fc.constantFrom('__proto__', 'constructor', 'toString', '.', '..', '%', '%2F', ' '),
      );
      await fc.assert(
        fc.asyncProperty(id, async (room) => {
          const encoded = encodeURIComponent(room).replaceAll('.', '%2E');
          const line = await firstLineOf(`GET /ws/${encoded} HTTP/1.1\r\nHost: localhost\r\n${handshake}\r\n\r\n`);
          // "." and ".." are refused: no browser sends them in a path.
          // eslint-disable-next-line no-control-regex
          const isGood = room.length <= 128 && !/[\u0000-\u001f\u007f-\u009f]|^\.\.?$/.test(room);
          expect([room, line.split(' ')[1]]).toEqual([room, isGood ? '101' : '400']);
        }),
        withExamples(150, [['__proto__'], ['..'], ['%2F']]),
      );
    });
  });

  it('in an event: the room answers, and nothing of the language itself is touched', async () => {
    @JamsocketService()
    class EventsRoom {
      @OnMessage('move', z.object({ x: z.number() }))
      move(_client: Client, data: { x: number }) {
        return data.x;
      }
      @OnMessage('keep')
      keep(_client: Client, data: unknown) {
        return { event: 'kept', data };
      }
    }
    await start(EventsRoom);
    const before = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
    const client = await TestClient.connect(`${started.ws}/ws/room`);
    const name = fc.constantFrom('move', 'keep', '__proto__', 'constructor', 'hasOwnProperty', '', 'ping');
    const key = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'prototype', 'x'), fc.string({ maxLength: 5 }));
    const data = fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue(), { noNullPrototype: false }));
    const text = fc.oneof(
      fc
        .record({ event: name, data, id: fc.jsonValue() }, { requiredKeys: ['event'] })
        .map((value) => JSON.stringify(value)),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.constantFrom('{', '{"event":'),
      fc.string(),
    );
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(text, async (message) => {
        const id = `run ${runs++}`;
        client.send(message);
        client.emit('keep', id, id);
        await client.until(JSON.stringify({ event: 'kept', data: id, id }));
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      }),
      withExamples(500, [
        ['{"event":"keep","data":{"__proto__":{"polluted":true}}}'],
        ['{"__proto__":{"event":"keep"}}'],
      ]),
    );
    expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(before);
    await client.close();
  });

  it('in any mix of connects, messages, timers and closes: each room keeps its promises', async () => {
    /** The events of each instance, by the room's id, in the order of the instances. */
    const lives = new Map<string, string[][]>();

    @JamsocketService()
    class JournalRoom {
      private readonly life: string[] = [];
      private isBusy = false;

      constructor(private readonly ctx: JamsocketContext) {
        lives.set(ctx.roomId, [...(lives.get(ctx.roomId) ?? []), this.life]);
      }

      @OnCreate()
      create() {
        return this.note('create');
      }
      @OnConnect()
      connect(client: Client) {
        return this.note(`connect ${client.id}`);
      }
      @OnMessage()
      message(client: Client, text: string) {
        if (text === 'timer') this.ctx.setTimer(1);
        if (text === 'close') client.close(4000);
        return this.note(`message ${client.id} ${text}`);
      }
      @OnTimer()
      tick() {
        return this.note('tick');
      }
      @OnDisconnect()
      disconnect(client: Client) {
        return this.note(`disconnect ${client.id}`);
      }
      @OnDestroy()
      destroy() {
        return this.note('destroy');
      }

      /** Every handler takes a while, so that turns would overlap if they could. */
      private async note(what: string): Promise<void> {
        if (this.isBusy) this.life.push('overlap');
        this.isBusy = true;
        this.life.push(what);
        await new Promise((resolve) => setImmediate(resolve));
        this.isBusy = false;
      }
    }
    await start(JournalRoom);
    const rooms = started.app.get(JamsocketRooms);
    const action: fc.Arbitrary<Action> = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('connect' as const), room: fc.nat(1) }) },
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('send' as const),
          client: fc.nat(5),
          text: fc.constantFrom('a', 'b', 'timer'),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constantFrom('leave' as const, 'vanish' as const, 'be closed' as const),
          client: fc.nat(5),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
    );
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 25 }), async (actions) => {
        const run = runs++;
        lives.clear();
        const clients: TestClient[] = [];
        const closing: Promise<unknown>[] = [];
        for (const now of actions) {
          if (now.do === 'connect') {
            clients.push(await TestClient.connect(`${started.ws}/ws/run${run}-${now.room}`));
          } else if (now.do === 'turn') {
            await new Promise((resolve) => setImmediate(resolve));
          } else {
            const client = clients[now.client];
            if (client === undefined || client.socket.readyState !== client.socket.OPEN) continue;
            if (now.do === 'send') client.send(now.text);
            else if (now.do === 'leave') closing.push(client.close());
            else if (now.do === 'vanish') client.socket.terminate();
            else client.send('close');
          }
        }
        await Promise.all(clients.map((client) => client.close().catch(() => undefined)));
        await Promise.all(closing);
        for (const handle of await rooms.list()) await handle.close();
        const all = [...lives.values()].flat();
        while (all.some((life) => life.at(-1) !== 'destroy')) await new Promise((resolve) => setImmediate(resolve));
        for (const life of all) expectGoodLife(life);
      }),
      withExamples<[Action[]]>(30, [[BACK_AFTER_CLOSE]]),
    );
  });
});

/** Promises 1, 2, 3 and 6: one turn at a time, created first, destroyed last, each client connected, heard and disconnected in this order, once. */
function expectGoodLife(life: readonly string[]): void {
  expect(life).not.toContain('overlap');
  expect([life[0], life.at(-1)]).toEqual(['create', 'destroy']);
  expect(life.filter((entry) => entry === 'create' || entry === 'destroy')).toHaveLength(2);
  const ids = new Set(life.flatMap((entry) => /^(?:connect|message|disconnect) (\d+)/.exec(entry)?.[1] ?? []));
  for (const id of ids) {
    const own = life.filter((entry) => entry.split(' ')[1] === id).map((entry) => entry.split(' ')[0]);
    expect([own[0], own.at(-1)]).toEqual(['connect', 'disconnect']);
    expect(own.slice(1, -1).filter((kind) => kind !== 'message')).toEqual([]);
  }
}
