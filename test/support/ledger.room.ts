import { Injectable } from '@nestjs/common';
import { Broadcast, JamsocketContext, JamsocketService, OnMessage, State, type Client } from 'nestjs-jamsocket';

/** Adds up the numbers that it is told, and tells everyone the sum. For rooms with options of their own. */
@Injectable()
export class Ledger {
  @State() total = 0;

  constructor(protected readonly ctx: JamsocketContext) {}

  @OnMessage()
  add(_client: Client, amount: string) {
    this.total += Number(amount);
    this.ctx.sendMessage(Broadcast, `total ${this.total}`);
  }
}

@JamsocketService({ path: 'ledger', durable: { save: 'turn' } })
export class LedgerRoom extends Ledger {}
