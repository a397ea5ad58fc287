import { CloseCode } from '../base/protocol.js';
import { inBatches } from '../base/in-batches.js';
import type { JamsocketClock } from '../base/sources.js';
import { HEADROOM_BYTES } from '../cluster/links/link-frame.js';
import type { PeerLink } from '../cluster/links/peer-link.js';
import type { Link } from '../outbox/link.js';
import type { Outbox } from '../outbox/outbox.js';
import { GatheredMessages } from '../peers/client-messages.js';
import { bodyOf, kindOf, messageOf, numberOf, TO_CHANNEL, TO_MIRROR, TO_OWNER } from '../peers/messages.js';
import { decodeNote, encodeNote, type MovedNote } from '../peers/moving.js';
import type { PeerPart } from '../peers/peer.js';
import type { Arrival } from '../rooms/reservation.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { RoomKey } from '../store/room-store.js';
import { EdgeChannel, type OwnerNode } from './edge-channel.js';
import { EdgeRoom } from './edge-room.js';

/** What edges need of their node. */
export interface EdgeServices {
  readonly clock: JamsocketClock;
  createOutbox(coalesce: boolean, dropMember: (connection: Link) => void): Outbox;
}

/** Leads clients to the node that their room has moved to. */
export interface RoomMoves {
  /** @param channel `undefined` if the connection has ended meanwhile; it had this number between here and the old owner */
  moved(note: MovedNote, seat: number, channel: EdgeChannel | undefined): void;
}

/** How often the owner is told how much waits for its clients. */
const REPORT_MS = 100;

/** The clients here whose rooms are on one other node. */
export class EdgePart implements PeerPart, OwnerNode {
  readonly #channels = new Map<number, EdgeChannel>();
  readonly #rooms = new Map<number, EdgeRoom>();
  readonly #heldBack = new Set<EdgeChannel>();
  readonly #messages = new GatheredMessages();
  #last = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly link: PeerLink,
    private readonly services: EdgeServices,
    private readonly moves: RoomMoves,
  ) {}

  /** Clients that are connected or about to be. */
  get channels(): readonly EdgeChannel[] {
    return [...this.#channels.values()];
  }

  /** The client of an arrival, on its way. */
  open(definition: RoomDefinition, arrival: Arrival): EdgeChannel {
    const channel = new EdgeChannel(++this.#last, definition, arrival, this);
    this.#channels.set(channel.number, channel);
    return channel;
  }

  /** A client whose room has moved to the other node. */
  adopt(channel: EdgeChannel, room: RoomKey): void {
    const number = ++this.#last;
    this.#channels.set(number, channel);
    channel.follow(number, this, room);
  }

  /** A client whose room has moved to the other node has gone meanwhile. */
  tellGone(seat: number, { service, key }: RoomKey): void {
    this.send(messageOf(TO_OWNER.follow, ++this.#last, encodeNote({ service, key, seat, arrival: undefined })));
  }

  get isDown(): boolean {
    return this.link.isDown;
  }

  get isBehind(): boolean {
    return this.link.isBehind;
  }

  send(message: Buffer): void {
    this.sendGathered();
    this.link.send(message);
  }

  sendText(channel: number, text: string, bytes: number): void {
    if (this.#gathers(bytes)) this.#messages.addText(channel, text, bytes);
    else this.send(messageOf(TO_OWNER.text, channel, Buffer.from(text)));
  }

  sendBinary(channel: number, bytes: Buffer): void {
    if (this.#gathers(bytes.length)) this.#messages.addBinary(channel, bytes);
    else this.send(messageOf(TO_OWNER.binary, channel, bytes));
  }

  /** Sends what clients have said since the last message. */
  sendGathered(): void {
    const gathered = this.#messages.take();
    if (gathered !== undefined) this.link.send(gathered, HEADROOM_BYTES);
  }

  now(): number {
    return this.services.clock.now();
  }

  forget(channel: EdgeChannel): void {
    this.#channels.delete(channel.number);
    this.#heldBack.delete(channel);
  }

  holdBack(channel: EdgeChannel): void {
    this.#heldBack.add(channel);
  }

  received(message: Buffer): void {
    const number = numberOf(message);
    const kind = kindOf(message);
    if (kind === TO_CHANNEL.moved) return this.#moved(number, decodeNote(bodyOf(message)));
    if (kind < TO_MIRROR.enter) return this.#channels.get(number)?.received(message);
    const room = this.#rooms.get(number) ?? this.#mirror(number, message);
    if (room === undefined) return;
    room.received(message, (channel) => this.#connected(channel));
    if (room.members.size === 0) this.#rooms.delete(number);
    else this.#timer ??= this.services.clock.setTimeout(() => this.#report(), REPORT_MS);
  }

  drained(): void {
    const heldBack = [...this.#heldBack];
    this.#heldBack.clear();
    for (const channel of heldBack) channel.drained();
  }

  down(reason: string): void {
    if (this.#timer !== null) this.services.clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#messages.take();
    inBatches(this.channels, (channel) => {
      channel.entry.gone();
      channel.closeHere(CloseCode.serviceRestart, `the node of the room is gone: ${reason}`);
    });
    this.#channels.clear();
    this.#rooms.clear();
  }

  /** Makes room for a client message of so many bytes. @returns false if it is too long to be gathered */
  #gathers(bytes: number): boolean {
    const messages = this.#messages;
    if (!messages.takes(bytes)) return false;
    if (!messages.fits(bytes)) this.sendGathered();
    if (messages.isEmpty) this.link.flushSoon();
    return true;
  }

  #moved(seat: number, note: MovedNote): void {
    const channel = this.#channels.get(seat);
    if (channel !== undefined) this.forget(channel);
    this.moves.moved(note, seat, channel?.connection ? channel : undefined);
  }

  /** The first client of a room here enters. */
  #mirror(number: number, message: Buffer): EdgeRoom | undefined {
    if (kindOf(message) !== TO_MIRROR.enter) return undefined;
    const channel = this.#connected(bodyOf(message).readUInt32LE(0));
    if (channel === undefined) return undefined;
    const { coalesce } = channel.definition.options;
    const outbox = this.services.createOutbox(coalesce, (link) => link.drop(CloseCode.tryAgainLater, 'too far behind'));
    const room = new EdgeRoom(outbox, coalesce);
    this.#rooms.set(number, room);
    return room;
  }

  #connected(channel: number): EdgeChannel | undefined {
    const found = this.#channels.get(channel);
    return found?.connection ? found : undefined;
  }

  /** Goes on while something waits for a client. */
  #report(): void {
    this.#timer = null;
    let isNeeded = false;
    for (const room of this.#rooms.values()) isNeeded = room.reportAll() || isNeeded;
    if (isNeeded) this.#timer = this.services.clock.setTimeout(() => this.#report(), REPORT_MS);
  }
}
