import { Broadcast, JamsocketContext, JamsocketService, OnMessage, State, type Client } from 'nestjs-jamsocket';

const ADD = /^add (\S+) (-?\d+)$/;

/**
 * Adds up what everyone enters. Each entry is saved before anyone hears of it, so what a client has seen survives
 * `kill -9`. The client chooses the id of an entry; it is sent back unchecked.
 */
@JamsocketService({ path: 'ledger', durable: { save: 'turn' }, shutdown: 'never' })
export class LedgerRoom {
  @State() private entries = 0;
  @State() private total = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnMessage()
  message(client: Client, text: string) {
    const [, id, digits] = ADD.exec(text) ?? [];
    const n = Number(digits);
    const total = this.total + n;
    // Larger numbers are not exact.
    if (!Number.isSafeInteger(n) || !Number.isSafeInteger(total)) return 'use: add <id> <n>';
    this.total = total;
    this.entries += 1;
    this.ctx.sendMessage(Broadcast, `added ${id} ${n} by ${client.id} #${this.entries} total ${total}`);
  }
}
