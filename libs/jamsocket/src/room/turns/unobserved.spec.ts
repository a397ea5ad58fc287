import { AsyncResource } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JamsocketService } from '../../decorators/jamsocket-service.decorator.js';
import { OnConnect, OnMessage } from '../../decorators/handler.decorators.js';
import { createTestRoom } from '../../testing/create-test-room.js';
import type { RoomClient } from '../../testing/room-client.js';
import type { TestRoom } from '../../testing/test-room.js';
import type { Client } from '../../members/client.js';
import { JamsocketObservers } from '../../observe/jamsocket-observers.js';
import { ObserverSet } from '../../observe/observer-set.js';
import { Room } from '../room.js';
import { TurnRecord } from './turn-record.js';
import { localRoom } from '../room.js';

@JamsocketService()
class PlainRoom {
  @OnConnect()
  connect(client: Client) {
    client.sendMessage('welcome');
  }

  @OnMessage()
  message() {}

  answer() {
    return 42;
  }
}

/** How often the room did work that only observers need. */
interface Effort {
  readonly records: number;
  readonly tellings: number;
  readonly measurings: number;
  readonly messageScopes: number;
  /** Number of async scopes around the call from outside; one of them is its own. */
  readonly callScopes: number;
}

const NOTHING: Effort = { records: 0, tellings: 0, measurings: 0, messageScopes: 0, callScopes: 1 };

describe('a room', () => {
  let room: TestRoom<PlainRoom>;
  let client: RoomClient;
  beforeEach(async () => {
    room = await createTestRoom(PlainRoom);
    client = await room.connect();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await room.close();
  });

  async function effortOfTurns(): Promise<Effort> {
    const records = jest.spyOn(TurnRecord.prototype, 'run');
    const tellings = (['turnStarted', 'messageReceived', 'turnEnded'] as const).map((event) =>
      jest.spyOn(ObserverSet.prototype, event),
    );
    const measurings = jest.spyOn(Room.prototype, 'now');
    const scopes = jest.spyOn(AsyncResource.prototype, 'runInAsyncScope');
    client.send('hello');
    await room.settle();
    const messageScopes = scopes.mock.calls.length;
    await room.rooms.invoke(PlainRoom, room.roomId, 'answer');
    const times = (spy: { mock: { calls: unknown[] } }) => spy.mock.calls.length;
    const effort = {
      records: times(records),
      tellings: tellings.reduce((sum, spy) => sum + times(spy), 0),
      measurings: times(measurings),
      messageScopes,
      callScopes: times(scopes) - messageScopes,
    };
    jest.restoreAllMocks();
    return effort;
  }

  it('that nobody observes makes no record of a turn, tells nobody, measures nothing and enters no async scope for a message', async () => {
    expect(localRoom(room.context.room).observer).toBeNull();
    expect(await effortOfTurns()).toEqual(NOTHING);
  });

  it('that only counts, for metrics, times its turns, and does nothing else of that', async () => {
    const { traffic } = localRoom(room.context.room).definition;
    const durations: string[] = [];
    traffic.listen((handler) => durations.push(handler));
    expect(await effortOfTurns()).toEqual({ ...NOTHING, measurings: 4 });
    expect(durations).toEqual(['PlainRoom.message', 'PlainRoom.answer']);
    expect(traffic.text).toMatchObject({ received: 1, receivedBytes: 5, sent: 0 });
  });

  it('that somebody observes does, until the last observer has gone', async () => {
    const observers = room.module.get(JamsocketObservers);
    const removers = [
      observers.add({
        turnStarted: ({ runAsCaller }) => runAsCaller?.(() => undefined),
        messageReceived: () => undefined,
      }),
      observers.add({}),
    ];
    // Two turns: the message, which is told of as such too, and the call. Each is timed at its start and its end.
    expect(await effortOfTurns()).toEqual({ records: 2, tellings: 5, measurings: 4, messageScopes: 0, callScopes: 2 });
    removers[0]();
    // The other observer wants neither turns nor messages.
    expect(localRoom(room.context.room).observer).not.toBeNull();
    expect(await effortOfTurns()).toEqual(NOTHING);
    removers[1]();
    expect(localRoom(room.context.room).observer).toBeNull();
    expect(await effortOfTurns()).toEqual(NOTHING);
  });
});
