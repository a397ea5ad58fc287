import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnCreate,
  OnDisconnect,
  OnMessage,
  OnResume,
  State,
  type Client,
} from 'nestjs-jamsocket';
import { appendFileSync } from 'node:fs';

const ADD = /^add (\S+) (-?\d+)$/;
const { JOURNAL, VERSION } = process.env;

/** Writes a line for each hook that runs, into a file that survives the process. */
function note(line: string): void {
  if (JOURNAL) appendFileSync(JOURNAL, `${line}\n`);
}

/** The demo's ledger, with a journal of its hooks. */
@JamsocketService({ path: 'ledger', durable: { save: 'turn', version: Number(VERSION ?? 1) }, shutdown: 'never' })
export class LedgerRoom {
  @State() private entries = 0;
  @State() private total = 0;

  constructor(private readonly ctx: JamsocketContext) {}

  @OnCreate()
  create() {
    note(`create ${this.ctx.restored?.reason ?? 'new'}`);
  }

  @OnConnect()
  connect(client: Client) {
    note(`connect ${client.id}`);
  }

  @OnResume()
  resume(client: Client) {
    note(`resume ${client.id}`);
  }

  @OnDisconnect()
  disconnect(client: Client) {
    note(`disconnect ${client.id}`);
  }

  @OnMessage()
  message(client: Client, text: string) {
    const [, id, digits] = ADD.exec(text) ?? [];
    if (id === undefined) return 'use: add <id> <n>';
    this.total += Number(digits);
    this.entries++;
    this.ctx.sendMessage(Broadcast, `added ${id} ${digits} by ${client.id} #${this.entries} total ${this.total}`);
  }

  sum(): number {
    return this.total;
  }
}

/** Not durable, so the store must not affect it. */
@JamsocketService('echo')
export class EchoRoom {
  @OnMessage()
  message(client: Client, text: string) {
    client.sendMessage(text);
  }
}
