import { CloseCode } from '../base/protocol.js';
import type { ClientRequest } from '../members/client-request.js';
import type { Link } from '../outbox/link.js';
import type { Outbox, Outlet } from '../outbox/outbox.js';
import { findingsOf } from '../peers/arriving.js';
import {
  bodyOf,
  closeIn,
  endMessage,
  kindOf,
  messageOf,
  numberMessage,
  TO_CHANNEL,
  TO_OWNER,
} from '../peers/messages.js';
import { encodeNote } from '../peers/moving.js';
import { decodeError } from '../peers/remote-error.js';
import type { Arrival } from '../rooms/reservation.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { RoomKey } from '../store/room-store.js';
import { ChannelEntry, type EnteringChannel } from './channel-entry.js';

/** The node that runs the rooms of clients here. */
export interface OwnerNode {
  /** It or the relay takes less than is sent. */
  readonly isBehind: boolean;
  send(message: Buffer): void;
  /** Sends a message of a client. @param bytes length of the text in UTF-8 */
  sendText(channel: number, text: string, bytes: number): void;
  sendBinary(channel: number, bytes: Buffer): void;
  now(): number;
  /** The socket has closed, or was never opened. */
  forget(channel: EdgeChannel): void;
  /** Stops reading from the client until the owner takes messages again. */
  holdBack(channel: EdgeChannel): void;
}

/** What there is here of the client's room. */
export interface MirroredRoom {
  readonly outbox: Outbox;
  leave(channel: EdgeChannel): void;
  /** Tells the owner how much waits for the client. */
  report(channel: EdgeChannel): void;
}

/** A client whose socket is here and whose room is on another node. It passes on what the two say. */
export class EdgeChannel implements EnteringChannel {
  /** `null` before the client has joined, and after its connection has ended. */
  connection: Link | null = null;
  /** The client's entry in the mirror of its room. */
  outlet: Outlet | null = null;
  room: MirroredRoom | null = null;
  /** What the owner has been told last of the bytes that wait for the client. */
  reported = 0;
  /** The client's way into the room. */
  readonly entry: ChannelEntry;
  /** The owner wants no more messages for now. */
  #isPausedThere = false;
  #isDropped = false;
  #tellsEnd = true;
  /** The room moves to another node: the client is not read until it is there. */
  #isMoving = false;

  constructor(
    public number: number,
    readonly definition: RoomDefinition,
    private readonly arrival: Arrival,
    private owner: OwnerNode,
  ) {
    this.entry = new ChannelEntry(this, arrival, owner);
  }

  get service(): string {
    return this.definition.service;
  }

  opened(connection: Link): void {
    this.connection = connection;
  }

  forget(): void {
    this.owner.forget(this);
  }

  /** A message of the owner. */
  received(message: Buffer): void {
    const { connection } = this;
    switch (kindOf(message)) {
      case TO_CHANNEL.admitted:
        return this.entry.admitted();
      case TO_CHANNEL.joined:
        return this.entry.joined();
      case TO_CHANNEL.refused:
        return this.entry.refused(decodeError(bodyOf(message)));
      case TO_CHANNEL.again:
        return this.entry.gone();
      case TO_CHANNEL.write:
        if (connection !== null && !connection.write(bodyOf(message))) this.fallBehind();
        return;
      case TO_CHANNEL.close:
        return this.#closeAs(message, 'close');
      case TO_CHANNEL.drop:
        return this.#closeAs(message, 'drop');
      case TO_CHANNEL.terminate:
        this.#tellsEnd = false;
        return connection?.terminate(bodyOf(message).toString('utf8'));
      case TO_CHANNEL.pause:
        this.#isPausedThere = true;
        return connection?.pause();
      case TO_CHANNEL.resume:
        this.#isPausedThere = false;
        return this.#readAgain();
      case TO_CHANNEL.beats:
        return connection?.startBeats();
      case TO_CHANNEL.keepsVolatile:
        if (connection !== null) connection.keepsVolatile = bodyOf(message)[0] === 1;
        return;
      case TO_CHANNEL.hold:
        this.#isMoving = true;
        connection?.pause();
        return this.#tell(TO_OWNER.held);
      case TO_CHANNEL.followed:
        this.#isMoving = false;
        return this.#readAgain();
    }
  }

  /** The owner takes messages again. */
  drained(): void {
    if (!this.#isPausedThere && !this.#isMoving) this.connection?.resume();
  }

  /** The room of the client has moved to another owner, where the client has this number. */
  follow(number: number, owner: OwnerNode, { service, key }: RoomKey): void {
    const seat = this.number;
    this.#leaveRoom();
    this.number = number;
    this.owner = owner;
    this.reported = 0;
    this.#isPausedThere = false;
    const { request } = this.arrival.client;
    const { url, ip, rawHeaders } = request;
    const arrival = { url, ip, rawHeaders, findings: findingsOf(request) };
    this.#tell(TO_OWNER.follow, encodeNote({ service, key, seat, arrival }));
  }

  /** The room of the client has moved to this node: the connection is no longer this channel's. */
  release(): { readonly connection: Link; readonly request: ClientRequest } | undefined {
    const { connection } = this;
    this.#leaveRoom();
    this.connection = null;
    return connection === null ? undefined : { connection, request: this.arrival.client.request };
  }

  /** The client does not read. */
  fallBehind(): void {
    this.connection?.drop(CloseCode.tryAgainLater, 'too far behind');
  }

  /** Closes the socket without the owner. */
  closeHere(code: number, reason: string): void {
    this.connection?.close(code, reason);
  }

  /** This node shuts down: to the owner, the connection is lost, so that the client may resume elsewhere. */
  sendAway(code: number, reason: string): void {
    if (this.connection === null) return this.entry.gone();
    this.#tellEnd(CloseCode.abnormal, 'its node shuts down');
    this.#tellsEnd = false;
    this.connection.close(code, reason);
  }

  receiveText(text: string, bytes: number): void {
    this.owner.sendText(this.number, text, bytes);
    if (this.owner.isBehind) this.#holdBack();
  }

  receiveBinary(bytes: Buffer): void {
    this.owner.sendBinary(this.number, bytes);
    if (this.owner.isBehind) this.#holdBack();
  }

  chunkRead(): void {}

  connectionBehind(): void {
    if (this.room !== null) this.room.report(this);
  }

  connectionQuiet(): undefined {
    this.#tell(TO_OWNER.quiet);
  }

  connectionUnread(): void {
    this.#tell(TO_OWNER.unread);
  }

  connectionClosing(): void {
    if (this.outlet !== null) this.room!.outbox.flushTo(this.outlet);
    // A client that broke the protocol may be back before its socket has closed, and must not resume then.
    setImmediate(() => this.#tellFailure());
  }

  connectionDropped(): void {
    this.#isDropped = true;
  }

  connectionClosed(code: number, reason: string): void {
    const connection = this.connection!;
    if (this.#tellsEnd) this.#tellEnd(code, reason);
    this.room?.leave(this);
    this.connection = null;
    if (connection.hasEnded) this.#ended();
    else void connection.ended.then(() => this.#ended());
  }

  /** Tells the owner how much waits for the client, if that has changed. @returns whether something waits */
  report(bytes: number): boolean {
    if (bytes !== this.reported) this.owner.send(numberMessage(TO_OWNER.behind, this.number, bytes));
    this.reported = bytes;
    return bytes > 0;
  }

  #leaveRoom(): void {
    if (this.outlet !== null) this.room!.outbox.flushTo(this.outlet);
    this.room?.leave(this);
    this.room = null;
  }

  #readAgain(): void {
    if (this.#isPausedThere || this.#isMoving) return;
    if (this.owner.isBehind) this.owner.holdBack(this);
    else this.connection?.resume();
  }

  #closeAs(message: Buffer, how: 'close' | 'drop'): void {
    const { code, reason } = closeIn(message);
    this.#tellsEnd = false;
    this.connection?.[how](code, reason);
  }

  #tellFailure(): void {
    if (this.connection?.hasFailed !== true || !this.#tellsEnd) return;
    this.#tellEnd(CloseCode.abnormal, '');
    this.#tellsEnd = false;
  }

  #tellEnd(code: number, reason: string): void {
    const { hasFailed, lastHeard } = this.connection!;
    const silentMs = Number.isFinite(lastHeard) ? this.owner.now() - lastHeard : 0;
    this.owner.send(endMessage(this.number, { code, reason, hasFailed, isDropped: this.#isDropped, silentMs }));
  }

  #ended(): void {
    this.#tell(TO_OWNER.ended);
    this.owner.forget(this);
  }

  #holdBack(): void {
    this.connection?.pause();
    this.owner.holdBack(this);
  }

  #tell(kind: number, body?: Buffer): void {
    this.owner.send(messageOf(kind, this.number, body));
  }
}
