import { beforeEach, describe, expect, it } from '@jest/globals';
import { State } from '../decorators/state.decorator.js';
import { ClientRequest } from '../members/client-request.js';
import { Client } from '../members/client.js';
import { ReplayLog } from '../sessions/replay-log.js';
import { Session } from '../sessions/session.js';
import type { StoredRecord } from '../store/room-store.js';
import { VirtualClock } from '../testing/time/virtual-clock.js';
import { Frame } from '../wire/frame.js';
import { readRecord } from './read-record.js';
import { type SavedTimer } from './record.js';
import type { RecordedRoom } from './recorded-room.js';
import { RoomRecorder, type RecordDelta } from './room-recorder.js';
import { RoomStateFields } from './room-state.js';

class Ledger {
  @State() total = 0;
  @State() entries: unknown[] = [];
}

/** A record as a store keeps it. */
class Stored implements StoredRecord {
  parts: Record<string, Uint8Array> = {};
  segments: { number: number; bytes: Uint8Array }[] = [];
  sequence = 0;
  isReleased = false;

  write({ parts, segments = [], keepFrom = 0 }: RecordDelta): void {
    Object.assign(this.parts, parts);
    this.segments = [...this.segments, ...segments].filter(({ number }) => number >= keepFrom);
    this.sequence++;
  }
}

describe('what is written of a room', () => {
  let service: Ledger;
  let clock: VirtualClock;
  let clients: Map<number, Client>;
  let leaving: Set<Client>;
  let timers: SavedTimer[];
  let shared: Record<string, unknown> | null;
  let log: ReplayLog | null;
  let stored: Stored;
  let recorder: RoomRecorder;

  beforeEach(() => {
    service = new Ledger();
    clock = new VirtualClock();
    clients = new Map();
    leaving = new Set();
    timers = [];
    shared = null;
    log = null;
    stored = new Stored();
    recorder = recorderWith('turn');
  });

  const recorderWith = (save: 'turn' | 'everyMs') =>
    new RoomRecorder(new RoomStateFields([service], { version: 1 }), save === 'turn');

  const room = (): RecordedRoom => ({
    className: 'Ledger',
    clients,
    leaving,
    log,
    shared,
    nextId: Math.max(0, ...clients.keys()),
    clientKeys: new Map(),
    timers,
    dueAt: null,
    wallOffset: 1_000,
    wallNow: 1_000 + clock.now(),
  });

  /** @returns names of the parts that were written, and how many segments */
  function write(endedBy: 'restart' | null = null): string | undefined {
    const delta = recorder.take(room(), endedBy);
    if (delta === undefined) return undefined;
    stored.write(delta);
    stored.isReleased = endedBy !== null;
    return [...Object.keys(delta.parts ?? {}).sort(), ...(delta.segments ?? []).map(() => 'segment')].join(' ');
  }

  function join(id: number, isResumable = true): Client {
    const request = ClientRequest.restored('/ws/room', '::1');
    const client = new Client(request, { key: 'room', roomId: 'room', params: {} });
    client.id = id;
    clients.set(id, client);
    if (!isResumable) return client;
    client.session = new Session(`token ${id}`);
    client.session.clientId = id;
    (log ??= newLog()).join(client.session);
    return client;
  }

  const newLog = (maxBytes = 1_000_000) => new ReplayLog(maxBytes, 60_000, clock, 1_000_000);
  const handled = (client: Client) => {
    client.session!.received++;
    client.session!.countHandled(1);
  };
  const read = () => readRecord(stored);

  it('is everything at first, and then what has changed', () => {
    const client = join(1);
    expect(write()).toBe('base data state');
    expect(write()).toBeUndefined();
    service.total = 5;
    expect(write()).toBe('at state');
    client.data = { name: 'ann' };
    clock.moveTo(250);
    expect(write()).toBe('at data');
    expect(read().base.savedAt).toBe(1_250);
    log!.broadcast(Frame.text('hello'), []);
    expect(write()).toBe('segment');
    handled(client);
    expect(write()).toBe('segment');
    timers = [{ name: 't', dueAt: 7, attempt: 1 }];
    expect(write()).toBe('segment');
    expect(write()).toBeUndefined();
    const { base, entries, data } = read();
    expect(base.members).toMatchObject([{ id: 1, session: { handled: 1 } }]);
    expect(base.timers).toEqual(timers);
    expect(base.broadcasts).toBe(1);
    expect(entries).toEqual([{ payload: 'hello', isVolatile: false, to: null, except: [] }]);
    expect(data).toEqual([[1, { name: 'ann' }, []]]);
  });

  it.each(['turn', 'everyMs'] as const)('has the shared state once, and then its patches (%s)', (save) => {
    recorder = recorderWith(save);
    shared = { board: Object.freeze({ players: { ann: { x: 0 } }, log: [] }) };
    expect(write()).toBe('base data shared state');
    expect(write()).toBeUndefined();
    shared = { board: { players: { ann: { x: 5 } }, log: [] } };
    expect(write()).toBe('segment');
    expect(stored.segments.at(-1)!.bytes.length).toBeLessThan(300);
    expect(read().shared).toEqual(shared);
    shared = { ...shared, score: [1] };
    expect(write()).toBe('segment');
    expect(read().shared).toEqual(shared);
    join(1);
    expect(write()).toBe('base shared');
    join(2);
    expect(write()).toBe(save === 'turn' ? 'segment' : 'base');
    expect(read().shared).toEqual(shared);
  });

  it('has the shared state whole again when its patches have become longer', () => {
    shared = { text: '' };
    write();
    const written = new Set<string | undefined>();
    for (let step = 0; step < 40; step++) {
      shared = { text: `${step} `.repeat(100) };
      written.add(write());
      expect(read().shared).toEqual(shared);
      expect(stored.segments.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(10_000);
    }
    expect(written).toEqual(new Set(['segment', 'base shared']));
    shared = { text: 'last' };
    expect(write('restart')).toBe('base shared');
    expect(read().shared).toEqual(shared);
  });

  it('says who has come, left, and is leaving', () => {
    const [ann, bob] = [join(1), join(2)];
    write();
    clients.delete(1);
    leaving.add(ann);
    expect(write()).toBe('segment');
    expect(read().base).toMatchObject({ members: [{ id: 2 }], leaving: [{ id: 1 }] });
    leaving.clear();
    join(3);
    expect(write()).toBe('segment');
    expect(read().base).toMatchObject({ members: [{ id: 2 }, { id: 3 }], leaving: [], nextId: 3 });
    bob.session!.renew('new token', 'token 2');
    write();
    expect(read().base.members[0].session!.tokens).toEqual(['new token', 'token 2']);
  });

  it('begins with a new base now and then, and drops unneeded segments', () => {
    const client = join(1);
    log = newLog(3_000);
    log.join(client.session!);
    write();
    let bases = 0;
    for (let turn = 0; turn < 500; turn++) {
      service.total = turn;
      handled(client);
      log.broadcast(Frame.text(`message ${turn}`), []);
      if (write()!.includes('base')) bases++;
      const record = read();
      expect(record.base.members[0].session!.handled).toBe(turn + 1);
      expect(record.base.broadcasts).toBe(turn + 1);
      expect(record.entries.at(-1)!.payload).toBe(`message ${turn}`);
      // The log has everything that a client may still need.
      expect(record.firstEntry).toBeLessThanOrEqual(log.first);
      expect(record.firstEntry + record.entries.length).toBe(log.next);
    }
    expect(bases).toBe(Math.floor(500 / 64));
    expect(stored.segments.length).toBeLessThanOrEqual(64);
  });

  it('keeps the segments of a log that is longer than the distance of two bases', () => {
    join(1);
    write();
    for (let turn = 0; turn < 200; turn++) {
      log!.broadcast(Frame.text(`message ${turn}`), []);
      write();
    }
    expect(read().entries).toHaveLength(200);
  });

  it('is a new base when the log is another one: the room was empty meanwhile', () => {
    join(1);
    write();
    log!.broadcast(Frame.text('old'), []);
    write();
    clients.clear();
    log = null;
    expect(write()).toBe('base');
    expect(read()).toMatchObject({ entries: [], base: { members: [] } });
    join(2);
    log!.broadcast(Frame.text('new'), []);
    expect(write()).toBe('base segment');
    log!.broadcast(Frame.text('newer'), []);
    expect(write()).toBe('segment');
    const record = read();
    expect(record.entries.map(({ payload }) => payload)).toEqual(['new', 'newer']);
    expect(record.base).toMatchObject({ broadcasts: 2, members: [{ id: 2 }] });
  });

  it('continues after the segments of an earlier instance', () => {
    join(1);
    write();
    log!.broadcast(Frame.text('a'), []);
    write();
    restart();
    expect(write()).toBeUndefined();
    log!.broadcast(Frame.text('b'), []);
    expect(write()).toBe('segment');
    expect(read().entries.map(({ payload }) => payload)).toEqual(['a', 'b']);
    expect(read().base.broadcasts).toBe(2);
  });

  /** A new instance of the room. */
  function restart(): void {
    const record = read();
    stored.isReleased = false;
    const restored = newLog();
    restored.restore(
      record.entries.map(({ payload }) => ({ frame: Frame.text(payload as string), to: null, except: [] })),
      Math.max(0, record.firstEntry),
      record.base.broadcasts,
    );
    log = restored;
    recorder = recorderWith('turn');
    recorder.restored(record, log);
  }

  it('does not repeat what was read, and compacts it with the first change', () => {
    const client = join(1);
    client.data = { name: 'ann' };
    timers = [{ name: 't', dueAt: 7, attempt: 1 }];
    write();
    for (let turn = 0; turn < 10; turn++) {
      handled(client);
      log!.broadcast(Frame.text(`${turn}`), []);
      write();
    }
    restart();
    service.total = 1;
    expect(write()).toBe('at state');
    // The crash may have interrupted its turn.
    timers = [{ name: 't', dueAt: 7, attempt: 2 }];
    expect(write()).toBe('base');
    expect(write()).toBeUndefined();
    expect(read()).toMatchObject({ base: { timers }, sinceBase: 0 });
    expect(read().entries).toHaveLength(10);
    handled(client);
    expect(write()).toBe('segment');
    restart();
    write('restart');
    expect(read().base.endedBy).toBe('restart');
    // An end in order is no longer true as soon as the next instance has claimed the room, whether it writes or not.
    restart();
    expect(write()).toBeUndefined();
    expect(read().base.endedBy).toBeNull();
    handled(client);
    expect(write()).toBe('base');
    expect(read().base.endedBy).toBeNull();
    expect(read().entries).toHaveLength(10);
    // The log keeps its numbers, so what clients may still need is dropped when they do not.
    log!.clear();
    handled(client);
    write();
    expect(stored.segments).toHaveLength(1);
  });

  it('has no log while a crash may lose something anyway, and all of it at an orderly end', () => {
    recorder = recorderWith('everyMs');
    const client = join(1);
    expect(write()).toBe('base data state');
    log!.broadcast(Frame.text('a'), []);
    expect(write()).toBeUndefined();
    handled(client);
    expect(write()).toBe('base');
    log!.broadcast(Frame.text('b'), []);
    expect(write('restart')).toBe('base segment');
    expect(read().entries.map(({ payload }) => payload)).toEqual(['a', 'b']);
    expect(read().base.endedBy).toBe('restart');
  });

  it('is nothing at all if a value cannot be saved, and the next one has what was missing', () => {
    const client = join(1);
    write();
    service.total = 1;
    service.entries = [{ at: () => 1 }];
    log!.broadcast(Frame.text('a'), []);
    expect(() => write()).toThrow('Ledger.entries[0].at cannot be saved: it is a function');
    service.entries = [];
    client.data = { socket: new WeakMap() };
    expect(() => write()).toThrow(
      'client.data.socket of client 1 of Ledger cannot be saved: it is an instance of WeakMap',
    );
    client.data = undefined;
    expect(write()).toBe('state segment');
    expect(read().entries).toHaveLength(1);
  });

  it('names the field or the client whose value throws when it is read', () => {
    Object.defineProperty(service, 'total', {
      get: () => {
        throw new Error('no');
      },
    });
    expect(() => write()).toThrow('Ledger.total cannot be saved: reading it threw');
    service = new Ledger();
    recorder = recorderWith('turn');
    join(4).data = {
      get secret() {
        throw new Error('no');
      },
    };
    expect(() => write()).toThrow('client.data of client 4 of Ledger cannot be saved: reading it threw Error: no.');
  });

  it('names the field or the client whose value only the serializer refuses', () => {
    service.entries = [new Proxy({}, {})];
    expect(() => write()).toThrow('Ledger.entries cannot be saved: ');
    service.entries = [];
    join(1).data = 'fine';
    join(4).data = [new Proxy({}, {})];
    expect(() => write()).toThrow('client.data of client 4 of Ledger cannot be saved: ');
  });
});
