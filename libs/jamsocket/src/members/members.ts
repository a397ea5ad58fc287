import type { Link } from '../outbox/link.js';
import { writeDirectly } from '../outbox/write-directly.js';
import type { Outbox } from '../outbox/outbox.js';
import { CloseCode, type Lost } from '../base/protocol.js';
import type { Client, ClientId } from './client.js';
import { ClientIds } from './client-ids.js';
import type { MembersPort } from './room-port.js';
import type { ReplayLog } from '../sessions/replay-log.js';
import type { RestoredResumption, Resumable, ResumeRequest, Resumption } from './resumption.js';
import { MemberSends } from './sends/member-sends.js';
import type { ObservedRoom } from './sent-message.js';
import { TagIndex } from './tag-index.js';

export interface RestoredMembers extends RestoredResumption {
  readonly lastId: ClientId;
  readonly clientKeys: readonly (readonly [key: string, id: ClientId])[];
}

const UNKNOWN = { lost: 'unknown' } as const;
const RESTORED = { lost: 'restored' } as const;

/** The clients of a room, and how messages reach them. */
export class Members extends MemberSends implements MembersPort<Client> {
  #ids = new ClientIds();
  /** Clients whose `@OnConnect` has not begun. Created on first use, as is the next field: most rooms are idle. */
  #joining: Map<ClientId, Client> | null = null;
  /** `null` until a message is sent to a tag. */
  #byTag: TagIndex<Client> | null = null;
  /** The room was restored from a save that may be older than what its clients have seen. */
  #isUndone = false;

  constructor(
    outbox: Outbox,
    private readonly createResumption: () => Resumption,
    room: ObservedRoom,
  ) {
    super(outbox, room);
  }

  /** All clients, including those whose `@OnConnect` has not begun. */
  get all(): Client[] {
    return [...this.clients.values(), ...(this.#joining?.values() ?? [])];
  }

  /** Messages that the room has sent recently; `null` while no client speaks `jamsocket.v1`. */
  get log(): ReplayLog | null {
    return this.resumption?.log ?? null;
  }

  /** The latest id. */
  get lastId(): ClientId {
    return this.#ids.last;
  }

  /** The ids of clients by `clientKey`. */
  get clientKeys(): ReadonlyMap<string, ClientId> {
    return this.#ids.byKey;
  }

  /** Fills a new instance of a room with the members of the previous one. */
  restore(clients: readonly Client[], { lastId, clientKeys, ...resumption }: RestoredMembers): void {
    this.#ids = new ClientIds(lastId, clientKeys);
    this.#isUndone = !resumption.isExact;
    for (const client of clients) this.clients.set(client.id, client);
    const resumable = clients.filter(({ session }) => session !== null);
    if (resumable.length > 0) (this.resumption ??= this.createResumption()).restore(resumable, resumption);
  }

  /**
   * Adds a client with its connection.
   * @param isResumable it speaks `jamsocket.v1`
   * @param lost why its resume failed
   */
  add(client: Client, connection: Link, isResumable: boolean, lost?: Lost): void {
    client.connection = connection;
    const joining = (this.#joining ??= new Map<ClientId, Client>());
    client.id = this.#ids.next(client.request.url, (id) => this.clients.has(id) || joining.has(id));
    joining.set(client.id, client);
    if (isResumable) (this.resumption ??= this.createResumption()).open(client, connection, lost);
  }

  /** From now on the client gets what the room sends. */
  enter(client: Client): void {
    this.#joining?.delete(client.id);
    if (client.closed !== undefined) return;
    // The others get these changes; the client gets the value that has them.
    if (this.state !== null) this.state.flush();
    this.clients.set(client.id, client);
    this.#byTag?.enter(client);
    client.outlet = this.outbox.join(client.connection!);
    if (client.session !== null) this.resumption!.enter(client);
    if (this.state !== null) this.state.welcome(client);
  }

  /** The client leaves permanently. */
  remove(client: Client): void {
    this.clients.delete(client.id);
    this.#byTag?.leave(client);
    this.#leaveOutbox(client);
    if (client.session === null) return;
    // There is none for a client that was restored only to run its @OnDisconnect.
    this.resumption?.forget(client);
    if (this.resumption?.isEmpty) this.resumption = null;
  }

  /** The room has stopped. Clients that may come back to another instance of it are not waited for in this one. */
  stop(): void {
    for (const client of this.clients.values()) client.requests?.left();
    this.resumption?.stop();
  }

  /** Discards what waits for the clients, and sends them nothing more. */
  silence(): void {
    for (const client of this.clients.values()) this.#leaveOutbox(client);
  }

  /** The members that have this tag. */
  withTag(tag: string): readonly Client[] {
    return (this.#byTag ??= new TagIndex(this.clients.values())).withTag(tag);
  }

  tagAdded(client: Client, tag: string): void {
    // A guard may tag a client before it has joined.
    if (this.#byTag !== null && this.clients.get(client.id) === client) this.#byTag.add(client, tag);
  }

  tagRemoved(client: Client, tag: string): void {
    this.#byTag?.remove(client, tag);
  }

  /** The client's connection has ended. @returns whether its place is kept for a resume */
  keepPlace(client: Client, code: number): boolean {
    const { connection } = client;
    // A client that breaks the protocol leaves, whatever the close code.
    if (connection?.hasFailed) return false;
    // With the timeout code a client gives up a silent connection. It will resume on another one.
    const isLost =
      code === CloseCode.abnormal || client.isParked || (code === CloseCode.timeout && !client.isDismissed);
    if (!isLost || client.session === null || !this.resumption!.keepPlace(client)) return false;
    this.#leaveOutbox(client);
    return true;
  }

  /** The client with this token, connected or away. */
  holderOf({ token }: ResumeRequest): Client | undefined {
    return this.resumption?.holderOf(token);
  }

  find(request: ResumeRequest): Resumable | { readonly lost: Lost; readonly client?: Client } {
    const found = this.resumption?.find(request) ?? UNKNOWN;
    // The client may have got its token, or have come, after the last save.
    return 'lost' in found && found.lost === 'unknown' && this.#isUndone ? RESTORED : found;
  }

  resume(resumable: Resumable, connection: Link, token: string): void {
    // The old connection may not have ended yet.
    resumable.client.connection?.terminate('resumed');
    this.resumption!.resume(resumable, connection, token);
  }

  /** How many data frames a client of `jamsocket.v1` was sent. */
  sentTo({ session }: Client): number {
    return session === null ? 0 : (this.log?.sentTo(session) ?? 0);
  }

  /** The connection of a restored client has followed the room. @param sent how many data frames it was sent before */
  follow(client: Client, connection: Link, sent: number, takesUncounted: boolean): void {
    if (client.session !== null) return this.resumption!.follow(client, connection, sent, takesUncounted);
    client.connection = connection;
    client.outlet = this.outbox.join(connection);
  }

  /** Sends what waits for the clients, and nothing more. */
  finish(): void {
    for (const client of this.clients.values()) {
      if (client.outlet !== null) this.outbox.flushTo(client.outlet);
      this.#leaveOutbox(client);
    }
  }

  /** Checks the first frame of a client that speaks `jamsocket.v1`. @returns whether it is the confirmation */
  confirm(client: Client, frame: string | Buffer): boolean {
    return this.resumption!.confirm(client, frame);
  }

  fellBehind(client: Client): void {
    this.resumption?.fellBehind(client);
  }

  /** Counts a handled message of a client that speaks `jamsocket.v1`, and acknowledges when it is time. */
  handled(client: Client, bytes: number): void {
    const session = client.session!;
    if (session.countHandled(bytes)) this.acknowledge(client);
    if (session.finished !== null && session.handled === session.received) session.finished();
  }

  /** Before a close: sends the changes of the shared state, and how many of the client's messages have been handled. */
  closing(client: Client): void {
    if (this.state !== null) this.state.flush();
    if (client.session?.hasUnacknowledged) this.acknowledge(client);
  }

  /** Tells the client how many of its messages have been handled. */
  acknowledge(client: Client): void {
    // A client that is away is told when it resumes.
    if (client.closed === undefined && client.outlet !== null) this.resumption!.acknowledge(client);
  }

  /** Answers a heartbeat, so that the client knows the connection is alive. */
  answerHeartbeat(client: Client): void {
    if (client.closed === undefined && client.outlet !== null) this.resumption!.answerHeartbeat(client);
  }

  /** @returns an acknowledgement that stays true until the client sends a message, if the client takes empty texts for beats */
  beat(client: Client): string | undefined {
    const { session, connection, outlet } = client;
    if (session === null || connection === null || outlet === null) return undefined;
    if (session.hasUnacknowledged && !this.outbox.hasWaiting) {
      this.acknowledge(client);
      return undefined;
    }
    // It says no more than the client knows, so it may overtake everything that waits for the client.
    const acknowledgement = session.repeatTold();
    writeDirectly(connection, acknowledgement);
    return session.takesUncounted && session.hasToldAll ? acknowledgement : undefined;
  }

  #leaveOutbox(client: Client): void {
    if (client.outlet !== null) this.outbox.leave(client.outlet);
    client.outlet = null;
  }
}
