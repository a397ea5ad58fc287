import type { Link } from '../outbox/link.js';
import { Frame } from '../wire/frame.js';
import type { Outbox, Outlet } from '../outbox/outbox.js';
import type { JamsocketClock, JamsocketRandom } from '../base/sources.js';
import type { Lost, Welcome } from '../base/protocol.js';
import type { AddressCounts } from '../base/limits/address-counts.js';
import { AwayClients } from './away-clients.js';
import type { Client } from './client.js';
import type { LogEntry, ReplayLog } from '../sessions/replay-log.js';
import { Session } from '../sessions/session.js';

/** What a client presents to resume. */
export interface ResumeRequest {
  readonly token: string;
  /** Data frames it has received, over all its connections. */
  readonly received: number;
}

/** A client that can resume, and the frames it has missed. */
export interface Resumable {
  readonly client: Client;
  readonly missed: readonly Frame[];
}

/** The saved log of an earlier instance. */
export interface RestoredResumption {
  readonly entries: readonly LogEntry[];
  /** Number of the first entry. */
  readonly firstEntry: number;
  readonly broadcasts: number;
  /** The clients have seen only saved messages, and every message that was acknowledged to them is saved. */
  readonly isExact: boolean;
}

/** Lets clients of one room that speak `jamsocket.v1` resume: their sessions, the replay log, and which of them are away. */
export class Resumption {
  readonly #byToken = new Map<string, Client>();
  readonly #away: AwayClients;
  /** Clients from before a crash that may have seen messages that were not saved. */
  readonly #inexact = new Set<Client>();
  /** Clients that were behind (had unsent bytes) when last checked; some may have caught up since. */
  readonly #behind = new Set<Client>();

  constructor(
    private readonly windowMs: number,
    /** What the welcome says of heartbeats. */
    private readonly heartbeat: Pick<Welcome, 'heartbeatMs' | 'beatMs'>,
    /** `null` if resuming is off. */
    readonly log: ReplayLog | null,
    private readonly outbox: Outbox,
    private readonly clock: JamsocketClock,
    private readonly random: JamsocketRandom,
    placesKept: AddressCounts,
    expire: (client: Client) => void,
  ) {
    this.#away = new AwayClients(windowMs, clock, placesKept, expire);
  }

  /** Fills a new instance with saved clients. All of them are away. */
  restore(clients: readonly Client[], { entries, firstEntry, broadcasts, isExact }: RestoredResumption): void {
    this.log?.restore(entries, firstEntry, broadcasts);
    for (const client of clients) {
      for (const token of client.session!.tokens) this.#byToken.set(token, client);
      client.session!.heardUntil = this.clock.now();
      this.#away.add(client);
      if (!isExact) this.#inexact.add(client);
    }
  }

  /** The room has stopped: clients that are away cannot resume. */
  stop(): void {
    this.#away.clear();
    this.log?.clear();
  }

  get isEmpty(): boolean {
    return this.#byToken.size === 0;
  }

  /** Starts a session for a client that is about to become a member. */
  open(client: Client, connection: Link, lost?: Lost): void {
    connection.keepsVolatile = true;
    client.session = new Session(this.random.token());
    client.session.clientId = client.id;
    client.session.lost = lost;
    this.#byToken.set(client.session.token, client);
  }

  /** The client has become a member of the outbox: welcomes it. */
  enter(client: Client): void {
    const session = client.session!;
    this.log?.join(session);
    this.#welcome(client, { resumed: false, lost: session.lost });
  }

  /** Checks the client's first frame. @returns whether it confirms the token */
  confirm(client: Client, frame: string | Buffer): boolean {
    const isConfirmed = this.#replaceTokens(client, (session) => session.confirm(frame));
    // Not before: the welcome must come first, and may still be queued.
    if (isConfirmed) client.connection!.startBeats();
    return isConfirmed;
  }

  acknowledge(client: Client): void {
    const session = client.session!;
    this.outbox.sendTo(Frame.text(session.acknowledge()), client.outlet!);
    this.#noteTold(session);
  }

  /** Answers a heartbeat at once, even while messages to the client wait for the store. */
  answerHeartbeat(client: Client): void {
    if (this.outbox.hasWaiting) this.outbox.sendPast([Frame.text(client.session!.repeatTold())], client.outlet!);
    else this.acknowledge(client);
  }

  /** Keeps the place of a client whose connection is lost. @returns false if the client cannot resume */
  keepPlace(client: Client): boolean {
    const session = client.session!;
    if (this.log === null || session.firstEntry < 0) return false;
    session.heardUntil = Math.min(client.connection!.lastHeard, this.clock.now());
    client.connection = null;
    this.#behind.delete(client);
    this.#away.add(client);
    return true;
  }

  /** The client leaves permanently. */
  forget(client: Client): void {
    for (const token of client.session!.tokens) this.#byToken.delete(token);
    this.#behind.delete(client);
    this.#inexact.delete(client);
    this.#away.remove(client);
    if (this.isEmpty) this.log?.clear();
  }

  /** The client that can resume with this token. */
  holderOf(token: string): Client | undefined {
    return this.log === null ? undefined : this.#byToken.get(token);
  }

  /** The client that can resume and what it missed, or the reason (`lost`) why it has to start again as a new client. */
  find({ token, received }: ResumeRequest): Resumable | { readonly lost: Lost; readonly client?: Client } {
    const client = this.holderOf(token);
    if (client === undefined) return { lost: 'unknown' };
    if (this.#inexact.has(client)) return { lost: 'restored', client };
    const missed = this.log!.missedBy(client.session!, received);
    return missed === undefined ? { lost: 'gap', client } : { client, missed };
  }

  /** The client resumes on a new connection. It first gets what it has missed. */
  resume({ client, missed }: Resumable, connection: Link, presented: string): void {
    this.#away.remove(client);
    client.connection = connection;
    connection.keepsVolatile = true;
    this.#replaceTokens(client, (session) => session.renew(this.random.token(), presented));
    client.outlet = this.outbox.join(connection);
    this.outbox.sendAll([this.#welcomeFrame(client, { resumed: true }), ...missed], client.outlet);
    this.#noteTold(client.session!);
  }

  /** The connection of a restored client has followed the room. @param sent how many frames it was sent before */
  follow(client: Client, connection: Link, sent: number, takesUncounted: boolean): void {
    const session = client.session!;
    const missed = this.log?.missedBy(session, sent) ?? [];
    this.#away.remove(client);
    client.connection = connection;
    connection.keepsVolatile = true;
    this.#replaceTokens(client, () => session.keepConnection(takesUncounted));
    client.outlet = this.outbox.join(connection);
    if (missed.length > 0) this.outbox.sendAll(missed, client.outlet);
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

  /**
   * Sends to a client that has just entered, without adding the frame to the log. If the connection is lost before the
   * client has received it, the client cannot resume.
   */
  sendUnlogged(frame: Frame, client: Client): void {
    client.session!.ownFrames++;
    this.outbox.sendTo(frame, client.outlet!);
  }

  /** The client has unsent bytes now. */
  fellBehind(client: Client): void {
    this.#behind.add(client);
  }

  /** `excluded` and all clients that must skip a volatile frame. Decided here and not at the socket: the log must know it. */
  #withBehind(excluded: readonly Client[]): readonly Client[] {
    for (const client of this.#behind) if (!isBehind(client)) this.#behind.delete(client);
    if (this.#away.size === 0 && this.#behind.size === 0) return excluded;
    return [...new Set([...excluded, ...this.#away, ...this.#behind])];
  }

  /** Runs `change` and updates the index of tokens. */
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
      ...this.heartbeat,
      ...answer,
    };
    return Frame.text(JSON.stringify(welcome));
  }

  /** The client knows the number in the frame that was just sent as soon as that frame has left. */
  #noteTold(session: Session): void {
    const { handled } = session;
    if (this.outbox.hasWaiting) this.outbox.after(() => session.told(handled));
    else session.told(handled);
  }
}

function sessionsOf(clients: readonly Client[]): Session[] {
  return clients.flatMap(({ session }) => session ?? []);
}

/** Always false for clients without a session: the outbox checks those when it writes. */
function isBehind({ session, connection }: Client): boolean {
  return session !== null && (connection === null || connection.isBehind);
}

/** The outlets of `clients`. Clients that are away have none. */
export function outletsOf(clients: readonly Client[]): Outlet[] {
  return clients.flatMap(({ outlet }) => outlet ?? []);
}
