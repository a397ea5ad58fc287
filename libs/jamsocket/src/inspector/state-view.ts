import { types } from 'node:util';
import { describeError } from '../base/foreign-value.js';
import { Client } from '../members/client.js';
import { JamsocketContext } from '../members/room-context.js';
import { cutText, firstOf } from './excerpts.js';

/** Most bytes of JSON of one view. */
export const MAX_VIEW_BYTES = 64 * 1024;
const MAX_DEPTH = 8;
const MAX_STRING = 1_000;
const MAX_KEY = 100;
const SHOWN_BYTES = 32;
/** Least bytes of an entry in JSON: a key of one character and a digit, with quotes, colon and comma. */
const MIN_ENTRY_BYTES = 8;
const CUT = '… (more than is shown)';

/** Whether a value was injected and so is not state: fields with such a value are left out, elsewhere only its name is shown. */
export type IsInjected = (value: object) => boolean;

/**
 * Converts any value to JSON for a person to read. Values that JSON does not support become text in parentheses, and the
 * result is cut at a limit. All views of one instance share that limit.
 */
export class StateView {
  #bytesLeft: number;
  /** Objects from the root to the current value; an object that occurs again is a cycle. */
  readonly #path = new Set<object>();

  constructor(
    private readonly isInjected: IsInjected,
    maxBytes = MAX_VIEW_BYTES,
  ) {
    this.#bytesLeft = maxBytes;
  }

  /**
   * The state of a service: the result of its `toJSON()`, or its own enumerable fields.
   * @throws the error of `toJSON`
   */
  ofService(service: object): unknown {
    const toJson = (service as { toJSON?: unknown }).toJSON;
    if (typeof toJson === 'function') return this.of(unlessPromise(toJson.call(service)));
    this.#path.add(service);
    return this.#fields(service);
  }

  of(value: unknown): unknown {
    if (this.#bytesLeft <= 0) return CUT;
    try {
      return typeof value === 'object' && value !== null ? this.#inPath(value) : this.#take(scalar(value));
    } catch (error) {
      return this.#take(`(threw ${messageOf(error)})`);
    }
  }

  #inPath(value: object): unknown {
    if (this.#path.has(value)) return this.#take('(circular)');
    if (this.#path.size >= MAX_DEPTH) return this.#take(`(${nameOf(value)})`);
    this.#path.add(value);
    try {
      return this.#object(value);
    } finally {
      this.#path.delete(value);
    }
  }

  #object(value: object): unknown {
    // Brackets and a comma, so that empty objects count, too.
    this.#bytesLeft -= 3;
    if (this.isInjected(value)) return this.#take(`(${nameOf(value)})`);
    if (Array.isArray(value)) return this.#list(value);
    if (value instanceof Map) return this.#map(value);
    if (value instanceof Set) return this.#list(value);
    const text = textOf(value);
    if (text !== undefined) return this.#take(cutText(text, MAX_STRING));
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.of(unlessPromise(toJSON.call(value)));
    return this.#fields(value);
  }

  #list(values: Iterable<unknown>): unknown[] {
    const list: unknown[] = [];
    for (const value of values) {
      const isCut = this.#bytesLeft <= 0;
      list.push(isCut ? CUT : this.of(value));
      if (isCut) break;
    }
    return list;
  }

  /** As an object if all keys are strings or numbers; otherwise as pairs. */
  #map(map: ReadonlyMap<unknown, unknown>): unknown {
    const keys = firstOf(map.keys(), Math.ceil(this.#bytesLeft / MIN_ENTRY_BYTES));
    if (!keys.every(isName)) return this.#list(map);
    return this.#entries(keys, map.size, (key) => map.get(key));
  }

  #fields(value: object): Record<string, unknown> {
    const keys = Object.keys(value);
    return this.#entries(keys, keys.length, (key) => (value as Record<string, unknown>)[key]);
  }

  #entries<Key extends string | number>(
    keys: readonly Key[],
    count: number,
    read: (key: Key) => unknown,
  ): Record<string, unknown> {
    const view = Object.create(null) as Record<string, unknown>;
    for (const [at, key] of keys.entries()) {
      if (this.#bytesLeft <= 0) {
        view['…'] = `(${count - at} more)`;
        return view;
      }
      let shown: unknown;
      try {
        const value = read(key);
        if (value === undefined || (typeof value === 'object' && value !== null && this.isInjected(value))) continue;
        shown = this.of(value);
      } catch (error) {
        shown = this.#take(`(threw ${messageOf(error)})`);
      }
      view[this.#take(String(key).slice(0, MAX_KEY))] = shown;
    }
    if (count > keys.length) view['…'] = `(${count - keys.length} more)`;
    return view;
  }

  /** Subtracts the bytes of a value and of the JSON syntax around it. */
  #take<T>(value: T): T {
    this.#bytesLeft -= Buffer.byteLength(JSON.stringify(value) ?? '') + 2;
    return value;
  }
}

function scalar(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return cutText(value, MAX_STRING);
  if (typeof value === 'number') return Number.isFinite(value) ? value : `(${value})`;
  if (typeof value === 'bigint') return cutText(`(${value}n)`, MAX_STRING);
  if (typeof value === 'function') return cutText(`(function ${value.name})`, MAX_STRING);
  return typeof value === 'symbol' ? cutText(`(${value.toString()})`, MAX_STRING) : '(undefined)';
}

function isName(key: unknown): key is string | number {
  return typeof key === 'string' || typeof key === 'number';
}

/** Text for objects that represent a single value, and for objects whose contents are not shown. */
function textOf(value: object): string | undefined {
  if (value instanceof Client) return `(client ${value.id})`;
  if (value instanceof JamsocketContext) return '(JamsocketContext)';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '(Invalid Date)' : value.toISOString();
  if (value instanceof Error || value instanceof RegExp || value instanceof URL) return `(${String(value)})`;
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, Math.min(value.byteLength, SHOWN_BYTES));
    return `(${nameOf(value)}, ${value.byteLength} bytes) ${bytes.toString('hex')}`;
  }
  const isOpaque =
    types.isPromise(value) || types.isWeakMap(value) || types.isWeakSet(value) || types.isAnyArrayBuffer(value);
  // A timer of Node references the whole list of timers.
  return isOpaque || /^(Timeout|Immediate|AbortController|AbortSignal)$/.test(nameOf(value))
    ? `(${nameOf(value)})`
    : undefined;
}

function nameOf(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' ? constructor.name : 'object';
}

function messageOf(error: unknown): string {
  const { message, isError } = describeError(error);
  return isError ? message.slice(0, MAX_STRING) : typeof error;
}

/** The result of an async `toJSON` cannot be awaited here; handle its rejection, which nothing else does. */
function unlessPromise(result: unknown): unknown {
  if (!(result instanceof Promise)) return result;
  result.catch(() => undefined);
  return '(promise)';
}
