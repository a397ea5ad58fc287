import { Controller, Get, Inject, Injectable, Scope, type OnModuleDestroy } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JamsocketContext,
  JamsocketError,
  JamsocketRooms,
  JamsocketService,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { Journal } from './support/gate.js';
import { HOSTS, isFastPathOff, startTestApp, type TestApp, itOnOneNode } from './support/test-app.js';
import { TestClient } from './support/test-client.js';

const journal = new Journal();

/** Injects nothing of a room: the application has one instance. */
@Injectable()
class Directory {
  static made = 0;
  readonly number = ++Directory.made;
}

/** Injects the context: each room has its own instance. */
@Injectable()
class Scores implements OnModuleDestroy {
  static made = 0;
  readonly number = ++Scores.made;
  readonly points = new Map<string, number>();

  constructor(readonly ctx: JamsocketContext) {}

  add(name: string): number {
    const points = (this.points.get(name) ?? 0) + 1;
    this.points.set(name, points);
    return points;
  }

  onModuleDestroy() {
    journal.add(`scores of ${this.ctx.roomId} destroyed`);
  }
}

@Injectable()
class Referee {
  constructor(
    readonly scores: Scores,
    readonly directory: Directory,
  ) {}
}

@JamsocketService()
class GameRoom {
  constructor(
    private readonly ctx: JamsocketContext,
    private readonly scores: Scores,
    private readonly referee: Referee,
    private readonly directory: Directory,
  ) {}

  @OnMessage()
  message(_client: Client, text: string) {
    if (text === 'who') {
      return JSON.stringify({
        room: this.scores.ctx.roomId,
        scores: this.scores.number,
        isContextShared: this.scores.ctx === this.ctx,
        areScoresShared: this.referee.scores === this.scores,
        directory: this.directory.number,
        isDirectoryShared: this.referee.directory === this.directory,
      });
    }
    return `${text} has ${this.scores.add(text)}`;
  }
}

describe.each(HOSTS)('what a room injects, on $platform beside $beside', (host) => {
  let started: TestApp;

  beforeEach(async () => {
    Directory.made = 0;
    Scores.made = 0;
    journal.clear();
    started = await startTestApp({ host, providers: [GameRoom, Scores, Referee, Directory] });
  });
  afterEach(() => started.close());

  async function ask(room: string) {
    const client = await TestClient.connect(`${started.ws}/ws/${room}`);
    client.send('who');
    return { client, answer: await client.nextJson<Record<string, unknown>>() };
  }

  it('is shared within the room and separate between rooms if it injects the context', async () => {
    const red = await ask('red');
    const blue = await ask('blue');
    expect(red.answer).toMatchObject({ room: 'red', scores: 1, isContextShared: true, areScoresShared: true });
    expect(blue.answer).toMatchObject({ room: 'blue', scores: 2, isContextShared: true, areScoresShared: true });

    const alsoRed = await ask('red');
    expect(alsoRed.answer).toEqual(red.answer);
    red.client.send('ann');
    expect(await red.client.nextText()).toBe('ann has 1');
    alsoRed.client.send('ann');
    expect(await alsoRed.client.nextText()).toBe('ann has 2');
    blue.client.send('ann');
    expect(await blue.client.nextText()).toBe('ann has 1');
  });

  itOnOneNode('is one for the application if it does not', async () => {
    const red = await ask('red');
    const blue = await ask('blue');
    expect(red.answer).toMatchObject({ directory: 1, isDirectoryShared: true });
    expect(blue.answer).toMatchObject({ directory: 1, isDirectoryShared: true });
    expect(Directory.made).toBe(1);
  });

  it('is destroyed with its room, and a room of the same id gets another', async () => {
    const { client } = await ask('red');
    await client.close();
    await journal.has('scores of red destroyed');
    expect(journal.entries).toHaveLength(1);
    const next = await ask('red');
    expect(next.answer.scores).toBe(2);
  });
});

/** Written for HTTP: it logs which request a line belongs to. */
@Injectable({ scope: Scope.REQUEST })
class RequestLogger {
  readonly about: string;
  constructor(
    @Inject(REQUEST)
    request: {
      method: string;
      url: string;
      headers: Record<string, string | undefined>;
      query: Record<string, unknown>;
      params: Record<string, string>;
      get(name: string): string | undefined;
    },
  ) {
    const { method, url, headers, query, params } = request;
    const id = headers['x-request-id'] ?? request.get('X-Request-Id') ?? 'no id';
    this.about = `${method} ${url} ${id} ${Object.keys(query).length} ${Object.values(params).join()}`;
  }
}

@JamsocketService({ path: 'games/:game/:room' })
class LoggingRoom {
  constructor(private readonly logger: RequestLogger) {}

  @OnMessage()
  message() {
    return this.logger.about;
  }
}

@Controller('logged')
class LoggedController {
  constructor(private readonly logger: RequestLogger) {}

  @Get()
  get() {
    return this.logger.about;
  }
}

describe('a logger that injects the request', () => {
  it('has what it asks for in a room, and no trace of the client that made the room', async () => {
    const started = await startTestApp({ providers: [LoggingRoom, RequestLogger], controllers: [LoggedController] });
    try {
      const headers = { 'x-request-id': 'abc' };
      const client = await TestClient.connect(`${started.ws}/ws/games/chess/a%2Fb?token=x`, { headers });
      client.send('who');
      expect(await client.nextText()).toBe('GET /ws/games/chess/a%2Fb no id 0 chess,a/b');
      const answer = await fetch(`${started.http}/logged?x=1`, { headers });
      expect(await answer.text()).toBe('GET /logged?x=1 abc 1 ');
    } finally {
      await started.close();
    }
  });
});

describe('the context outside of a room', () => {
  it('is refused with an error that names the cure', async () => {
    const started = await startTestApp({ providers: [GameRoom, Scores, Referee, Directory] });
    try {
      const resolving = started.app.resolve(Scores);
      await expect(resolving).rejects.toThrow(JamsocketError);
      await expect(resolving).rejects.toThrow('Inject JamsocketRooms instead');
    } finally {
      await started.close();
    }
  });
});

describe('memory', () => {
  /** Bytes that are reachable. The second collection frees what finalizers of the first one released. */
  async function heapBytes(): Promise<number> {
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setImmediate(resolve));
      globalThis.gc!();
    }
    return process.memoryUsage().heapUsed;
  }

  async function makeAndClose(rooms: JamsocketRooms, count: number): Promise<void> {
    for (let made = 0; made < count; made++) {
      await rooms.create(GameRoom, `room${made}`);
      await rooms.close(GameRoom, `room${made}`);
    }
  }

  // Rooms without a client: the fast path makes no difference to them.
  if (isFastPathOff) return;

  itOnOneNode(
    'is where it was after 5,000 rooms were made and closed',
    async () => {
      const count = 5_000;
      const started = await startTestApp({ providers: [GameRoom, Scores, Referee, Directory] });
      try {
        const rooms = started.app.get(JamsocketRooms);
        // Compiled code and inline caches come with the first rooms and stay.
        await makeAndClose(rooms, 1_000);
        journal.clear();
        const before = await heapBytes();
        await makeAndClose(rooms, count);
        expect(journal.entries).toHaveLength(count);
        journal.clear();
        const grownBytes = (await heapBytes()) - before;
        // 150 bytes a room: any object that is kept for a room is larger.
        expect(grownBytes).toBeLessThan(150 * count);
      } finally {
        await started.close();
      }
    },
    240_000,
  );
});
