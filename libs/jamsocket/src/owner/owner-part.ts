import { CloseCode } from '../base/protocol.js';
import { RefusedError } from '../base/errors.js';
import type { PeerLink } from '../cluster/links/peer-link.js';
import type { RunPermit } from '../cluster/run-permit.js';
import { decodeArrival } from '../peers/arriving.js';
import { bodyOf, endIn, kindOf, messageOf, numberOf, TO_CHANNEL, TO_OWNER } from '../peers/messages.js';
import type { PeerPart } from '../peers/peer.js';
import { encodeError } from '../peers/remote-error.js';
import type { Placement } from '../rooms/reservation.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { EdgeNode } from './edge-node.js';
import { RemoteArrival } from './remote-arrival.js';
import { RemoteLink } from './remote-link.js';

/** What owners need of their node. */
export interface OwnerServices {
  readonly placement: Placement;
  readonly definitions: ReadonlyMap<string, RoomDefinition>;
  readonly permit: RunPermit;
  /** This node shuts down. */
  readonly isDraining: boolean;
  now(): number;
}

/** The clients of one other node in rooms of this one. */
export class OwnerPart implements PeerPart, EdgeNode {
  readonly #arrivals = new Map<number, RemoteArrival>();
  readonly #links = new Map<number, RemoteLink>();
  /** Messages that wait until this node may run again. */
  #held: Buffer[] = [];
  #mirrors = 0;

  constructor(
    private readonly link: PeerLink,
    private readonly services: OwnerServices,
  ) {}

  /** Clients whose connections are there. */
  get clients(): number {
    return this.#links.size;
  }

  received(message: Buffer): void {
    const channel = numberOf(message);
    const kind = kindOf(message);
    if (kind === TO_OWNER.arrive) return this.#arrive(channel, bodyOf(message));
    if (kind === TO_OWNER.join) return void this.#arrivals.get(channel)?.join();
    if (kind === TO_OWNER.abandon) return this.#abandon(channel);
    const link = this.#links.get(channel);
    if (link !== undefined) this.#pass(kind, link, message);
  }

  down(reason: string): void {
    this.#held = [];
    for (const arrival of this.#arrivals.values()) arrival.abandon();
    this.#arrivals.clear();
    for (const link of [...this.#links.values()]) {
      this.#links.delete(link.channel);
      link.endedThere();
      link.closedThere(lost(`the node of its socket is gone: ${reason}`));
    }
  }

  /** This node shuts down: clients that wait for a room here look for another node. */
  sendArrivalsAway(): void {
    for (const arrival of [...this.#arrivals.values()]) arrival.sendAway();
  }

  send(message: Buffer): void {
    const { permit } = this.services;
    if (this.#held.length === 0 && permit.mayRun()) return this.link.send(message);
    if (this.#held.push(message) > 1) return;
    permit.whenAgain(() => {
      const held = this.#held;
      this.#held = [];
      for (const each of held) this.send(each);
    });
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
      case TO_OWNER.binary:
        return link.received(message);
      case TO_OWNER.closed:
        return link.closedThere(endIn(message));
      case TO_OWNER.ended:
        this.#links.delete(link.channel);
        return link.endedThere();
      case TO_OWNER.quiet:
        return link.quiet(bodyOf(message)[0] === 1);
      case TO_OWNER.unread:
        return link.unread();
      case TO_OWNER.behind:
        return link.behind(message);
    }
  }
}

function lost(reason: string) {
  return { code: CloseCode.abnormal, reason, hasFailed: false, isDropped: false, silentMs: 0 };
}
