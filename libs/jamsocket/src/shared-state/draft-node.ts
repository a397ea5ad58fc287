import { jsonGrowth, memberGrowth } from './json-size.js';
import { copyOf, normalArray, normalForm, UNSHAREABLE } from './normal-form.js';

type Container = Record<PropertyKey, unknown>;

/** A draft answers this key with its node. */
const NODE = Symbol('node');

/** What can be set in an array. */
const OF_ARRAYS = /^(?:\d+|length)$/;

/** One change of a value, for all drafts that it hands out. */
export interface Change {
  isOver: boolean;
}

/**
 * An object or array of the value as `change` sees it: a copy that may be written to, and a draft (a proxy) that notes what
 * is written. Elements get nodes of their own when they are read, so what is not read costs nothing. What is put into a draft
 * stays as it is until `settle`, other drafts included.
 */
export class DraftNode implements ProxyHandler<Container> {
  readonly draft: Container;
  readonly #copy: Container;
  /** What has been set or deleted, even if it is as before. `null` for nothing. */
  #written: Set<string> | null = null;
  /** Of the elements that have been read and are still in their place. `null` for none. */
  #elements: Map<PropertyKey, DraftNode> | null = null;
  /** It, or an element, has been written to. */
  #isDirty = false;
  /** The array as a normal form, once it is settled; only if something was set in it. */
  #settledArray: readonly unknown[] | null = null;

  constructor(
    private readonly base: Container,
    private readonly change: Change,
    private readonly parent: DraftNode | null,
    private readonly depth: number,
  ) {
    this.#copy = copyOf(base);
    this.draft = new Proxy(this.#copy, this);
  }

  get(copy: Container, key: PropertyKey): unknown {
    if (key === NODE) return this;
    this.#assertOpen();
    const value = copy[key];
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#elements?.get(key);
    if (known !== undefined) return known.draft;
    // What has been put in is the caller's own object, or a draft.
    if (!Object.hasOwn(this.base, key) || value !== this.base[key]) return value;
    const element = new DraftNode(value as Container, this.change, this, this.depth + 1);
    (this.#elements ??= new Map<PropertyKey, DraftNode>()).set(key, element);
    return element.draft;
  }

  set(copy: Container, key: PropertyKey, value: unknown): boolean {
    this.#assertOpen();
    // As JSON does.
    if (typeof key !== 'string') return true;
    const isSame = Object.is(copy[key], value) || this.#elements?.get(key)?.draft === value;
    if (isSame && Object.hasOwn(copy, key)) return true;
    if (Array.isArray(copy) && !OF_ARRAYS.test(key))
      throw new TypeError(`An array of a shared state has elements, and no property ${JSON.stringify(key)}.`);
    this.#write(key);
    // An assignment would set the prototype. It is refused when it is settled.
    if (key === '__proto__') Object.defineProperty(copy, key, { value, enumerable: true, configurable: true });
    else copy[key] = value;
    return true;
  }

  deleteProperty(copy: Container, key: PropertyKey): boolean {
    this.#assertOpen();
    if (!Object.hasOwn(copy, key)) return true;
    if (!Reflect.deleteProperty(copy, key)) return false;
    this.#write(key as string);
    return true;
  }

  getOwnPropertyDescriptor(copy: Container, key: PropertyKey): PropertyDescriptor | undefined {
    const own = Reflect.getOwnPropertyDescriptor(copy, key);
    if (own === undefined || typeof own.value !== 'object' || own.value === null) return own;
    // Not the object itself, which may be a part of the value.
    return { get: () => this.get(copy, key), enumerable: true, configurable: true };
  }

  defineProperty(): boolean {
    return false;
  }

  setPrototypeOf(): boolean {
    return false;
  }

  preventExtensions(): boolean {
    return false;
  }

  /** Makes what was put in a part of the value. Drafts still have to be open. @throws UNSHAREABLE */
  settle(): void {
    if (!this.#isDirty) return;
    if (this.#written !== null) {
      if (Array.isArray(this.base)) return this.#settleArray(this.base);
      for (const key of this.#written) this.#settleMember(key);
    }
    for (const element of this.#elements?.values() ?? []) element.settle();
  }

  /** The value after the change; the same object as before if nothing differs. Only once, and after `settle`. */
  result(): unknown {
    if (!this.#isDirty) return this.base;
    if (this.#settledArray !== null) return this.#settledArray;
    let differs = false;
    for (const [key, element] of this.#elements ?? []) {
      if (!element.#isDirty) continue;
      const after = element.result();
      this.#copy[key] = after;
      differs ||= after !== element.base;
    }
    for (const key of this.#written ?? []) differs ||= !isSameMember(this.base, this.#copy, key);
    return differs ? this.#copy : this.base;
  }

  /** By how many bytes the JSON has grown, after `result`. */
  growth(): number {
    if (!this.#isDirty) return 0;
    if (this.#settledArray !== null) return jsonGrowth(this.base, this.#settledArray);
    let growth = 0;
    for (const key of this.#written ?? []) growth += memberGrowth(this.base, this.#copy, key);
    for (const [key, element] of this.#elements ?? [])
      if (this.#written?.has(key as string) !== true) growth += element.growth();
    return growth;
  }

  #settleMember(key: string): void {
    const copy = this.#copy;
    // Without the key, an object still answers with a method for `constructor`, for example.
    const value = Object.hasOwn(copy, key) ? copy[key] : undefined;
    if (value === undefined) {
      delete copy[key];
      return;
    }
    if (key === '__proto__') throw UNSHAREABLE;
    const before = Object.hasOwn(this.base, key) ? this.base[key] : undefined;
    copy[key] = normalForm(before, this.#withoutDraft(value), this.depth + 1);
  }

  #settleArray(base: readonly unknown[]): void {
    const items = this.#copy as unknown as unknown[];
    for (const [key, element] of this.#elements ?? [])
      // The array may have been cut.
      if (element.#isDirty && Object.hasOwn(items, key)) items[key as number] = element.draft;
    for (let index = 0; index < items.length; index++) {
      const item = items[index];
      // A hole is found early: there may be billions of them.
      if (item === undefined) throw UNSHAREABLE;
      if (item !== base[index]) items[index] = this.#withoutDraft(item);
    }
    this.#settledArray = normalArray(base, items, this.depth + 1);
  }

  /** A part that has only been read is as it was: it can be copied without asking its draft. */
  #withoutDraft(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const node = (value as Container)[NODE];
    return node instanceof DraftNode && node.change === this.change && !node.#isDirty ? node.base : value;
  }

  #write(key: string): void {
    (this.#written ??= new Set<string>()).add(key);
    this.#elements?.delete(key);
    this.#soil();
  }

  /** The nodes above a dirty one are dirty. */
  #soil(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    if (this.parent !== null) this.parent.#soil();
  }

  #assertOpen(): void {
    if (this.change.isOver) throw new TypeError('A draft is only valid until the function that changes it returns.');
  }
}

function isSameMember(before: Container, after: Container, key: string): boolean {
  return before[key] === after[key] && Object.hasOwn(before, key) === Object.hasOwn(after, key);
}
