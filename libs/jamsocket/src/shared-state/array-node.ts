import { DraftNode, NODE, type Change, type Container, type UnreadObjects } from './draft-node.js';
import { normalArray, UNSHAREABLE } from './normal-form.js';

/** What can be set in an array. */
const OF_ARRAYS = /^(?:\d+|length)$/;

/** An array of the value. It is copied at once: that takes no time, and only a proxy of an array is an array. */
export class ArrayNode extends DraftNode implements ProxyHandler<Container> {
  readonly draft: Container;
  readonly #items: unknown[];
  /** Something has been set or deleted, even if it is as before. */
  #isWritten = false;
  /** The normal form, once it is settled; only if something was written. */
  #settled: readonly unknown[] | null = null;

  constructor(
    private readonly array: readonly unknown[],
    change: Change,
    parent: DraftNode | null,
    depth: number,
  ) {
    super(array as unknown as Container, change, parent, depth);
    this.#items = array.slice();
    this.draft = new Proxy(this.#items as unknown as Container, this);
  }

  get(items: Container, key: PropertyKey): unknown {
    if (key === NODE) return this;
    this.assertOpen();
    return this.draftOf(key, items[key]);
  }

  set(items: Container, key: PropertyKey, value: unknown): boolean {
    this.assertOpen();
    // As JSON does.
    if (typeof key !== 'string') return true;
    if (this.isThere(key, items[key], value) && Object.hasOwn(items, key)) return true;
    if (!OF_ARRAYS.test(key))
      throw new TypeError(`An array of a shared state has elements, and no property ${JSON.stringify(key)}.`);
    items[key] = value;
    this.#write(key);
    return true;
  }

  deleteProperty(items: Container, key: PropertyKey): boolean {
    this.assertOpen();
    if (!Object.hasOwn(items, key)) return true;
    if (!Reflect.deleteProperty(items, key)) return false;
    this.#write(key);
    return true;
  }

  getOwnPropertyDescriptor(items: Container, key: PropertyKey): PropertyDescriptor | undefined {
    this.assertOpen();
    const own = Reflect.getOwnPropertyDescriptor(items, key);
    // The length cannot be configured.
    return own === undefined || key === 'length' ? own : this.described(key, own.value);
  }

  settle(): void {
    if (!this.#isWritten) return this.settleElements();
    this.#settled = this.#normalForm();
    this.differs = this.#settled !== this.array;
  }

  result(unread: UnreadObjects | null): Container {
    if (!this.differs) return this.base;
    if (this.#settled !== null) return this.#settled as unknown as Container;
    const result = this.#items as unknown as Container;
    this.putElements(result, unread);
    return result;
  }

  #normalForm(): readonly unknown[] {
    const items = this.#items;
    this.elements?.values.forEach((element, index) => {
      const key = this.elements!.keys[index];
      // The array may have been cut.
      if (element !== null && Object.hasOwn(items, key)) items[key as number] = this.withoutDraft(element.draft);
    });
    for (let index = 0; index < items.length; index++) {
      const item = items[index];
      // A hole is found early: there may be billions of them.
      if (item === undefined) throw UNSHAREABLE;
      if (item !== this.array[index]) items[index] = this.withoutDraft(item);
    }
    return normalArray(this.array, items, this.depth + 1, this.change);
  }

  #write(key: PropertyKey): void {
    this.#isWritten = true;
    this.forget(key);
  }
}
