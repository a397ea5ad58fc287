import { inDetachedContext } from '../base/async-context.js';
import { JamsocketConfigurationError, JamsocketError } from '../base/errors.js';
import { assertNotReserved } from '../base/checks/reserved-event.js';
import { STATE_EVENT } from '../base/state-patch.js';
import type { Client } from '../members/client.js';
import type { Members } from '../members/members.js';
import type { MembersState } from '../members/room-port.js';
import type { TickFlusher } from '../outbox/tick-flusher.js';
import { Frame } from '../wire/frame.js';
import { namedPatch, patchesOf, patchText, type Values } from './patch-text.js';
import { declaredStates, type StatefulClass } from './declared-states.js';
import type { AnySharedState, StateOwner } from './shared-state.js';
import { Views } from './views.js';

/** What the shared states of a room know of it. */
export interface StatefulRoom {
  readonly members: Members;
  readonly definition: StatefulClass & {
    readonly options: { readonly limits: { readonly maxStateBytes: number; readonly maxBufferedBytes: number } };
  };
  /** `null` for a room that is not durable. */
  readonly lifecycle: { changed(): void } | null;
  /** Reports an error in the log. Never throws. */
  report(error: unknown, client?: Client): void;
}

/**
 * The shared states of one room. Changes are gathered until the end of the tick, or until the room sends anything else, so
 * that a client gets both in order. Every member is in one position: it has been sent everything up to `#sent`.
 */
export class RoomStates implements MembersState<Client>, StateOwner {
  readonly #states: ReadonlyMap<string, AnySharedState>;
  readonly #views: readonly Views[];
  readonly #maxBytes: number;
  /** What the clients have been sent of the states without a view. */
  #sent: Values;
  /** The whole value, while several clients join in one tick. */
  #whole: Frame | null = null;
  #isPending = false;
  #isFlushing = false;
  #isScheduled = false;
  /** The views to ask again. */
  readonly #dirty = new Set<Views>();
  /** A view has thrown, which is in the log. */
  #hasViewFailed = false;
  #areViewsFailing = false;

  private constructor(
    private readonly room: StatefulRoom,
    private readonly flusher: TickFlusher,
    states: ReadonlyMap<string, AnySharedState>,
  ) {
    const { maxStateBytes, maxBufferedBytes } = room.definition.options.limits;
    this.#states = states;
    // Whoever joins must have room for the whole state, and for what follows it.
    this.#maxBytes = Math.min(maxStateBytes, Math.floor(maxBufferedBytes / 2));
    for (const state of states.values()) state.attach(this);
    this.#views = [...states].flatMap(([name, state]) =>
      state.view === undefined ? [] : new Views(name, state, this.nameOf(state), this.#maxBytes),
    );
    this.#sent = this.#publicValues();
  }

  /**
   * The shared states in the fields of a room service; `null` if there are none.
   * @param instances the service first, then the room's other providers
   * @throws JamsocketConfigurationError
   */
  static in(instances: readonly object[], room: StatefulRoom, flusher: TickFlusher): RoomStates | null {
    const states = declaredStates(instances, room.definition);
    if (states === null) return null;
    const all = new RoomStates(room, flusher, states);
    all.#assertTotal();
    return all;
  }

  /** The present values of all states, for the room's record. */
  get values(): Values {
    return Object.fromEntries([...this.#states].map(([name, { current }]) => [name, current]));
  }

  /**
   * Continues with saved values.
   * @param saved what the clients have been sent
   * @param present the same, or what the class's `migrate` has made of it
   * @throws JamsocketError `bad_state`
   */
  restore(saved: Values, present: Values): void {
    let isSame = true;
    for (const [name, state] of this.#states) {
      if (Object.hasOwn(present, name)) state.restore(present[name]);
      isSame &&= Object.hasOwn(saved, name) && patchText(saved[name], state.current) === undefined;
    }
    this.#sent = saved;
    if (isSame) this.#sent = this.#publicValues();
    else for (const state of this.#states.values()) this.changed(state);
  }

  nameOf(state: AnySharedState): string {
    const [name] = [...this.#states].find(([, other]) => other === state)!;
    return `${this.room.definition.type.name}.${name}`;
  }

  assertAllowed(state: AnySharedState, growth: number, grown: () => { path: string; bytes: number }): void {
    if (this.#isFlushing)
      throw new JamsocketError('bad_state', `${this.nameOf(state)} is changed by a view: a view only reads.`);
    if (growth <= 0 || this.#bytes + growth <= this.#maxBytes) return;
    const { path, bytes } = grown();
    throw new JamsocketError(
      'state_too_large',
      `${this.nameOf(state)} was not changed: the shared state of the room would have ${this.#bytes + growth} bytes as JSON, and may have ${this.#maxBytes} (limits.maxStateBytes, and at most half of limits.maxBufferedBytes). ${this.nameOf(state)}${path} would grow by ${bytes}.`,
    );
  }

  changed(state: AnySharedState): void {
    for (const views of this.#views) if (views.state === state) this.#dirty.add(views);
    if (this.#isPending) return;
    this.#isPending = true;
    this.#schedule();
    // A change outside of a turn has to be saved, too.
    this.room.lifecycle?.changed();
  }

  beforeSend(frame: Frame): void {
    assertNotReserved(frame.payload, STATE_EVENT);
    this.flush();
  }

  /** Called at the end of a tick, before everything else that is sent then. */
  flushTick(): void {
    this.#isScheduled = false;
    this.#whole = null;
    try {
      if (this.#views.length === 0) this.flush();
      // Views are code of the application.
      else inDetachedContext(() => this.flush());
    } catch (error) {
      this.room.report(error);
    }
  }

  flush(): void {
    if (!this.#isPending || this.#isFlushing) return;
    this.#isPending = false;
    this.#whole = null;
    const { members } = this.room;
    const before = this.#sent;
    this.#sent = this.#publicValues();
    if (members.clients.size === 0) return this.#dirty.clear();
    const changes = patchesOf(before, this.#sent);
    if (this.#dirty.size > 0) this.#sendEach(changes);
    else if (changes.length > 0) members.sendState(frameOf(changes), null);
  }

  welcome(client: Client): void {
    if (this.#views.length === 0) {
      if (this.#whole === null) {
        this.#whole = frameOf(patchesOf({}, this.#sent));
        this.#schedule();
      }
      return this.room.members.welcomeState(this.#whole, client);
    }
    const parts = patchesOf({}, this.#sent);
    this.#look(() => {
      for (const views of this.#views) {
        views.joined(client);
        parts.push(...this.#partFor(client, views));
        views.done();
      }
    });
    if (parts.length > 0) this.room.members.welcomeState(frameOf(parts), client);
  }

  get #bytes(): number {
    let bytes = 0;
    for (const state of this.#states.values()) bytes += state.bytes;
    return bytes;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.flusher.scheduleFirst(this);
  }

  /** Clients that get the same share a frame. */
  #sendEach(changes: readonly string[]): void {
    const clients = [...this.room.members.clients.values()];
    const groups = new Map<string, Client[]>();
    this.#areViewsFailing = false;
    this.#look(() => {
      for (const client of clients) {
        const text = [...changes, ...[...this.#dirty].flatMap((views) => this.#partFor(client, views))].join();
        const group = groups.get(text);
        if (group === undefined) groups.set(text, [client]);
        else group.push(client);
      }
      for (const views of this.#dirty) views.done();
    });
    this.#dirty.clear();
    this.#hasViewFailed = this.#areViewsFailing;
    for (const [text, group] of groups) {
      if (text !== '') this.room.members.sendState(frameOf([text]), group.length === clients.length ? null : group);
    }
  }

  /** Runs code that asks views. What they send or change is not part of what is being sent. */
  #look(ask: () => void): void {
    this.#isFlushing = true;
    try {
      ask();
    } finally {
      this.#isFlushing = false;
    }
  }

  #partFor(client: Client, views: Views): string[] {
    try {
      const patch = views.patchFor(client);
      return patch === undefined ? [] : [namedPatch(views.name, patch)];
    } catch (error) {
      // The client keeps what it has. One line is enough: the view is asked for each client, many times a second.
      if (!this.#hasViewFailed) this.room.report(error, client);
      this.#hasViewFailed = this.#areViewsFailing = true;
      return [];
    }
  }

  #publicValues(): Values {
    const values: Record<string, unknown> = {};
    for (const [name, { view, current }] of this.#states) if (view === undefined) values[name] = current;
    return values;
  }

  #assertTotal(): void {
    if (this.#bytes <= this.#maxBytes) return;
    throw new JamsocketConfigurationError(
      `The initial shared state of ${this.room.definition.type.name} has ${this.#bytes} bytes as JSON, and may have ${this.#maxBytes} (limits.maxStateBytes, and at most half of limits.maxBufferedBytes).`,
    );
  }
}

function frameOf(parts: readonly string[]): Frame {
  return Frame.text(`{"event":"${STATE_EVENT}","data":{${parts.join()}}}`);
}
