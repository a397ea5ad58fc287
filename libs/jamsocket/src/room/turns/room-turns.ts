import { JamsocketError } from '../../base/errors.js';
import { isInstance } from '../../base/foreign-value.js';
import { closeCodeFor } from '../../base/protocol.js';
import { closeReasonOf, refusalFor } from '../../base/refusal.js';
import type { Client } from '../../members/client.js';
import type { Members } from '../../members/members.js';
import type { HandlerRunner, RunnerRoom } from './handler-runner.js';
import type { Occupancy } from '../../members/occupancy.js';
import type { RoomInstance } from '../room-definition.js';
import type { RoomEnd } from '../room-end.js';
import type { RoomTimers } from '../../timers/room-timers.js';
import { UnroutableMessage } from '../../replies/exceptions.js';
import { routeText } from './json-events.js';
import type { MailboxOwner } from '../../mailbox/mailbox-owner.js';
import type { RoomTimer } from '../../timers/pending-timer.js';
import { lengthOf, type RoomEvent } from '../room-event.js';
import { hintAtUnhandled } from './unhandled.js';

/** What a room offers to the code that runs its turns. */
export interface TurnsRoom extends RunnerRoom {
  readonly instance: RoomInstance | null;
  readonly members: Members;
  readonly occupancy: Occupancy;
  readonly timers: RoomTimers;
  mailboxDrained(): void;
  readonly end: RoomEnd;
}

/** Finds the handler for each event of a room, and does the rest of the turn's work. */
export class RoomTurns implements MailboxOwner<RoomEvent> {
  /** The room's last handler has run, and the last save is under way. */
  #isSavingLast = false;

  constructor(
    private readonly room: TurnsRoom,
    private readonly runner: HandlerRunner,
  ) {}

  takeTurn(event: RoomEvent): void | Promise<void> {
    const instance = this.room.instance!;
    switch (event.type) {
      case 'text':
        return this.takeText(event.client, event.text);
      case 'binary':
        return this.#takeBinary(event.client, event.bytes);
      case 'connect':
        return this.#takeConnect(event.client);
      case 'resume':
      case 'auth':
        return event.client.closed === undefined
          ? this.runner.run(instance[event.type], event.client, event.admitted)
          : undefined;
      case 'disconnect':
        return this.#takeDisconnect(event.client);
      case 'timer':
        return this.#takeTimer(event.timer);
      case 'invoke':
        return this.runner.invoke(event.call);
      case 'destroy':
        return this.#takeDestroy();
    }
  }

  takeText(client: Client, text: string): void | Promise<void> {
    if (client.isDismissed) return;
    const instance = this.room.instance!;
    if (instance.events.size === 0) {
      if (instance.text === undefined)
        hintAtUnhandled(this.room.definition, 'it is text, and the class has no @OnMessage().');
      return this.runner.run(instance.text, client, text);
    }
    try {
      const { handler, message, event, id } = routeText(instance, text);
      return this.runner.run(handler, client, message, { event, id });
    } catch (error) {
      if (isInstance(error, UnroutableMessage))
        hintAtUnhandled(this.room.definition, error.message, instance.events.keys());
      return this.runner.fail(error, undefined, client, text, {});
    }
  }

  #takeBinary(client: Client, bytes: Buffer): void | Promise<void> {
    if (client.isDismissed) return;
    const { binary } = this.room.instance!;
    if (binary === undefined) hintAtUnhandled(this.room.definition, 'it is binary, and the class has no @OnBinary().');
    return this.runner.run(binary, client, bytes);
  }

  turnEnded(event: RoomEvent): void {
    // An idle room must not keep the arguments and the result of its last call.
    if (event.type === 'invoke') this.runner.latest = undefined;
    if (event.type === 'text' || event.type === 'binary') this.afterTurn(event.client, lengthOf(event));
    else this.afterTurn(null, 0);
  }

  /**
   * Where every turn ends, whatever its kind.
   * @param client whose message the turn handled; `null` if it was no message
   * @param length of the message. Not the event: a text to an idle room has none
   */
  afterTurn(client: Client | null, length: number): void {
    if (client !== null && client.session !== null) this.#acknowledge(client, length);
    if (this.room.lifecycle !== null) this.room.lifecycle.changed();
  }

  /** Acknowledges a message of a client that speaks `jamsocket.v1`. Never throws. */
  #acknowledge(client: Client, length: number): void {
    try {
      this.room.members.handled(client, length);
    } catch (error) {
      this.runner.report(error, undefined, client);
    }
  }

  turnTimedOut(event: RoomEvent, ms: number): void {
    const { room, runner } = this;
    // No handler is at fault. The save that is given up reports that the room was not saved.
    if (this.#isSavingLast) return void room.end.abandon();
    const what = event.type === 'timer' ? `timer "${event.timer.name}"` : event.type;
    const message = `The ${what} handler of ${room.definition.type.name} has not finished in ${Math.round(ms)} ms; room "${room.address.key}" moves on without it.`;
    const client = 'client' in event ? event.client : undefined;
    const { latest } = runner;
    runner.report(new JamsocketError('handler_timeout', message), latest, client);
    runner.endTurn();
    room.observer?.turnTimedOut(room.context, client, latest?.name ?? room.definition.type.name);
    if (event.type === 'disconnect') this.#uncount(event.client);
    if (event.type === 'destroy') void room.end.abandon();
  }

  /** An error outside of handlers. It cut the turn short, so the steps that end a client or the room are done here. */
  turnThrew(event: RoomEvent | undefined, error: unknown): void {
    const client = event !== undefined && 'client' in event ? event.client : undefined;
    this.runner.report(error, event && this.runner.latest, client);
    if (event?.type === 'connect') endConnect(event.client, error);
    if (event?.type === 'disconnect') this.#uncount(event.client);
    if (event?.type === 'invoke') event.call.fail(error);
    if (event?.type === 'destroy') void this.room.end.abandon();
  }

  mailboxDrained(): void {
    this.room.mailboxDrained();
  }

  #takeConnect(client: Client): void | Promise<void> {
    this.room.members.enter(client);
    return this.runner.run(this.room.instance!.connect, client, undefined, {}, (error) => endConnect(client, error));
  }

  #takeDisconnect(client: Client): void | Promise<void> {
    const turn = this.runner.run(this.room.instance!.disconnect, client, undefined);
    if (turn === undefined) return this.#uncount(client);
    return turn.then(() => this.#uncount(client));
  }

  /** May be called twice: by the timeout, and by the handler that finishes after it. */
  #uncount(client: Client): void {
    if (!client.isCounted) return;
    client.isCounted = false;
    if (this.room.lifecycle !== null) this.room.lifecycle.left(client);
    this.room.occupancy.leave();
  }

  #takeTimer(timer: RoomTimer): void | Promise<void> {
    const { timers } = this.room;
    const { timers: handlers, scheduled } = this.room.instance!;
    if (!timers.taken(timer)) return;
    if (timer.method !== undefined) return this.runner.run(scheduled.get(timer.method), undefined, undefined);
    return this.runner.run(handlers.get(timer.name), undefined, timers.firingOf(timer));
  }

  #takeDestroy(): Promise<void> {
    const { room } = this;
    return Promise.resolve(this.runner.run(room.instance!.destroy, undefined, undefined))
      .then(() => {
        this.#isSavingLast = true;
        return room.end.saveLast();
      })
      .then(() => room.end.abandon());
  }
}

/** Closes a client whose connect failed. Its messages are ignored; its `@OnDisconnect` follows. */
function endConnect(client: Client, error: unknown): void {
  client.isDismissed = true;
  const refusal = refusalFor(error, 'connect');
  client.end(closeCodeFor(refusal.status), closeReasonOf(refusal));
}
