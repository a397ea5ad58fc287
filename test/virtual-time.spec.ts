import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Cron, Interval, ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import {
  Broadcast,
  JamsocketClock,
  JamsocketContext,
  JamsocketRandom,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnDestroy,
  OnMessage,
  OnTimer,
  type Client,
} from 'nestjs-jamsocket';
import { createTestRoom, useLeakGuard } from 'nestjs-jamsocket/testing';
import { RoomRegistry } from '../libs/jamsocket/src/rooms/room-registry.js';

useLeakGuard();

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

@JamsocketService()
class BusyRoom {
  readonly log: string[] = [];
  constructor(
    private readonly ctx: JamsocketContext,
    private readonly clock: JamsocketClock,
    private readonly random: JamsocketRandom,
  ) {}

  @OnCreate()
  create() {
    this.ctx.setTimer(2_500);
  }

  @OnConnect()
  connect(client: Client) {
    this.note(`client ${client.id}`);
  }

  @OnMessage()
  message(client: Client, text: string) {
    this.note(`${client.id} says ${text}`);
  }

  @OnTimer()
  async timer() {
    this.note('timer');
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.note('timer, after waiting for something real');
    this.ctx.setTimer(2_500);
  }

  @Interval(1_000)
  interval() {
    this.note(`interval ${this.random.uint32() % 100}`);
  }

  @Timeout(3_000)
  timeout() {
    this.note('timeout');
  }

  @Cron('*/4 * * * * *')
  cron() {
    this.note('cron');
  }

  private note(what: string) {
    this.log.push(`${this.clock.now()}: ${what}`);
    this.ctx.sendMessage(Broadcast, what);
  }
}

describe('Virtual time', () => {
  it('runs timers, intervals and cron jobs in the order in which they are due', async () => {
    await using room = await createTestRoom(BusyRoom);
    await room.advance(5_000);
    expect(room.service.log.map((entry) => entry.replace(/\d+$/, '#'))).toEqual([
      '1000: interval #',
      '2000: interval #',
      '2500: timer',
      '2500: timer, after waiting for something real',
      // Due at the same time, in the order of setting: the interval was set anew a second ago.
      '3000: timeout',
      '3000: interval #',
      '4000: cron',
      '4000: interval #',
      '5000: timer',
      '5000: timer, after waiting for something real',
      '5000: interval #',
    ]);
  });

  it('is the same in every run: times, order, random numbers and what clients get', async () => {
    const run = async () => {
      await using room = await createTestRoom(BusyRoom, { roomId: 'lobby' });
      const ann = await room.connect();
      await room.advance(3_333);
      const bob = await room.connect();
      ann.send('one');
      bob.send('two');
      await room.advance(30_000);
      await bob.drop();
      await room.advance(HOUR / 60);
      return [room.service.log, ann.received, bob.received];
    };
    const first = await run();
    expect(first[0].length).toBeGreaterThan(100);
    expect(await run()).toEqual(first);
  });

  it('stands still while real time passes', async () => {
    await using room = await createTestRoom(BusyRoom);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(room.service.log).toEqual([]);
    expect(room.now).toEqual(new Date('2000-01-01T00:00:00.000Z'));
    await room.advance(999);
    expect(room.service.log).toEqual([]);
    expect(room.now).toEqual(new Date('2000-01-01T00:00:00.999Z'));
    await room.advance(1);
    expect(room.service.log).toHaveLength(1);
  });

  it('runs cron jobs by a wall clock that the test sets, in their time zone', async () => {
    @JamsocketService({ heartbeat: false })
    class NewYearRoom {
      readonly log: string[] = [];
      constructor(private readonly clock: JamsocketClock) {}

      @Cron('0 0 1 1 *', { timeZone: 'Asia/Tokyo' })
      tokyo() {
        this.log.push(`Tokyo after ${this.clock.now() / HOUR} h`);
      }

      @Cron('0 0 1 1 *', { utcOffset: -60 })
      azores() {
        this.log.push(`Azores after ${this.clock.now() / HOUR} h`);
      }

      @Cron(new Date('2030-12-31T12:00:00Z'))
      once() {
        this.log.push(`once after ${this.clock.now() / HOUR} h`);
      }

      @Cron('* * * * * *', { disabled: true })
      never() {
        this.log.push('never');
      }
    }
    await using room = await createTestRoom(NewYearRoom, { now: new Date('2030-12-31T00:00:00Z') });
    // Without a client the room would stop after unjoinedMs.
    await room.connect();
    await room.advance(DAY + 2 * HOUR);
    expect(room.service.log).toEqual(['once after 12 h', 'Tokyo after 15 h', 'Azores after 25 h']);
    room.service.log.length = 0;
    await room.advance(731 * DAY);
    expect(room.service.log).toHaveLength(4);
  });

  it('shows its timers in the SchedulerRegistry, and the jobs there can be asked and stopped', async () => {
    await using room = await createTestRoom(BusyRoom, { roomId: 'lobby', imports: [ScheduleModule.forRoot()] });
    const registry = room.module.get(SchedulerRegistry);
    expect(registry.getTimeouts()).toEqual(['jamsocket:default/lobby:default', 'jamsocket:default/lobby:timeout']);
    expect(registry.getIntervals()).toEqual(['jamsocket:default/lobby:interval']);
    const job = registry.getCronJob('jamsocket:default/lobby:cron');
    expect(job.isActive).toBe(true);
    expect(job.nextDate().toMillis()).toBe(room.now.getTime() + 4_000);
    await room.advance(4_000);
    expect(job.lastDate()).toEqual(room.now);
    void job.stop();
    expect(job.isActive).toBe(false);
    await room.advance(60_000);
    expect(room.service.log.filter((entry) => entry.endsWith('cron'))).toHaveLength(1);
  });

  it('lets a room see a day go by in a moment', async () => {
    @JamsocketService()
    class HourlyRoom {
      hours = 0;
      @Interval(HOUR)
      hour() {
        this.hours += 1;
      }
    }
    await using room = await createTestRoom(HourlyRoom);
    await room.connect();
    await room.advance(DAY);
    expect(room.service.hours).toBe(24);
  });

  it('waits longer than Node can: setTimer, @Timeout and @Interval of a month', async () => {
    @JamsocketService({ heartbeat: false, shutdown: 'never' })
    class MonthlyRoom {
      readonly log: string[] = [];
      constructor(
        private readonly ctx: JamsocketContext,
        private readonly clock: JamsocketClock,
      ) {}

      @OnCreate()
      create() {
        this.ctx.setTimer(100 * DAY);
        this.ctx.setTimer(90 * DAY, 'cancelled');
      }

      @OnTimer()
      timer() {
        this.note('timer');
        this.ctx.setTimer(Number.MAX_VALUE);
      }

      @OnTimer('cancelled')
      cancelled() {
        this.note('cancelled');
      }

      @Timeout(40 * DAY)
      timeout() {
        this.note('timeout');
        this.ctx.clearTimer('cancelled');
      }

      @Interval(30 * DAY)
      interval() {
        this.note('interval');
        if (this.log.length === 7) this.ctx.clearTimer('interval');
      }

      private note(what: string) {
        this.log.push(`${what} on day ${this.clock.now() / DAY}`);
      }
    }
    const imports = [ScheduleModule.forRoot()];
    await using room = await createTestRoom(MonthlyRoom, { roomId: 'moon', imports });
    const registry = room.module.get(SchedulerRegistry);
    await room.advance(35 * DAY);
    expect(registry.getTimeouts().sort()).toEqual(
      ['cancelled', 'default', 'timeout'].map((name) => `jamsocket:default/moon:${name}`),
    );
    expect(registry.getIntervals()).toEqual(['jamsocket:default/moon:interval']);
    await room.advance(365 * DAY);
    expect(room.service.log).toEqual([
      'interval on day 30',
      'timeout on day 40',
      'interval on day 60',
      'interval on day 90',
      'timer on day 100',
      'interval on day 120',
      'interval on day 150',
    ]);
  });

  it('runs @Cron(date) once, and starts rooms after that date without it; an initialDelay comes first', async () => {
    @JamsocketService({ shutdown: 'never', heartbeat: false })
    class DatedRoom {
      readonly log: string[] = [];
      constructor(private readonly clock: JamsocketClock) {}

      @Cron(new Date('2000-01-01T00:10:00Z'), { name: 'opening' })
      opening() {
        this.log.push('opening');
      }

      @Cron('* * * * *', { name: 'minute', initialDelay: 150_000 })
      minute() {
        this.log.push(`minute ${this.clock.now() / 60_000}`);
      }
    }
    await using room = await createTestRoom(DatedRoom, { roomId: 'first', imports: [ScheduleModule.forRoot()] });
    const registry = room.module.get(SchedulerRegistry);
    const jobs = () => [...registry.getCronJobs().keys()];
    expect(jobs()).toEqual(['jamsocket:default/first:opening', 'jamsocket:default/first:minute']);
    await room.advance(5 * 60_000);
    expect(room.service.log).toEqual(['minute 3', 'minute 4', 'minute 5']);
    await room.advance(6 * 60_000);
    expect(room.service.log.filter((entry) => entry === 'opening')).toHaveLength(1);
    expect(jobs()).toEqual(['jamsocket:default/first:minute']);
    const [{ timers }] = room.module.get(RoomRegistry).list();
    expect(timers.pending.map(({ name }) => name)).toEqual(['minute']);
    const later = await room.openRoom(DatedRoom, 'later');
    expect(jobs()).toEqual(['jamsocket:default/first:minute', 'jamsocket:default/later:minute']);
    expect(later.service.log).toEqual([]);
  });

  it('keeps timers of other rooms, names and types apart, whatever they are called', async () => {
    @JamsocketService({ shutdown: 'never' })
    class LobbyRoom {
      readonly log: string[] = [];
      constructor(private readonly ctx: JamsocketContext) {}

      @OnMessage()
      set(_client: Client, name: string) {
        this.ctx.setTimer(10_000, name);
      }

      @OnTimer('end')
      end() {
        this.log.push('end');
      }

      @OnTimer('round:end')
      roundEnd() {
        this.log.push('round:end');
      }

      @OnTimer('sync')
      syncLater() {
        this.log.push('sync later');
      }

      @Interval('sync', 15_000)
      sync() {
        this.log.push('sync');
      }
    }
    @JamsocketService({ path: 'games', shutdown: 'never' })
    class GamesRoom extends LobbyRoom {
      @OnTimer('end')
      override end() {
        this.log.push('end of games');
      }
    }
    @JamsocketService({ path: 'games/chess', shutdown: 'never' })
    class ChessRoom extends LobbyRoom {}
    const imports = [ScheduleModule.forRoot()];
    const providers = [GamesRoom, ChessRoom];
    await using lobby = await createTestRoom(LobbyRoom, { roomId: 'a', providers, imports });
    const registry = lobby.module.get(SchedulerRegistry);
    const rooms = [
      lobby,
      await lobby.openRoom(LobbyRoom, 'a:round'),
      await lobby.openRoom(GamesRoom, 'chess/a'),
      await lobby.openRoom(ChessRoom, 'a'),
      await lobby.openRoom(ChessRoom, 'a%3Around'),
    ];
    for (const room of rooms) {
      const client = await room.connect();
      for (const name of ['end', 'round:end', 'sync']) client.send(name);
      await room.settle();
    }
    expect(new Set(registry.getTimeouts()).size).toBe(15);
    expect(registry.getTimeouts()).toContain('jamsocket:games/chess%2Fa:round%3Aend');
    // The end of a room removes only its own timers. A timer does not affect an interval of the same name.
    await lobby.rooms.close(LobbyRoom, 'a');
    expect(registry.getTimeouts()).toHaveLength(12);
    expect(registry.getIntervals()).toHaveLength(4);
    await lobby.advance(15_000);
    for (const room of rooms.slice(1)) expect(room.service.log).toHaveLength(4);
    expect(registry.getTimeouts()).toEqual([]);
  });

  it('waits for handlers before it moves on, unless it is told not to', async () => {
    @Injectable()
    class Sleep {
      constructor(private readonly clock: JamsocketClock) {}
      for(ms: number) {
        return new Promise<void>((resolve) => void this.clock.setTimeout(resolve, ms));
      }
    }
    @JamsocketService()
    class SleepyRoom {
      readonly log: string[] = [];
      constructor(private readonly sleep: Sleep) {}
      @OnMessage()
      async message(_client: Client, ms: string) {
        this.log.push(`asleep for ${ms}`);
        await this.sleep.for(Number(ms));
        this.log.push(`awake after ${ms}`);
      }
    }
    await using room = await createTestRoom(SleepyRoom, {
      roomId: 'bed',
      providers: [Sleep],
      patienceMs: 100,
      logger: false,
    });
    const bob = await room.connect();
    bob.send('2000');
    await expect(room.advance(2_000)).rejects.toThrow('a handler of SleepyRoom "bed" has still not finished');
    await room.advance(1_999, { waitForHandlers: false });
    expect(room.service.log).toEqual(['asleep for 2000']);
    await room.advance(1, { waitForHandlers: false });
    expect(room.service.log).toEqual(['asleep for 2000', 'awake after 2000']);
  });

  it('shows what becomes of a handler that hangs, of a silent client, and of an empty room', async () => {
    const errors: string[] = [];
    @JamsocketService({ shutdown: { afterMs: 30_000 } })
    class PatientRoom {
      readonly log: string[] = [];
      @OnMessage()
      message(_client: Client, text: string) {
        this.log.push(text);
        if (text === 'hang') return new Promise<void>(() => undefined);
      }
      @OnDestroy()
      destroy() {
        this.log.push('destroyed');
      }
    }
    const logger = { log: () => {}, warn: () => {}, error: (message: string) => errors.push(message) };
    const room = await createTestRoom(PatientRoom, { roomId: 'one', patienceMs: 100, logger });
    const ann = await room.connect();
    const bob = await room.connect();
    ann.send('hang');
    ann.send('after');
    await room.settle().catch(() => undefined);
    await room.advance(29_999, { waitForHandlers: false });
    expect(room.service.log).toEqual(['hang']);
    await room.advance(1, { waitForHandlers: false });
    expect(room.service.log).toEqual(['hang', 'after']);
    expect(errors).toEqual([expect.stringContaining('has not finished in 30000 ms')]);

    bob.pause();
    await room.advance(30_000);
    expect(ann.isClosed).toBe(false);
    expect(bob.client.closed).toEqual({ code: 1006, reason: 'heartbeat timeout' });

    await ann.close();
    await room.advance(29_999);
    expect(room.isRunning).toBe(true);
    await room.advance(1);
    expect(room.isRunning).toBe(false);
    expect(room.service.log.at(-1)).toBe('destroyed');
    await room.close();
  });

  it('finds a client that says nothing though it is sent something every second', async () => {
    await using room = await createTestRoom(BusyRoom);
    const bob = await room.connect();
    bob.pause();
    await room.advance(30_000);
    expect(bob.client.closed).toEqual({ code: 1006, reason: 'heartbeat timeout' });
  });

  it('takes no nonsense, and one advance at a time', async () => {
    await using room = await createTestRoom(BusyRoom);
    await expect(room.advance(-1)).rejects.toThrow(RangeError);
    await expect(room.advance(NaN)).rejects.toThrow(RangeError);
    await expect(room.advance(Infinity)).rejects.toThrow(RangeError);
    await expect(room.connect({ patienceMs: NaN })).rejects.toThrow('patienceMs is NaN');
    for (const patienceMs of [-1, NaN, '5' as never])
      await expect(createTestRoom(BusyRoom, { patienceMs })).rejects.toThrow(`patienceMs is ${patienceMs}`);
    await expect(createTestRoom(BusyRoom, { now: new Date('soon') })).rejects.toThrow('it must be a valid Date');
    const patient = await room.connect({ patienceMs: Infinity });
    expect(await patient.nextText()).toBe('client 1');
    const first = room.advance(1_000);
    await expect(room.advance(1_000)).rejects.toThrow('under way');
    await first;
    await room.advance(0);
  });
});
