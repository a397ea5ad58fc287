import { inDetachedContext } from '../../base/async-context.js';
import type { Mailbox } from '../../mailbox/mailbox.js';
import type { WaitingEvent } from '../../mailbox/waiting-event.js';
import type { Client } from '../../members/client.js';
import type { JamsocketContext } from '../../members/room-context.js';
import type { RoomState } from '../../members/room-port.js';
import type { ObserverSet } from '../../observe/observer-set.js';
import type { Traffic } from '../../traffic/traffic.js';
import type { RoomDefinition } from '../room-definition.js';
import type { RoomCall, RoomEvent } from '../room-event.js';
import type { RoomTurns } from '../turns/room-turns.js';
import { HeldUp, type HeldEvent } from './held-up.js';
import { tellBinary, tellText, type HearingRoom } from './received-message.js';

/** How events get into the mailbox of a room. A part of `Room`, not a layer before it: a message passes one object. */
export abstract class EventIntake implements HearingRoom {
  abstract state: RoomState;
  abstract readonly definition: RoomDefinition;
  abstract readonly context: JamsocketContext;
  abstract readonly traffic: Traffic;
  abstract readonly observer: ObserverSet | null;
  protected abstract readonly mailbox: Mailbox<RoomEvent>;
  protected abstract readonly turns: RoomTurns;
  /** Messages are counted or observed. */
  abstract get isWatched(): boolean;
  /** Made when the mailbox is full for the first time. */
  #heldUp: HeldUp | null = null;

  /** Number of the present turn. */
  get turn(): number {
    return this.mailbox.turn;
  }

  /** Number of events in the mailbox. */
  get waitingEvents(): number {
    return this.mailbox.waitingEvents;
  }

  /** The room has started, and no turn runs or waits. */
  get isIdle(): boolean {
    return this.state !== 'starting' && this.mailbox.isIdle;
  }

  /** The handler of a turn that timed out is still running. */
  get hasOverdueTurn(): boolean {
    return this.mailbox.hasOverdueTurn;
  }

  /** Departed clients have left more messages than the mailbox takes from connected clients. */
  get isSwamped(): boolean {
    return this.#heldUp !== null && this.#heldUp.isSwamped(this.definition.options.limits.mailbox.maxBytes);
  }

  /**
   * In an idle room a text is handled without allocating an event. Held messages of the client cannot be overtaken:
   * they enter the mailbox before the room is idle.
   * @param bytes length of the text in UTF-8
   */
  receiveText(client: Client, text: string, bytes: number): void {
    if (this.isWatched) tellText(this, client, text, bytes);
    if (this.state === 'stopped' || !this.mailbox.begin()) return this.postInOrder({ type: 'text', client, text });
    let turn: void | Promise<void>;
    try {
      turn = this.turns.takeText(client, text);
    } catch (error) {
      return this.mailbox.fail({ type: 'text', client, text }, error);
    }
    if (turn === undefined) {
      this.turns.afterTurn(client, text.length);
      this.mailbox.end();
    } else this.mailbox.wait(turn, { type: 'text', client, text });
  }

  receiveBinary(client: Client, bytes: Buffer): void {
    if (this.isWatched) tellBinary(this, client, bytes);
    this.postInOrder({ type: 'binary', client, bytes });
  }

  /** Posts an event of a client, after all that is held of it. */
  postInOrder(event: HeldEvent): void {
    if (event.client.held !== null) this.#heldUp!.hold(event);
    else if (this.post(event)) (this.#heldUp ??= new HeldUp()).add(event.client);
  }

  /** Runs a call from outside as a turn. */
  invoke(call: RoomCall): void {
    if (this.state === 'draining' || this.state === 'stopped') call.refuse();
    else this.post({ type: 'invoke', call });
  }

  /** Runs an action after the turns of all waiting events, or at once if the room stops. */
  whenTurnComes(action: () => void): void {
    this.invoke({ name: 'wake', runAsCaller: undefined, run: action, refuse: action, fail: action });
  }

  /** @returns whether the mailbox is full now */
  post(event: RoomEvent): boolean {
    return this.state !== 'stopped' && this.mailbox.post(event);
  }

  /** Posts an event that has waited elsewhere. @returns whether the mailbox is full now */
  postWaiting(waiting: WaitingEvent<RoomEvent>): boolean {
    return this.state !== 'stopped' && this.mailbox.postWaiting(waiting);
  }

  /** Posts an event that must not run in the present async context: a timer, or the end of a client or of the room. */
  postDetached(event: RoomEvent): void {
    inDetachedContext(() => this.post(event));
  }

  /** The mailbox takes events again: passes on the held messages. */
  mailboxDrained(): void {
    this.#heldUp?.handOn(this.mailbox);
  }

  /** The client leaves: what is held of it enters the mailbox. */
  protected giveUpHeld(client: Client): void {
    this.#heldUp?.giveUp(client, this);
  }
}
