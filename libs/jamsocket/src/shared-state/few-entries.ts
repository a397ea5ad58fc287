/** More than this are looked up in a map. */
const FEW = 8;

/**
 * A map for what is mostly a handful of keys: making a `Map` takes longer than a change of one field. Entries are in the
 * order of their first `set`, and are never removed.
 */
export class FewEntries<K, V> {
  readonly keys: K[] = [];
  readonly values: V[] = [];
  #indices: Map<K, number> | null = null;

  /** -1 for a key without an entry. */
  indexOf(key: K): number {
    if (this.#indices !== null) return this.#indices.get(key) ?? -1;
    for (let index = 0; index < this.keys.length; index++) if (this.keys[index] === key) return index;
    return -1;
  }

  set(key: K, value: V): void {
    const index = this.indexOf(key);
    if (index >= 0) {
      this.values[index] = value;
      return;
    }
    const count = this.keys.push(key);
    this.values.push(value);
    if (this.#indices !== null) this.#indices.set(key, count - 1);
    else if (count > FEW) this.#indices = new Map(this.keys.map((each, at) => [each, at]));
  }
}
