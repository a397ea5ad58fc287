import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnMessage,
  State,
  type Client,
  type Recipient,
} from 'nestjs-jamsocket';

/** One number, shared by everyone in the room. It is saved a second after a change, so a crash loses the last second. */
@JamsocketService({ path: 'counter', durable: { save: { everyMs: 1_000 } } })
export class CounterRoom {
  @State() private value = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    this.tell(client);
  }

  @OnMessage()
  message(_client: Client, text: string) {
    if (text === 'increment') this.value += 1;
    else if (text === 'decrement') this.value -= 1;
    else return;
    this.tell(Broadcast);
  }

  private tell(recipient: Recipient) {
    this.ctx.sendMessage(recipient, `new value: ${this.value}`);
  }
}
