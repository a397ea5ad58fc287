import { JamsocketError } from '../base/errors.js';
import type { Client } from '../members/client.js';
import { DraftChange } from './draft-change.js';
import type { UnreadObjects } from './draft-node.js';
import { grownPart, jsonBytes, jsonGrowth } from './json-size.js';
import { freeze, normalForm, UNSHAREABLE } from './normal-form.js';
import type { Draft, ReadOnly, Shareable } from './shareable.js';
import { explainUnshareable } from './unshareable.js';

/** Options of a SharedState. */
export interface SharedStateOptions<T, V> {
  /**
   * What a client may see of the value. It is asked for each client when the value changes, and has to be quick and without
   * side effects. If it throws, the error is logged and the client keeps what it has. Default: the whole value.
   */
  view?: (value: ReadOnly<T>, client: Client<any>) => V & Shareable<V>;
}

/** The room that a shared state belongs to. */
export interface StateOwner {
  /** Name of the field in errors, such as `GameRoom.board`. */
  nameOf(state: AnySharedState): string;
  /**
   * @param growth bytes; negative if the value shrinks
   * @param grown the part that grows most
   * @throws JamsocketError `state_too_large`, `bad_state`
   */
  assertAllowed(state: AnySharedState, growth: number, grown: () => { path: string; bytes: number }): void;
  /** The value has changed, or its view may have. */
  changed(state: AnySharedState): void;
}

/** Of a value that nobody reads. */
const MOST_UNREAD = 1_000;

export type AnySharedState = SharedState<any, any>;

/**
 * A value of a room that its clients see: each gets it when it joins, and then the changes, once in each tick of the event
 * loop. Make it in a field of the room service, whose name is its name for the clients:
 * `readonly board = new SharedState<Board>({ players: {} })`.
 *
 * The value consists of what JSON can carry: plain objects, arrays, strings, finite numbers, booleans and `null`. `V` is
 * what a client sees, if there is a `view`.
 */
export class SharedState<T extends object, V = T> {
  /** Only for the compiler: the client's `RoomContract` reads from it what clients see. */
  declare readonly '~state'?: V;
  /** @internal */
  readonly view: SharedStateOptions<T, V>['view'];
  #value: unknown;
  #bytes: number;
  #owner: StateOwner | null = null;
  #isChanging = false;
  readonly #unread: UnreadObjects = new Set();

  /** @throws JamsocketError `bad_state` for a value that JSON would change */
  constructor(initial: T & Shareable<T>, options: SharedStateOptions<T, V> = {}) {
    this.view = options.view;
    this.#value = this.#normal(undefined, initial);
    this.#bytes = jsonBytes(this.#value);
  }

  /** The present value, frozen. A change makes a new one, in which everything that has not changed is the same object. */
  get value(): ReadOnly<T> {
    // Not before somebody reads it: freezing the value after each change takes more time than the change.
    return freeze(this.current) as ReadOnly<T>;
  }

  /**
   * Changes the value: the function may write to the draft as to an ordinary object. If it throws, nothing changes.
   * @throws JamsocketError `bad_state` for a value that JSON would change, with its path; `state_too_large` if the shared
   * state of the room would exceed `limits.maxStateBytes`
   */
  change(recipe: (draft: Draft<T>) => void): void {
    if (this.#isChanging) throw this.#error('is changed while it is being changed: make one change of both');
    const change = new DraftChange(this.#value);
    const { root } = change;
    this.#isChanging = true;
    try {
      const returned: unknown = recipe(root.draft as Draft<T>);
      if (typeof returned === 'object' && returned !== null) this.#assertNotAsync(returned);
      this.#checked(root.draft, () => root.settle());
      if (!root.differs) return;
      const { growth } = change;
      // Only what is allowed may be written to the value itself.
      this.#owner?.assertAllowed(this, growth, () => grownPart(this.#value, root.result(null)));
      this.#replace(root.result(this.#unread), growth);
    } finally {
      this.#isChanging = false;
      change.isOver = true;
    }
  }

  /**
   * Replaces the value. Only what differs is sent.
   * @throws as `change`
   */
  set(value: T & Shareable<T>): void {
    if (this.#isChanging) throw this.#error('is set while it is being changed: change the draft instead');
    const before = this.#value;
    const after = this.#normal(before, value);
    if (after === before) return;
    const growth = jsonGrowth(before, after);
    this.#owner?.assertAllowed(this, growth, () => grownPart(before, after));
    this.#replace(after, growth);
  }

  /** Asks the `view` again for each client, because something else has changed that it depends on. */
  refresh(): void {
    this.#owner?.changed(this);
  }

  /** What JSON and the inspector show. */
  toJSON(): unknown {
    return this.value;
  }

  /** @internal The present value, which may not be frozen. Only for those who do not write to it nor pass it on. */
  get current(): unknown {
    this.#unread.clear();
    return this.#value;
  }

  /** @internal Bytes of the value as JSON. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @internal */
  get owner(): StateOwner | null {
    return this.#owner;
  }

  /** @internal Makes it the state of a room. */
  attach(owner: StateOwner): void {
    this.#owner = owner;
  }

  /** @internal Replaces the value by a saved one, without telling the owner. It may be larger than the limit. @throws `bad_state` */
  restore(saved: unknown): void {
    this.#value = this.#normal(this.#value, saved);
    this.#bytes = jsonBytes(this.#value);
  }

  get #name(): string {
    return this.#owner?.nameOf(this) ?? 'SharedState';
  }

  #replace(after: unknown, growth: number): void {
    if (this.#unread.size > MOST_UNREAD) this.#unread.clear();
    this.#value = after;
    this.#bytes += growth;
    this.#owner?.changed(this);
  }

  #normal(before: unknown, given: unknown): unknown {
    if (typeof given !== 'object' || given === null)
      throw this.#error(
        `holds an object or an array, not ${given === null ? 'null' : `a value of type ${typeof given}`}`,
      );
    return this.#checked(given, () => normalForm(before, given));
  }

  /** Does something that throws UNSHAREABLE for an invalid part of `given`. @throws `bad_state` */
  #checked<R>(given: unknown, read: () => R): R {
    try {
      return read();
    } catch (error) {
      if (error !== UNSHAREABLE) throw error;
      const { path, what } = explainUnshareable(given);
      throw new JamsocketError('bad_state', `${this.#name}${path} cannot be shared: it is ${what}.`);
    }
  }

  /** An assignment as the body of an arrow function returns its value, which is harmless. */
  #assertNotAsync(returned: object): void {
    if (typeof (returned as PromiseLike<unknown>).then !== 'function') return;
    // It may fulfil with the draft, and no promise can pass on a draft that is over.
    const ignored = () => undefined;
    (returned as Promise<unknown>).then(ignored, ignored);
    throw new JamsocketError(
      'bad_state',
      `${this.#name}.change() got an asynchronous function: the draft is only valid until the function returns. Wait first, then change.`,
    );
  }

  #error(what: string): JamsocketError {
    return new JamsocketError('bad_state', `${this.#name} ${what}.`);
  }
}
