import { Injectable, UseGuards, type CanActivate } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketClock,
  JamsocketContext,
  JamsocketRooms,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnDisconnect,
} from 'nestjs-jamsocket';
import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Gate, Journal } from './support/gate.js';
import { roundTrip } from './support/round-trip.js';
import { startTestApp, type TestApp, itOnOneNode } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();
let gate: Gate;

class SlowGuard implements CanActivate {
  async canActivate(): Promise<boolean> {
    journal.add('guard asked');
    await gate.opened;
    return true;
  }
}

/** Injects a room-scoped provider, so that the room is created before this guard runs. */
@Injectable()
class RoomGuard implements CanActivate {
  constructor(private readonly ctx: JamsocketContext) {}

  async canActivate(): Promise<boolean> {
    journal.add(`guard of ${this.ctx.roomId} asked`);
    await gate.opened;
    return !this.ctx.roomId.startsWith('closed');
  }
}

abstract class JournalRoom {
  @OnConnect()
  connect() {
    journal.add('connect');
  }
  @OnDisconnect()
  disconnect() {
    journal.add('disconnect');
  }
}

@JamsocketService('guarded')
class GuardedRoom extends JournalRoom {
  @OnCreate()
  create() {
    journal.add('room made for nobody');
  }
  @UseGuards(SlowGuard)
  @OnConnect()
  override connect() {
    super.connect();
  }
}

@JamsocketService('inside')
class GuardedInsideRoom extends JournalRoom {
  @UseGuards(RoomGuard)
  @OnConnect()
  override connect() {
    super.connect();
  }
}

@JamsocketService('slow')
class SlowRoom extends JournalRoom {
  @OnCreate()
  async create() {
    journal.add('create');
    await gate.opened;
  }
}

describe('a client that leaves before it has joined leaves no trace', () => {
  let started: TestApp;
  /** Timers that the library has set and neither cleared nor seen fire. */
  let timers: Set<unknown>;

  beforeEach(async () => {
    gate = new Gate();
    journal.clear();
    const providers = [GuardedRoom, GuardedInsideRoom, SlowRoom, RoomGuard];
    started = await startTestApp({ providers, options: { limits: { maxConnections: 2 } } });
    timers = watchTimers(started.app.get(JamsocketClock));
  });
  afterEach(() => started.close());

  async function knock(path: string): Promise<Socket> {
    const { port, hostname } = new URL(started.http);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(
      `GET /ws/${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    return socket;
  }

  async function leave(socket: Socket, how: string): Promise<void> {
    if (how === 'a reset') socket.resetAndDestroy();
    else socket.destroy();
    await once(socket, 'close');
    // The server keeps its end of a connection that was only ended.
    if (how === 'a reset') await untilServerHasNoConnection();
  }

  async function untilServerHasNoConnection(): Promise<void> {
    const server = started.app.getHttpServer() as Server;
    while ((await promisify(server.getConnections.bind(server))()) > 0) await sleep(5);
  }

  async function expectNothingLeft(): Promise<void> {
    const rooms = started.app.get(JamsocketRooms);
    const deadline = performance.now() + 30_000;
    while (rooms.localRooms().length > 0 && performance.now() < deadline) await sleep(5);
    expect(rooms.localRooms()).toEqual([]);
    const countOf = (what: string) => journal.entries.filter((entry) => entry === what).length;
    expect(countOf('disconnect')).toBe(countOf('connect'));
    // A cluster may still wait for its answer that the room is free.
    while (timers.size > 0 && performance.now() < deadline) await sleep(5);
    expect(timers.size).toBe(0);
    // Both of the two places are free again.
    const next = await Promise.all([1, 2].map(() => TestClient.connect(`${started.ws}/ws/slow/next`)));
    await Promise.all(next.map((client) => client.close()));
  }

  const waits = [
    ['guarded/a', 'guard asked'],
    ['inside/a', 'guard of a asked'],
    ['inside/closed', 'guard of closed asked'],
    ['slow/a', 'create'],
  ];
  it.each(waits.flatMap(([path, entry]) => ['a reset', 'an end'].map((how) => [path, how, entry])))(
    '%s, by %s',
    async (path, how, entry) => {
      const socket = await knock(path);
      await journal.has(entry);
      await leave(socket, how);
      gate.open();
      await untilServerHasNoConnection();
      await roundTrip(started);
      await expectNothingLeft();
      if (how === 'a reset') {
        expect(journal.entries.slice(0, 2)).not.toContain('connect');
        expect(journal.entries).not.toContain('room made for nobody');
      }
    },
  );

  it('in a guard that never ends, by a reset: not even the time of the handshake is waited for', async () => {
    const socket = await knock('guarded/a');
    await journal.has('guard asked');
    expect(timers.size).toBe(1);
    await leave(socket, 'a reset');
    expect(timers.size).toBe(0);
  });

  it('a guard of the room that says no gives its place back', async () => {
    gate.open();
    expect((await TestClient.refused(`${started.ws}/ws/inside/closed`)).status).toBe(403);
    await expectNothingLeft();
  });

  it('refusals that nobody waits for are no errors', async () => {
    for (let n = 0; n < 50; n++) {
      const socket = await knock(n % 2 === 0 ? 'no/such/service' : 'guarded/%zz');
      await once(socket, 'connect');
      if (n % 3 > 0) await sleep(n % 3);
      socket.resetAndDestroy();
    }
    gate.open();
    await untilServerHasNoConnection();
    await expectNothingLeft();
  });

  itOnOneNode('clients that wait for a room when the server begins to stop are told so', async () => {
    const refused = Promise.all(['guarded/a', 'slow/a'].map((path) => TestClient.refused(`${started.ws}/ws/${path}`)));
    await journal.has('guard asked');
    await journal.has('create');
    const closing = started.close();
    for (const answer of await refused) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'draining' }, headers: { 'retry-after': '1' } });
    }
    gate.open();
    await closing;
  });
});

function watchTimers(clock: JamsocketClock): Set<unknown> {
  const pending = new Set<unknown>();
  const set = clock.setTimeout.bind(clock);
  const clear = clock.clearTimeout.bind(clock);
  clock.setTimeout = (callback, ms) => {
    const timer = set(() => {
      pending.delete(timer);
      callback();
    }, ms);
    pending.add(timer);
    return timer;
  };
  clock.clearTimeout = (timer) => {
    pending.delete(timer);
    clear(timer);
  };
  return pending;
}
