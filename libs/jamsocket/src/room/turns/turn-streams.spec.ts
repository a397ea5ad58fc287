import { UseInterceptors, type CallHandler, type NestInterceptor } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { finalize, map, NEVER, Observable, of, tap } from 'rxjs';
import { OnDisconnect, OnMessage } from '../../decorators/handler.decorators.js';
import { JamsocketService } from '../../decorators/jamsocket-service.decorator.js';
import { createTestRoom } from '../../testing/create-test-room.js';
import type { RoomClient } from '../../testing/room-client.js';
import type { TestRoom } from '../../testing/test-room.js';

const TIMEOUT_MS = 1_000;

/** What happened, in order. */
const journal: string[] = [];
/** Ends the wait of a handler. */
let release: () => void;
let released: Promise<void>;

function endless(): Observable<string> {
  return new Observable((subscriber) => {
    subscriber.next('first');
    return () => void journal.push('torn down');
  });
}

class StreamsBase {
  @OnMessage('endless')
  endless() {
    return endless();
  }

  @OnMessage('endless later')
  async endlessLater() {
    await Promise.resolve();
    return endless();
  }

  @OnMessage('late')
  async late() {
    await released;
    return endless();
  }

  @OnMessage('generator')
  async *generator() {
    try {
      yield 'first';
      await released;
      yield 'second';
    } finally {
      journal.push('torn down');
    }
  }

  @OnMessage('never waits')
  *neverWaits() {
    try {
      for (;;) yield 'first';
    } finally {
      journal.push('torn down');
    }
  }

  @OnMessage('three')
  async *three(_client: unknown, word: string) {
    for (const n of [1, 2, 3]) yield `${word} ${n}`;
  }

  @OnMessage('three now')
  *threeNow() {
    yield 1;
    yield Promise.resolve(2);
    yield { event: 'third', data: 3 };
  }

  @OnMessage('fails')
  async *fails() {
    yield 1;
    throw new Error('a generator fails');
  }

  @OnMessage('slow')
  async slow() {
    await released;
    journal.push('slow has finished');
    return 'slow';
  }

  @OnMessage('bad end')
  async badEnd() {
    await Promise.resolve();
    return 'bad end';
  }

  @OnMessage('bad items')
  badItems(_client: unknown, what: string) {
    return what === 'promise' ? of(Promise.resolve(1)) : of((async function* () {})());
  }

  @OnMessage('echo')
  echo(_client: unknown, data: unknown) {
    return data;
  }

  @OnMessage('detached')
  detached() {
    return endless();
  }

  @OnMessage('of interceptor')
  ofInterceptor() {
    return 'never seen';
  }

  @OnDisconnect()
  disconnect() {
    return of('to nobody').pipe(tap(() => journal.push('disconnect has finished')));
  }
}

@JamsocketService({ handlerTimeoutMs: TIMEOUT_MS, shutdown: 'never' })
class StreamsRoom extends StreamsBase {}

function badEnd(): never {
  throw new Error('a bad end');
}

class Intercepts implements NestInterceptor {
  intercept(context: { getHandler(): { name: string } }, next: CallHandler): Observable<unknown> {
    const { name } = context.getHandler();
    if (name === 'detached') {
      next.handle().subscribe();
      return of('detached');
    }
    if (name === 'ofInterceptor') return NEVER.pipe(finalize(() => journal.push('torn down')));
    if (name === 'badEnd') {
      next.handle().pipe(finalize(badEnd)).subscribe();
      return next.handle().pipe(finalize(badEnd));
    }
    return next.handle().pipe(
      map((value) => value),
      tap({ complete: () => journal.push('complete') }),
    );
  }
}

@UseInterceptors(Intercepts)
@JamsocketService({ handlerTimeoutMs: TIMEOUT_MS, shutdown: 'never' })
class InterceptedRoom extends StreamsBase {}

describe.each([StreamsRoom, InterceptedRoom])('a stream that a handler of %p returns', (service) => {
  let room: TestRoom<StreamsBase>;
  let client: RoomClient;
  let other: RoomClient;
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);

  beforeEach(async () => {
    journal.length = lines.length = 0;
    released = new Promise((resolve) => (release = resolve));
    const logger = { log: () => undefined, warn: note, error: note };
    room = await createTestRoom(service, { logger });
    client = await room.connect();
    other = await room.connect();
  });
  afterEach(async () => {
    release();
    await room.settle();
    await room.close();
  });

  const isIntercepted = service === InterceptedRoom;
  const tornDown = () => journal.filter((entry) => entry === 'torn down').length;
  const advance = (ms: number) => room.advance(ms, { waitForHandlers: false });
  /** A room that waits for a stream never settles. */
  const tick = () => new Promise((resolve) => setImmediate(resolve));

  async function othersAreHeard(): Promise<void> {
    other.emit('echo', 'heard', 1);
    expect(await other.nextJson()).toEqual({ event: 'echo', data: 'heard', id: 1 });
  }

  async function begin(event: string): Promise<void> {
    client.emit(event);
    expect(await client.nextJson()).toEqual({ event, data: 'first' });
  }

  const ENDLESS = ['endless', 'endless later'];

  it.each([...ENDLESS, 'never waits'])('ends with its client, and the room goes on: %s', async (event) => {
    await begin(event);
    client.socket.close();
    await client.closed;
    await othersAreHeard();
    expect(tornDown()).toBe(1);
    expect(journal).toContain('disconnect has finished');
    expect(lines).toEqual([expect.stringMatching(/^\w+\.\w+ in room .* when its client ended/)]);
  });

  it.each([...ENDLESS, 'generator'])('ends with its turn: %s', async (event) => {
    await begin(event);
    await advance(TIMEOUT_MS);
    if (event === 'generator') release();
    await othersAreHeard();
    expect(tornDown()).toBe(1);
    expect(lines.filter((line) => line.includes('when its turn ended'))).toHaveLength(1);
  });

  it.each([...ENDLESS, 'never waits'])('ends with its room: %s', async (event) => {
    await begin(event);
    void room.rooms.close(service, room.roomId);
    await client.closed;
    await tick();
    await advance(TIMEOUT_MS);
    expect(tornDown()).toBe(1);
    expect(room.isRunning).toBe(false);
  });

  it('is not begun when its turn is over', async () => {
    client.emit('late');
    await tick();
    await advance(TIMEOUT_MS);
    release();
    await othersAreHeard();
    expect(client.unread()).toEqual([]);
    expect(tornDown()).toBe(0);
  });

  it('ends at once if its client has gone when it begins', async () => {
    other.emit('slow');
    client.emit('endless');
    await tick();
    client.socket.terminate();
    await client.closed;
    await tick();
    release();
    await other.nextJson();
    await othersAreHeard();
    expect(tornDown()).toBe(1);
  });

  it('is cut with one line in the log, however often', async () => {
    for (let n = 0; n < 3; n++) {
      await begin('endless');
      await advance(TIMEOUT_MS);
      await othersAreHeard();
    }
    expect(tornDown()).toBe(3);
    expect(lines.filter((line) => line.includes('returned a stream'))).toHaveLength(1);
  });

  it('gives an event for each item of a generator, async or not', async () => {
    client.emit('three', 'number', 7);
    for (const n of [1, 2, 3]) expect(await client.nextJson()).toEqual({ event: 'three', data: `number ${n}`, id: 7 });
    client.emit('three now', null, 8);
    expect(await client.nextJson()).toEqual({ event: 'three now', data: 1, id: 8 });
    expect(await client.nextJson()).toEqual({ event: 'three now', data: 2, id: 8 });
    expect(await client.nextJson()).toEqual({ event: 'third', data: 3, id: 8 });
    client.emit('fails', null, 9);
    expect(await client.nextJson()).toEqual({ event: 'fails', data: 1, id: 9 });
    expect(await client.nextJson()).toMatchObject({ event: 'exception', id: 9 });
    expect(lines).toEqual([expect.stringContaining('a generator fails')]);
    await room.settle();
    expect(lines).toHaveLength(1);
  });

  it('is refused if it has promises or streams as items', async () => {
    for (const what of ['promise', 'generator']) {
      client.emit('bad items', what);
      expect(await client.nextJson()).toMatchObject({ event: 'exception' });
    }
    await othersAreHeard();
  });

  it('does not keep the next turn from waiting for a method that has not finished', async () => {
    client.emit('slow');
    await tick();
    client.socket.close();
    await client.closed;
    other.emit('echo', 'after', 1);
    await tick();
    expect(journal).toEqual([]);
    release();
    expect(await other.nextJson()).toEqual({ event: 'echo', data: 'after', id: 1 });
    expect(journal[0]).toBe('slow has finished');
    if (isIntercepted) expect(journal[1]).toBe('complete');
    expect(lines).toEqual([]);
  });

  it('lets a method finish that took too long, and its interceptors hear of it', async () => {
    client.emit('slow', null, 3);
    await tick();
    await advance(TIMEOUT_MS);
    await othersAreHeard();
    release();
    expect(await client.nextJson()).toEqual({ event: 'slow', data: 'slow', id: 3 });
    if (isIntercepted) expect(journal).toContain('complete');
  });

  if (isIntercepted) {
    it('completes for its interceptors when it is cut', async () => {
      await begin('endless');
      await advance(TIMEOUT_MS);
      expect(journal.filter((entry) => entry !== 'torn down')).toEqual(['complete']);
    });

    it('ends though it is an interceptor that does not', async () => {
      client.emit('of interceptor');
      await tick();
      await advance(TIMEOUT_MS);
      await othersAreHeard();
      expect(tornDown()).toBe(1);
    });

    it('ends though an interceptor listens to it on its own', async () => {
      client.emit('detached');
      expect(await client.nextJson()).toEqual({ event: 'detached', data: 'detached' });
      await othersAreHeard();
      expect(tornDown()).toBe(1);
    });

    it('harms nobody with an error at its end', async () => {
      client.emit('bad end', null, 4);
      expect(await client.nextJson()).toEqual({ event: 'bad end', data: 'bad end', id: 4 });
      await othersAreHeard();
      expect(lines).toEqual([expect.stringContaining('a bad end')]);
    });
  }
});
