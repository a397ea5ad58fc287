import { Broadcast, JamsocketContext, JamsocketService, OnMessage, type Client } from 'nestjs-jamsocket';

/** One number, shared by everyone in the room. */
@JamsocketService('counter')
export class CounterRoom {
  private value = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(_client: Client, text: string) {
    if (text === 'increment') this.value += 1;
    else if (text === 'decrement') this.value -= 1;
    else return;
    this.ctx.sendMessage(Broadcast, `new value: ${this.value}`);
  }
}
