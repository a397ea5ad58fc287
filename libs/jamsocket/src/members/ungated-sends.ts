import type { Outbox } from '../outbox/outbox.js';
import { Frame } from '../wire/frame.js';
import type { Client, ClientId } from './client.js';
import type { SendPort } from './room-port.js';
import { tellSentTo, type ObservedRoom } from './sent-message.js';

/** What `UngatedSends` uses of the members. */
export interface GatedSends {
  withTag(tag: string): readonly Client[];
  /** Sends as usual, without telling observers. */
  sendGated(frame: Frame, clients: readonly Client[]): void;
}

/**
 * Sends past the gate of a room, for `{ ungated: true }`. Such a frame overtakes frames that are counted, so for clients of
 * `jamsocket.v1` it is announced as not counted. It is not in the replay log, so clients that are away do not get it.
 */
export class UngatedSends implements SendPort<Client> {
  constructor(
    readonly clients: ReadonlyMap<ClientId, Client>,
    private readonly outbox: Outbox,
    private readonly room: ObservedRoom,
    private readonly members: GatedSends,
  ) {}

  withTag(tag: string): readonly Client[] {
    return this.members.withTag(tag);
  }

  broadcast(frame: Frame): void {
    this.send(frame, [...this.clients.values()]);
  }

  broadcastExcept(frame: Frame, excluded: readonly Client[]): void {
    this.send(
      frame,
      [...this.clients.values()].filter((client) => !excluded.includes(client)),
    );
  }

  sendTo(client: Client, frame: Frame): void {
    this.send(frame, [client]);
  }

  send(frame: Frame, clients: readonly Client[]): void {
    if (this.room.isWatched) tellSentTo(this.room, frame, clients, this.clients);
    const gated = clients.filter((client) => !this.#sendPast(frame, client));
    if (gated.length > 0) this.members.sendGated(frame, gated);
  }

  /** @returns false if the frame has to go the usual way: the client's welcome waits at the gate, or it counts all data frames */
  #sendPast(frame: Frame, { outlet, session, connection }: Client): boolean {
    // It is away.
    if (outlet === null) return true;
    if (session === null) return this.outbox.sendPast([frame], outlet);
    if (!session.takesUncounted) return false;
    if (frame.isVolatile && connection!.isBehind) return true;
    return this.outbox.sendPast([Frame.text(session.announceUncounted()), frame], outlet);
  }
}
