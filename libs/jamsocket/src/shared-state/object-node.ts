import { DraftNode, NODE, type Container, type UnreadObjects } from './draft-node.js';
import { FewEntries } from './few-entries.js';
import { bytesOrNone, keyBytes } from './json-size.js';
import { copyOf, normalForm, UNSHAREABLE } from './normal-form.js';

/** The target of all proxies: the handler answers for it, and a proxy for the value itself could not, were that frozen. */
const NOTHING: Container = {};

const NOTHING_WRITTEN = new FewEntries<string, unknown>();

/** An object of the value. It is not copied before `result`, unless something is deleted, or its keys are asked for. */
export class ObjectNode extends DraftNode implements ProxyHandler<Container> {
  readonly draft: Container = new Proxy(NOTHING, this);
  /** What has been set, even if it is as before; `undefined` for what was deleted. Once it is settled, normal forms. */
  #written: FewEntries<string, unknown> | null = null;
  /** What the draft shows, with its keys in order; `null` while that is what was written and, for the rest, `base`. */
  #copy: Container | null = null;

  get(_: Container, key: PropertyKey): unknown {
    if (key === NODE) return this;
    this.assertOpen();
    return this.draftOf(key, this.#present(key));
  }

  set(_: Container, key: PropertyKey, value: unknown): boolean {
    this.assertOpen();
    // As JSON does.
    if (typeof key !== 'string') return true;
    if (this.isThere(key, this.#present(key), value) && this.#has(key)) return true;
    if (this.#copy !== null) put(this.#copy, key, value);
    this.#write(key, value);
    return true;
  }

  deleteProperty(_: Container, key: PropertyKey): boolean {
    this.assertOpen();
    if (!this.#has(key)) return true;
    delete this.#wholeCopy()[key];
    this.#write(key as string, undefined);
    return true;
  }

  has(_: Container, key: PropertyKey): boolean {
    this.assertOpen();
    return this.#has(key) || key in NOTHING;
  }

  ownKeys(): (string | symbol)[] {
    this.assertOpen();
    return Reflect.ownKeys(this.#written === null ? this.base : this.#wholeCopy());
  }

  getOwnPropertyDescriptor(_: Container, key: PropertyKey): PropertyDescriptor | undefined {
    this.assertOpen();
    return this.#has(key) ? this.described(key, this.#present(key)) : undefined;
  }

  settle(): void {
    const { keys, values } = this.#written ?? NOTHING_WRITTEN;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index];
      const before = Object.hasOwn(this.base, key) ? this.base[key] : undefined;
      const after = this.#settled(key, before, values[index]);
      values[index] = after;
      this.differs ||= after !== before;
    }
    this.settleElements();
  }

  result(unread: UnreadObjects | null): Container {
    if (!this.differs) return this.base;
    const result = this.#copy ?? (unread?.has(this.base) === true ? this.base : copyOf(this.base));
    const { keys, values } = this.#written ?? NOTHING_WRITTEN;
    for (let index = 0; index < keys.length; index++) {
      if (values[index] === undefined) delete result[keys[index]];
      else result[keys[index]] = values[index];
    }
    this.putElements(result, unread);
    unread?.add(result);
    return result;
  }

  /** @param before `undefined` if it was not there */
  #settled(key: string, before: unknown, value: unknown): unknown {
    const { change } = this;
    if (value === undefined) {
      if (before !== undefined) change.growth -= keyBytes(key) + bytesOrNone(before);
      return undefined;
    }
    if (key === '__proto__') throw UNSHAREABLE;
    if (before === undefined) change.growth += keyBytes(key);
    return normalForm(before, this.withoutDraft(value), this.depth + 1, change);
  }

  #present(key: PropertyKey): unknown {
    if (this.#copy !== null) return this.#copy[key];
    const index = this.#indexOf(key);
    return index < 0 ? this.base[key] : this.#written!.values[index];
  }

  #has(key: PropertyKey): boolean {
    return Object.hasOwn(this.#copy ?? this.base, key) || (this.#copy === null && this.#indexOf(key) >= 0);
  }

  #indexOf(key: PropertyKey): number {
    return this.#written === null ? -1 : this.#written.indexOf(key as string);
  }

  #write(key: string, value: unknown): void {
    (this.#written ??= new FewEntries<string, unknown>()).set(key, value);
    this.forget(key);
  }

  #wholeCopy(): Container {
    if (this.#copy !== null) return this.#copy;
    const copy = copyOf(this.base);
    const { keys, values } = this.#written ?? NOTHING_WRITTEN;
    keys.forEach((key, index) => put(copy, key, values[index]));
    return (this.#copy = copy);
  }
}

/** An assignment would set the prototype. It is refused when it is settled. */
function put(copy: Container, key: string, value: unknown): void {
  if (key !== '__proto__') copy[key] = value;
  else Object.defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
}
