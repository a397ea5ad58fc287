import type { Link } from '../outbox/link.js';
import { Frame } from '../wire/frame.js';
import type { Outbox, Outlet } from '../outbox/outbox.js';
import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import type { Lost, Welcome } from '../base/protocol.js';
import type { AddressCounts } from './address-counts.js';
import type { Client } from './client.js';
import type { LogEntry, ReplayLog } from './replay-log.js';
import { Session } from './session.js';

/** What a client that comes back shows. */
export interface ResumeRequest {
  readonly token: string;
  /** Data frames it has received, over all its connections. */
  readonly received: number;
}

/** A client that can go on, and the frames it has missed. */
export interface Resumable {
  readonly client: Client;
  readonly missed: readonly Frame[];
}

/** What was saved of an instance's resumption. */
export interface RestoredResumption {
  readonly entries: readonly LogEntry[];
  /** Number of the first of them. */
  readonly firstEntry: number;
  readonly broadcasts: number;
  /** The clients have seen nothing that was not saved, and lost nothing that they were told was handled. */
  readonly isExact: boolean;
}

interface Away {
  /** Until when it may come back. */
  readonly timer: NodeJS.Timeout;
  /** Address it was counted by. */
  readonly ip: string;
}

/** The clients of one room that speak `jamsocket.v1`: their sessions, what they may have missed, and who is away. */
export class Resumption {
  readonly #byToken = new Map<string, Client>();
  /** Clients whose connection is lost. */
  readonly #away = new Map<Client, Away>();
  /** Clients of before a crash that may have seen more than was saved. */
  readonly #inexact = new Set<Client>();
  /** Clients that have fallen behind; some may have caught up since. */
  readonly #late = new Set<Client>();

  constructor(
    private readonly windowMs: number,
    private readonly heartbeatMs: number,
    /** `null` if nobody can come back. */
    readonly log: ReplayLog | null,
    private readonly outbox: Outbox,
    private readonly clock: JamsocketClock,
    private readonly random: JamsocketRandom,
    private readonly placesKept: AddressCounts,
    private readonly expire: (client: Client) => void,
  ) {}

  /** Fills a new one with what was saved: everyone is away. */
  restore(clients: readonly Client[], { entries, firstEntry, broadcasts, isExact }: RestoredResumption): void {
    this.log?.restore(entries, firstEntry, broadcasts);
    for (const client of clients) {
      for (const token of client.session!.tokens) this.#byToken.set(token, client);
      client.session!.heardUntil = this.clock.now();
      this.#waitFor(client);
      if (!isExact) this.#inexact.add(client);
    }
  }

  get isEmpty(): boolean {
    return this.#byToken.size === 0;
  }

  /** The client has a connection, and is about to become a member. */
  open(client: Client, connection: Link): void {
    connection.keepsVolatile = true;
    client.session = new Session(this.random.token());
    client.session.clientId = client.id;
    this.#byToken.set(client.session.token, client);
  }

  /** The client is a member of the outbox from now on. */
  enter(client: Client, lost?: Lost): void {
    this.log?.join(client.session!);
    this.#welcome(client, { resumed: false, lost });
  }

  /** The client shows that it knows its token. @returns whether it does */
  confirm(client: Client, frame: string | Buffer): boolean {
    return this.#replaceTokens(client, (session) => session.confirm(frame));
  }

  acknowledge(client: Client): void {
    const session = client.session!;
    this.outbox.sendTo(Frame.text(session.acknowledge()), client.outlet!);
    this.#noteTold(session);
  }

  /** Shows the client that it is heard, however long a store keeps back what it is sent. */
  answerHeartbeat(client: Client): void {
    if (this.outbox.isHolding) this.outbox.sendPast(Frame.text(client.session!.repeatTold()), client.outlet!);
    else this.acknowledge(client);
  }

  /** Keeps the place of a client whose connection is lost. @returns whether it can come back */
  keepPlace(client: Client): boolean {
    const session = client.session!;
    if (this.log === null || session.firstEntry < 0) return false;
    session.heardUntil = Math.min(client.connection!.lastHeard, this.clock.now());
    client.connection = null;
    this.#late.delete(client);
    this.#waitFor(client);
    return true;
  }

  /** The client has left for good. */
  forget(client: Client): void {
    for (const token of client.session!.tokens) this.#byToken.delete(token);
    this.#late.delete(client);
    this.#inexact.delete(client);
    this.#stopWaiting(client);
    if (this.isEmpty) this.log?.clear();
  }

  /** Whoever can come back with this token. */
  holderOf(token: string): Client | undefined {
    return this.log === null ? undefined : this.#byToken.get(token);
  }

  /** Who comes back. A client whose log has a gap is given up: it has to begin anew. */
  find({ token, received }: ResumeRequest): Resumable | { readonly lost: Lost; readonly client?: Client } {
    const client = this.holderOf(token);
    if (client === undefined) return { lost: 'unknown' };
    if (this.#inexact.has(client)) return { lost: 'restored', client };
    const missed = this.log!.missedBy(client.session!, received);
    return missed === undefined ? { lost: 'gap', client } : { client, missed };
  }

  /** The client goes on with another connection, and gets what it has missed first. */
  resume({ client, missed }: Resumable, connection: Link, presented: string): void {
    this.#stopWaiting(client);
    client.connection = connection;
    connection.keepsVolatile = true;
    this.#replaceTokens(client, (session) => session.renew(this.random.token(), presented));
    client.outlet = this.outbox.join(connection);
    this.outbox.sendAll([this.#welcomeFrame(client, { resumed: true }), ...missed], client.outlet);
    this.#noteTold(client.session!);
  }

  broadcast(frame: Frame, excluded: readonly Client[]): void {
    const except = frame.isVolatile ? this.#withBehind(excluded) : excluded;
    this.log?.broadcast(frame, sessionsOf(except));
    if (except.length === 0) this.outbox.broadcast(frame);
    else this.outbox.broadcastExcept(frame, outletsOf(except));
  }

  send(frame: Frame, clients: readonly Client[]): void {
    const to = frame.isVolatile ? clients.filter((client) => !isBehind(client)) : clients;
    this.log?.send(frame, sessionsOf(to));
    this.outbox.send(frame, outletsOf(to));
  }

  /** Not everything that was written to the client has left. */
  fellBehind(client: Client): void {
    this.#late.add(client);
  }

  /** Whoever goes without a volatile frame. It is decided here, since the log has to know. */
  #withBehind(excluded: readonly Client[]): readonly Client[] {
    for (const client of this.#late) if (!isBehind(client)) this.#late.delete(client);
    if (this.#away.size === 0 && this.#late.size === 0) return excluded;
    return [...new Set([...excluded, ...this.#away.keys(), ...this.#late])];
  }

  /** Runs what changes the tokens of a client. @returns what it returns */
  #replaceTokens<T>(client: Client, change: (session: Session) => T): T {
    const session = client.session!;
    for (const token of session.tokens) this.#byToken.delete(token);
    const result = change(session);
    for (const token of session.tokens) this.#byToken.set(token, client);
    return result;
  }

  #welcome(client: Client, answer: Pick<Welcome, 'resumed' | 'lost'>): void {
    this.outbox.sendTo(this.#welcomeFrame(client, answer), client.outlet!);
  }

  #welcomeFrame(client: Client, answer: Pick<Welcome, 'resumed' | 'lost'>): Frame {
    const { token, received, handled } = client.session!;
    const welcome: Welcome = {
      jamsocket: token,
      client: client.id,
      received,
      handled,
      windowMs: this.windowMs,
      heartbeatMs: this.heartbeatMs,
      ...answer,
    };
    return Frame.text(JSON.stringify(welcome));
  }

  /** What was sent last says how much is handled, and is seen when it has left. */
  #noteTold(session: Session): void {
    const { handled } = session;
    if (this.outbox.isHolding) this.outbox.after(() => session.told(handled));
    else session.told(handled);
  }

  #waitFor(client: Client): void {
    const timer = this.clock.setTimeout(() => this.expire(client), this.windowMs);
    const { ip } = client.request;
    this.#away.set(client, { timer, ip });
    this.placesKept.add(ip);
  }

  #stopWaiting(client: Client): void {
    const away = this.#away.get(client);
    if (away === undefined) return;
    this.clock.clearTimeout(away.timer);
    this.#away.delete(client);
    this.placesKept.remove(away.ip);
  }
}

function sessionsOf(clients: readonly Client[]): Session[] {
  return clients.flatMap(({ session }) => session ?? []);
}

/** Other clients are asked when a frame is written to them. */
function isBehind({ session, connection }: Client): boolean {
  return session !== null && (connection === null || connection.isBehind);
}

/** Of those that are not away. */
export function outletsOf(clients: readonly Client[]): Outlet[] {
  return clients.flatMap(({ outlet }) => outlet ?? []);
}
