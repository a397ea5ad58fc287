import { JamsocketError } from '../base/errors.js';
import type { Client } from '../members/client.js';
import { jsonBytes } from './json-size.js';
import { normalForm, UNSHAREABLE } from './normal-form.js';
import { REMOVED, whole } from './changed.js';
import { patchText } from './patch-text.js';
import type { AnySharedState } from './shared-state.js';
import { explainUnshareable } from './unshareable.js';

/** What a client sees of a state. */
interface Sight {
  /** `undefined` for nothing. */
  readonly value: unknown;
  /** The JSON of the patch from what it saw before; `undefined` if that is the same. */
  readonly patch: string | undefined;
}

/** Seen by a client of an earlier instance of the room. */
const UNKNOWN = Symbol('unknown');

/** What clients see of one shared state that has a `view`. */
export class Views {
  /** By client, what it was sent last. */
  readonly #seen = new WeakMap<Client, unknown>();
  /**
   * While all clients are asked: by what was seen before, and by the patch or by what the view has returned. Clients that
   * see the same have the same object, so comparing it with the next one is done once for all of them.
   */
  #sights = new Map<unknown, Map<unknown, Sight>>();

  constructor(
    readonly name: string,
    readonly state: AnySharedState,
    /** For errors, such as `GameRoom.hand`. */
    private readonly fullName: string,
    private readonly maxBytes: number,
  ) {}

  /**
   * The JSON of the patch for a client; `undefined` if it sees no difference. It counts as sent.
   * @throws whatever the view throws; JamsocketError `bad_state`, `state_too_large` for what it returns
   */
  patchFor(client: Client): string | undefined {
    const raw = this.state.view!(this.state.value, client) as unknown;
    const { value, patch } = this.#sight(raw, this.#seen.has(client) ? this.#seen.get(client) : UNKNOWN);
    this.#seen.set(client, value);
    return patch;
  }

  /** The client has nothing yet. */
  joined(client: Client): void {
    this.#seen.set(client, undefined);
  }

  /** Every client has been asked. */
  done(): void {
    if (this.#sights.size > 0) this.#sights = new Map();
  }

  #sight(raw: unknown, before: unknown): Sight {
    if (raw === undefined) return { value: undefined, patch: before === undefined ? undefined : REMOVED };
    let known = this.#sights.get(before);
    if (known === undefined) this.#sights.set(before, (known = new Map<unknown, Sight>()));
    // Other objects may be changed and returned once more, for the next client.
    const isFrozen = typeof raw === 'object' && Object.isFrozen(raw);
    const same = isFrozen ? known.get(raw) : undefined;
    if (same !== undefined) return same;
    const fresh = this.#compare(raw, before);
    const sight = known.get(fresh.patch) ?? fresh;
    known.set(fresh.patch, sight);
    if (isFrozen) known.set(raw, sight);
    return sight;
  }

  #compare(raw: unknown, before: unknown): Sight {
    const isFirst = before === undefined || before === UNKNOWN;
    const value = this.#normal(isFirst ? undefined : before, raw);
    return { value, patch: isFirst ? whole(value) : patchText(before, value) };
  }

  #normal(before: unknown, raw: unknown): unknown {
    let value: unknown;
    try {
      value = normalForm(before, raw);
    } catch (error) {
      if (error !== UNSHAREABLE) throw error;
      const { path, what } = explainUnshareable(raw);
      throw new JamsocketError(
        'bad_state',
        `What the view of ${this.fullName} returned cannot be shared: ${path || 'it'} is ${what}.`,
      );
    }
    if (jsonBytes(value, this.maxBytes) > this.maxBytes)
      throw new JamsocketError(
        'state_too_large',
        `The view of ${this.fullName} returned more than ${this.maxBytes} bytes (limits.maxStateBytes).`,
      );
    return value;
  }
}
