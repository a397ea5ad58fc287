import { Broadcast, JamsocketContext, JamsocketService, OnCreate, OnTimer } from 'nestjs-jamsocket';

const TICK_MS = 1000;

/** Sends a message to everyone each second. */
@JamsocketService('clock')
export class ClockRoom {
  private ticks = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  create() {
    this.ctx.setTimer(TICK_MS);
  }

  @OnTimer()
  tick() {
    this.ticks += 1;
    this.ctx.sendMessage(Broadcast, `Here in room ${this.ctx.roomId} from timer @ ${this.ticks}`);
    this.ctx.setTimer(TICK_MS);
  }
}
