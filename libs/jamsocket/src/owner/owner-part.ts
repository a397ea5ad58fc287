import { CloseCode } from '../base/protocol.js';
import { RefusedError } from '../base/errors.js';
import { inBatches } from '../base/in-batches.js';
import { HEADROOM_BYTES } from '../cluster/links/link-frame.js';
import type { PeerLink } from '../cluster/links/peer-link.js';
import type { Client } from '../members/client.js';
import { decodeArrival } from '../peers/arriving.js';
import { bodyOf, closeMessage, endIn, kindOf, messageOf, numberOf, TO_CHANNEL, TO_OWNER } from '../peers/messages.js';
import { eachRun, FORM } from '../peers/client-messages.js';
import { decodeNote, encodeNote, type FollowNote, type MovedNote } from '../peers/moving.js';
import type { PeerPart } from '../peers/peer.js';
import { encodeError } from '../peers/remote-error.js';
import type { Placement } from '../rooms/reservation.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { Frame } from '../wire/frame.js';
import type { EdgeNode } from './edge-node.js';
import { GatheredBroadcasts } from './gathered-broadcasts.js';
import { RemoteArrival } from './remote-arrival.js';
import { RemoteLink } from './remote-link.js';

/** What owners need of their node. */
export interface OwnerServices {
  readonly placement: Placement;
  readonly definitions: ReadonlyMap<string, RoomDefinition>;
  /** This node shuts down. */
  readonly isDraining: boolean;
  readonly followers: Followers;
  now(): number;
}

/** Waits for clients that follow a room to this node. */
export interface Followers {
  /** @param open makes the connection of the client @returns false if no such client is awaited */
  follow(edge: string, note: FollowNote, open: (client: Client) => RemoteLink): boolean;
}

/** The clients of one other node in rooms of this one. */
export class OwnerPart implements PeerPart, EdgeNode {
  readonly #arrivals = new Map<number, RemoteArrival>();
  readonly #links = new Map<number, RemoteLink>();
  readonly #broadcasts = new GatheredBroadcasts();
  #mirrors = 0;
  readonly #receiveRun = (channel: number, from: number, to: number, messages: Buffer): void =>
    this.#links.get(channel)?.receivedRun(messages, from, to);
  /** Something of rooms here has been sent to the other node. */
  hasSpoken = false;

  constructor(
    private readonly link: PeerLink,
    private readonly services: OwnerServices,
  ) {}

  get name(): string {
    return this.link.peer;
  }

  /** Clients whose connections are there. */
  get clients(): number {
    return this.#links.size;
  }

  received(message: Buffer): void {
    const channel = numberOf(message);
    const kind = kindOf(message);
    if (kind === TO_OWNER.messages) return eachRun(message, this.#receiveRun);
    if (kind === TO_OWNER.arrive) return this.#arrive(channel, bodyOf(message));
    if (kind === TO_OWNER.join) return void this.#arrivals.get(channel)?.join();
    if (kind === TO_OWNER.abandon) return this.#abandon(channel);
    if (kind === TO_OWNER.follow) return this.#follow(channel, decodeNote(bodyOf(message)));
    const link = this.#links.get(channel);
    if (link !== undefined) this.#pass(kind, link, message);
  }

  down(reason: string): void {
    this.#broadcasts.take();
    for (const arrival of this.#arrivals.values()) arrival.abandon();
    this.#arrivals.clear();
    inBatches([...this.#links.values()], (link) => {
      this.#links.delete(link.channel);
      link.endedThere();
      link.closedThere(lost(`the node of its socket is gone: ${reason}`));
    });
  }

  /** This node shuts down: clients that wait for a room here look for another node. */
  sendArrivalsAway(): void {
    for (const arrival of [...this.#arrivals.values()]) arrival.sendAway();
  }

  send(message: Buffer): void {
    this.sendGathered();
    this.hasSpoken = true;
    this.link.send(message);
  }

  broadcast(mirror: number, frame: Frame): void {
    if (!this.#broadcasts.fits(mirror, frame)) this.sendGathered();
    if (this.#broadcasts.add(mirror, frame) === 1) this.link.flushSoon();
  }

  /** Sends what has been gathered since the last message. */
  sendGathered(): void {
    const gathered = this.#broadcasts.take();
    if (gathered === undefined) return;
    this.hasSpoken = true;
    this.link.send(gathered, HEADROOM_BYTES);
  }

  now(): number {
    return this.services.now();
  }

  get heardAt(): number {
    return this.link.heardAt;
  }

  nextMirror(): number {
    return ++this.#mirrors;
  }

  moved(channel: number, note: MovedNote): void {
    this.#links.delete(channel);
    this.send(messageOf(TO_CHANNEL.moved, channel, encodeNote(note)));
  }

  forget(channel: number): void {
    this.#arrivals.delete(channel);
  }

  #arrive(channel: number, body: Buffer): void {
    // The client looks for the room again until another node has it.
    if (this.services.isDraining) return this.send(messageOf(TO_CHANNEL.again, channel));
    try {
      const sent = decodeArrival(body);
      const definition = this.services.definitions.get(sent.service);
      if (definition === undefined)
        throw new RefusedError(404, 'no_such_service', `The node of this room has no service "${sent.service}".`);
      const arrival = new RemoteArrival(this, channel, sent, (link) => {
        this.#arrivals.delete(channel);
        this.#links.set(channel, link);
      });
      this.#arrivals.set(channel, arrival);
      void arrival.enter(definition, this.services.placement);
    } catch (error) {
      this.send(messageOf(TO_CHANNEL.refused, channel, encodeError(error)));
    }
  }

  #follow(channel: number, note: FollowNote): void {
    const isAwaited = this.services.followers.follow(this.link.peer, note, (client) => {
      const link = new RemoteLink(this, channel, client);
      this.#links.set(channel, link);
      return link;
    });
    if (note.arrival === undefined) return;
    if (isAwaited) this.send(messageOf(TO_CHANNEL.followed, channel));
    else this.send(closeMessage(TO_CHANNEL.close, channel, CloseCode.serviceRestart, 'the room has moved'));
  }

  /** The client may have joined meanwhile. */
  #abandon(channel: number): void {
    this.#arrivals.get(channel)?.abandon();
    this.#arrivals.delete(channel);
    const link = this.#links.get(channel);
    if (link === undefined) return;
    this.#links.delete(channel);
    link.endedThere();
    link.closedThere(lost('the client has gone'));
  }

  #pass(kind: number, link: RemoteLink, message: Buffer): void {
    switch (kind) {
      case TO_OWNER.text:
        return link.received(FORM.utf8, bodyOf(message));
      case TO_OWNER.binary:
        return link.received(FORM.binary, bodyOf(message));
      case TO_OWNER.closed:
        return link.closedThere(endIn(message));
      case TO_OWNER.ended:
        this.#links.delete(link.channel);
        return link.endedThere();
      case TO_OWNER.quiet:
        return link.quiet();
      case TO_OWNER.held:
        return link.held();
      case TO_OWNER.unread:
        return link.unread();
      case TO_OWNER.behind:
        return link.behind(message);
    }
  }
}

function lost(reason: string) {
  return { code: CloseCode.abnormal, reason, hasFailed: false, isDropped: false, silentMs: Infinity };
}
