import { JamsocketContext, JamsocketService, OnDestroy, OnTimer, State, type TimerFiring } from 'nestjs-jamsocket';

/** A timer that has fired. Times are milliseconds since 1970. */
export interface Firing {
  readonly room: string;
  readonly dueAt: number;
  readonly at: number;
  readonly attempt: number;
}

/** Makes rooms, each with a timer that is due at a random time within the spread. */
export interface ArmOrder {
  readonly rooms: number;
  /** Prefix of their ids. */
  readonly prefix: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly spreadMs: number;
}

export const firings: Firing[] = [];

/** Number of running instances, by room. */
const live = new Map<string, number>();

/** A room with one timer. Records when it fires. */
@JamsocketService({ path: 'timer', durable: { save: 'turn' }, shutdown: 'never' })
export class TimerRoom {
  /** Most instances of one room at the same time. */
  static mostAtOnce = 0;
  @State() private isDone = false;

  constructor(private readonly ctx: JamsocketContext) {
    const count = (live.get(ctx.roomId) ?? 0) + 1;
    live.set(ctx.roomId, count);
    TimerRoom.mostAtOnce = Math.max(TimerRoom.mostAtOnce, count);
  }

  /** @param at milliseconds since 1970 */
  async arm(at: number): Promise<void> {
    this.ctx.setTimer(at - Date.now(), 'due');
    await this.ctx.save();
  }

  @OnTimer('due')
  due(ctx: JamsocketContext, { attempt, dueAt }: TimerFiring) {
    this.isDone = true;
    firings.push({ room: ctx.roomId, dueAt: dueAt.getTime(), at: Date.now(), attempt });
  }

  wasDone(): boolean {
    return this.isDone;
  }

  @OnDestroy()
  destroy() {
    live.set(this.ctx.roomId, live.get(this.ctx.roomId)! - 1);
  }
}
