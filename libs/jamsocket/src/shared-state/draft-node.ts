import { FewEntries } from './few-entries.js';
import type { Growth } from './normal-form.js';

export type Container = Record<PropertyKey, unknown>;

/**
 * Objects of the value that were made since it was last read. Nobody else has them, so a change may write to them instead of
 * to a copy.
 */
export type UnreadObjects = Set<object>;

/** One change of a value, for all drafts that it hands out. Gets its `growth` while it is settled. */
export interface Change extends Growth {
  readonly isOver: boolean;
  nodeFor(base: Container, parent: DraftNode | null, depth: number): DraftNode;
}

/** A draft answers this key with its node. */
export const NODE = Symbol('node');

/**
 * An object or array of the value as `change` sees it: what it was, and a draft (a proxy) that notes what is written.
 * Elements get nodes of their own when they are read, so what is not read costs nothing. The value itself stays as it is
 * until `result`. What is put into a draft stays as it is until `settle`, other drafts included.
 */
export abstract class DraftNode {
  abstract readonly draft: Container;
  /** Of the elements that have been read; `null` for those that are no longer in their place. `null` for none. */
  protected elements: FewEntries<PropertyKey, DraftNode | null> | null = null;
  /** It, or an element, has been written to. */
  protected isDirty = false;
  /** After `settle`: something is not as before. */
  differs = false;

  constructor(
    readonly base: Container,
    protected readonly change: Change,
    private readonly parent: DraftNode | null,
    protected readonly depth: number,
  ) {}

  /** The three traps of the draft that refuse, for objects and arrays alike. */
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
  abstract settle(): void;

  /**
   * The value after the change; the same object as before if nothing differs. Only once, and after `settle`.
   * @param unread the objects that are written to; gets those that are made. `null` to leave the value as it is
   */
  abstract result(unread: UnreadObjects | null): Container;

  /** What a draft answers for a value that is in it. */
  protected draftOf(key: PropertyKey, value: unknown): unknown {
    if (!isObject(value)) return value;
    const known = this.#elementAt(key);
    if (known !== null) return known.draft;
    // What has been put in is the caller's own object, or a draft.
    if (value !== this.base[key] || !Object.hasOwn(this.base, key)) return value;
    const element = this.change.nodeFor(value, this, this.depth + 1);
    (this.elements ??= new FewEntries<PropertyKey, DraftNode | null>()).set(key, element);
    return element.draft;
  }

  /** Setting this changes nothing, since it is there. */
  protected isThere(key: PropertyKey, present: unknown, value: unknown): boolean {
    return Object.is(present, value) || (isObject(value) && this.#elementAt(key)?.draft === value);
  }

  /** As a property descriptor that does not hand out the object itself, which may be a part of the value. */
  protected described(key: PropertyKey, value: unknown): PropertyDescriptor {
    const options = { enumerable: true, configurable: true };
    if (!isObject(value)) return { value, writable: true, ...options };
    const get = () => {
      this.assertOpen();
      return this.draftOf(key, value);
    };
    return { get, ...options };
  }

  protected settleElements(): void {
    if (this.elements === null) return;
    // Settling one may read others.
    for (let index = 0; index < this.elements.values.length; index++) {
      const element = this.elements.values[index];
      if (element === null || !element.isDirty) continue;
      element.settle();
      this.differs ||= element.differs;
    }
  }

  protected putElements(into: Container, unread: UnreadObjects | null): void {
    if (this.elements === null) return;
    const { keys, values } = this.elements;
    for (let index = 0; index < keys.length; index++) {
      const element = values[index];
      if (element !== null && element.differs) into[keys[index]] = element.result(unread);
    }
  }

  /** A part that has only been read is as it was: it can be copied without asking its draft. */
  protected withoutDraft(value: unknown): unknown {
    if (!isObject(value)) return value;
    const node = value[NODE];
    return node instanceof DraftNode && node.change === this.change && !node.isDirty ? node.base : value;
  }

  /** Something else is in its place. */
  protected forget(key: PropertyKey): void {
    if (this.#elementAt(key) !== null) this.elements!.set(key, null);
    this.#soil();
  }

  protected assertOpen(): void {
    if (this.change.isOver) throw new TypeError('A draft is only valid until the function that changes it returns.');
  }

  #elementAt(key: PropertyKey): DraftNode | null {
    if (this.elements === null) return null;
    const index = this.elements.indexOf(key);
    return index < 0 ? null : this.elements.values[index];
  }

  /** The nodes above a dirty one are dirty. */
  #soil(): void {
    if (this.isDirty) return;
    this.isDirty = true;
    if (this.parent !== null) this.parent.#soil();
  }
}

function isObject(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}
