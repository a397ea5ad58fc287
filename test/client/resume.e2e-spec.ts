import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  Broadcast,
  JamsocketContext,
  JamsocketService,
  OnBinary,
  OnConnect,
  OnDisconnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { SeededRandom } from 'nestjs-jamsocket/testing';
import { FUZZ, SEED } from '../support/fuzz.js';
import { Gate } from '../support/gate.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { CuttingProxy } from './support/cutting-proxy.js';
import { join } from './support/fixture.js';
import { numberIn, Talker } from './support/talker.js';

const CUTS = 250 * FUZZ;
const CLIENTS = 12;
const MAX_FILLING = 600;
/** Only a failing test waits that long. */
const PATIENCE_MS = 240_000 * FUZZ;

/** The messages of the room. */
class Book {
  broadcasts = 0;
  /** By client: the number of its latest message. */
  readonly heard = new Map<number, number>();
  readonly mistakes: string[] = [];
  readonly connected: number[] = [];
  readonly disconnected: number[] = [];
}

let book: Book;

/** Checks the numbers of each client's messages, and answers the sender and everyone with numbered messages. */
@JamsocketService({ resume: { windowMs: 60_000, maxLogBytes: 2 ** 26 } })
class NumbersRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect({ id }: Client) {
    book.connected.push(id);
  }

  @OnDisconnect()
  disconnect({ id }: Client) {
    book.disconnected.push(id);
  }

  @OnMessage()
  text(client: Client, text: string) {
    this.#hear(client, text);
  }

  @OnMessage('event')
  event(client: Client, { text }: { text: string }) {
    this.#hear(client, text);
  }

  @OnMessage('request')
  request(client: Client, { text }: { text: string }) {
    this.#hear(client, text);
    return numberIn(text);
  }

  @OnBinary()
  binary(client: Client, bytes: Buffer) {
    this.#hear(client, bytes.toString());
  }

  #hear(client: Client, text: string) {
    const number = numberIn(text);
    const last = book.heard.get(client.id) ?? 0;
    if (number !== last + 1) book.mistakes.push(`client ${client.id}: ${number} after ${last}`);
    book.heard.set(client.id, number);
    this.#tellEveryone(++book.broadcasts, text.slice(String(number).length));
    client.sendMessage(`echo ${number}`);
  }

  #tellEveryone(number: number, filling: string) {
    const { ctx } = this;
    if (number % 3 === 0) ctx.sendMessage(Broadcast, `${number}${filling}`);
    else if (number % 3 === 1) ctx.emit(Broadcast, 'broadcast', { number, filling });
    else ctx.sendBinary(Broadcast, Buffer.from(`${number}${filling}`));
    if (number % 5 === 0) ctx.emit(Broadcast, 'volatile', {}, { volatile: true });
  }
}

const random = new SeededRandom(SEED);
const next = () => random.uint32() / 2 ** 32;

let test: TestApp;
let proxy: CuttingProxy;
let talkers: Talker[];

beforeEach(async () => {
  book = new Book();
  test = await startTestApp({ providers: [NumbersRoom] });
  proxy = await CuttingProxy.start(Number(new URL(test.http).port), next);
});

afterEach(async () => {
  await proxy.close();
  await test.close();
});

function startTalker(progressed: () => void): Talker {
  const client = join(`ws://127.0.0.1:${proxy.port}/ws/lobby`, {
    backoff: { minMs: 1, maxMs: 10, random: next },
    connectTimeoutMs: 500,
    heartbeatMs: 500,
    requestTimeoutMs: PATIENCE_MS,
  });
  return new Talker(client, {
    filling: () => 'x'.repeat(next() * MAX_FILLING),
    mayTalk: () => proxy.cutsLeft > 0,
    progressed,
  });
}

/** On a slow machine a client's first attempt may come too late to count. */
function isTalker(id: number): boolean {
  return talkers.some(({ ids }) => ids.has(id));
}

function mistakes(): string[] {
  const left = book.disconnected.filter(isTalker).map((id) => `client ${id} has left`);
  return [...book.mistakes, ...left, ...talkers.flatMap((talker) => talker.mistakes)];
}

/** The last cut is made, and everything that was said has arrived. */
function isDone(): boolean {
  const hasArrived = ({ said, requested, heard }: Talker) =>
    heard.echo >= said && heard.reply >= requested && heard.broadcast >= book.broadcasts;
  return proxy.cutsLeft === 0 && talkers.every(hasArrived);
}

function standing(): string {
  const each = talkers.map(({ said, requested, heard, room: { connection } }) => ({
    said,
    requested,
    heard,
    connection,
  }));
  const { cutsLeft, cutsByWay } = proxy;
  return JSON.stringify({ cutsLeft, cutsByWay, broadcasts: book.broadcasts, each, mistakes: mistakes() });
}

it(
  `loses, repeats and reorders nothing in ${CUTS} cuts (seed ${SEED})`,
  async () => {
    const end = new Gate();
    const timer = setTimeout(() => end.open(), PATIENCE_MS);
    const progressed = () => {
      if (mistakes().length > 0 || isDone()) end.open();
    };
    talkers = Array.from({ length: CLIENTS }, () => startTalker(progressed));
    await Promise.all(talkers.map((talker) => talker.room.opened));

    proxy.begin(CUTS);
    for (const talker of talkers) talker.talk();
    await end.opened;
    clearTimeout(timer);

    expect(mistakes()).toEqual([]);
    if (!isDone()) throw new Error(`not done within ${PATIENCE_MS} ms: ${standing()}`);
    expect(Object.values(proxy.cutsByWay).reduce((sum, cuts) => sum + cuts)).toBe(CUTS);
    expect(book.connected.filter(isTalker)).toHaveLength(CLIENTS);
    const heard = talkers.map(({ ids, said }): [number, number] => {
      expect(ids.size).toBe(1);
      return [[...ids][0]!, said];
    });
    expect(new Map(heard)).toEqual(book.heard);
  },
  PATIENCE_MS + 10_000,
);
