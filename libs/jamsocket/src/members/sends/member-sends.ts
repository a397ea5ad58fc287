import type { Outbox } from '../../outbox/outbox.js';
import { Frame } from '../../wire/frame.js';
import type { Client, ClientId } from '../client.js';
import { outletsOf, type Resumption } from '../resumption.js';
import type { MembersState, SendPort } from '../room-port.js';
import { tellBroadcast, tellSentTo, tellSentToOne, tellTextToOne, type ObservedRoom } from '../sent-message.js';
import { UngatedSends } from '../ungated-sends.js';

const NOBODY: readonly Client[] = [];

/** Sends messages to the members of a room. A part of `Members`, not a layer below it: a message passes one object. */
export abstract class MemberSends implements SendPort<Client> {
  /** Clients from the start of their `@OnConnect` on, including clients that are away. */
  readonly clients = new Map<ClientId, Client>();
  /** `null` while no client speaks `jamsocket.v1`. */
  protected resumption: Resumption | null = null;
  /** `null` if the room has no shared state. */
  state: MembersState<Client> | null = null;
  /** Created on first use: most rooms are idle. */
  #ungated: UngatedSends | null = null;

  constructor(
    readonly outbox: Outbox,
    private readonly room: ObservedRoom,
  ) {}

  /** The members that have this tag. */
  abstract withTag(tag: string): readonly Client[];

  broadcast(frame: Frame): void {
    if (this.state !== null) this.state.beforeSend(frame);
    this.#broadcast(frame);
  }

  #broadcast(frame: Frame): void {
    if (this.room.isWatched) tellBroadcast(this.room, frame, NOBODY, this.clients);
    if (this.resumption === null) this.outbox.broadcast(frame);
    else this.resumption.broadcast(frame, NOBODY);
  }

  broadcastExcept(frame: Frame, clients: readonly Client[]): void {
    if (this.state !== null) this.state.beforeSend(frame);
    if (this.room.isWatched) tellBroadcast(this.room, frame, clients, this.clients);
    if (this.resumption === null) this.outbox.broadcastExcept(frame, outletsOf(clients));
    else this.resumption.broadcast(frame, clients);
  }

  sendTo(client: Client, frame: Frame): void {
    if (this.state !== null) this.state.beforeSend(frame);
    if (this.room.isWatched) tellSentToOne(this.room, frame, client, this.clients);
    if (this.resumption !== null) this.resumption.send(frame, [client]);
    else if (client.outlet !== null) this.outbox.sendTo(frame, client.outlet);
  }

  sendText(client: Client, text: string): void {
    if (this.resumption !== null || this.state !== null) return this.sendTo(client, Frame.text(text));
    if (this.room.isWatched) tellTextToOne(this.room, text, client, this.clients);
    if (client.outlet !== null) this.outbox.sendText(text, client.outlet);
  }

  send(frame: Frame, clients: readonly Client[]): void {
    if (this.state !== null) this.state.beforeSend(frame);
    if (this.room.isWatched) tellSentTo(this.room, frame, clients, this.clients);
    this.#send(frame, clients);
  }

  /** Sends a change of the shared state. @param clients `null` for everyone */
  sendState(frame: Frame, clients: readonly Client[] | null): void {
    if (clients === null) return this.#broadcast(frame);
    if (this.room.isWatched) tellSentTo(this.room, frame, clients, this.clients);
    this.#send(frame, clients);
  }

  /** Sends the whole shared state to a client that has just become a member. */
  welcomeState(frame: Frame, client: Client): void {
    if (this.room.isWatched) tellSentToOne(this.room, frame, client, this.clients);
    if (client.session !== null) this.resumption!.sendUnlogged(frame, client);
    else this.outbox.sendTo(frame, client.outlet!);
  }

  get ungated(): SendPort<Client> {
    if (!this.outbox.isGated) return this;
    return (this.#ungated ??= new UngatedSends(this.clients, this.outbox, this.room, {
      withTag: (tag) => this.withTag(tag),
      sendGated: (frame, clients) => this.#send(frame, clients),
    }));
  }

  #send(frame: Frame, clients: readonly Client[]): void {
    if (this.resumption === null) this.outbox.send(frame, outletsOf(clients));
    else this.resumption.send(frame, clients);
  }
}
