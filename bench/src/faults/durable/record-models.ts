import type { StoreNews, WriteDigest } from './watched-store.js';

/** A record, with hashes for bytes. */
export type RecordDigest = Omit<WriteDigest, 'keepFrom'>;

interface Model {
  /** After the last finished commit. */
  before: RecordDigest;
  /** After the commit under way; `null` if there is none, or if it does not write this room. */
  after: RecordDigest | null;
}

/** What the records of a server must be, according to the commits that it has reported. */
export class RecordModels {
  commits = 0;
  /** Kills before the server reported that the commit was done. */
  midCommit = 0;
  /** Records found as before, and as after, the commit that was under way. */
  old = 0;
  changed = 0;
  /** Correct records of rooms that had no commit under way. */
  between = 0;
  torn = 0;
  /** Records that are newer than any reported commit. */
  unheard = 0;
  /** How long commits take at present, in milliseconds. */
  typicalMs = 0;
  #begunAt = 0;
  readonly #models = new Map<string, Model>();

  get isUnderWay(): boolean {
    return [...this.#models.values()].some(({ after }) => after !== null);
  }

  hear(news: StoreNews): void {
    if ('done' in news) return this.#done();
    if (!('begun' in news)) return;
    this.commits++;
    this.#begunAt = performance.now();
    for (const write of news.begun) {
      const model = this.#modelOf(write.key);
      model.after = applied(model.before, write);
    }
  }

  /** Compares what a fresh process has read with what is allowed. */
  check(records: readonly RecordDigest[]): void {
    for (const record of records) {
      const model = this.#modelOf(record.key);
      const { before, after } = model;
      if (isSame(record, before)) this.#count(after === null ? 'between' : 'old');
      else if (after !== null && isSame(record, after)) this.#count('changed');
      else if (record.sequence > (after ?? before).sequence) this.#count('unheard');
      else {
        this.#count('torn');
        process.stderr.write(`TORN ${JSON.stringify({ record, before, after })}\n`);
      }
      model.before = record;
      model.after = null;
    }
  }

  #count(what: 'between' | 'old' | 'changed' | 'unheard' | 'torn'): void {
    this[what]++;
  }

  #done(): void {
    this.typicalMs += (performance.now() - this.#begunAt - this.typicalMs) / 4;
    for (const model of this.#models.values()) {
      if (model.after !== null) model.before = model.after;
      model.after = null;
    }
  }

  #modelOf(key: string): Model {
    let model = this.#models.get(key);
    if (model === undefined)
      this.#models.set(key, (model = { before: { key, sequence: 0, parts: {}, segments: [] }, after: null }));
    return model;
  }
}

function applied(record: RecordDigest, { key, sequence, parts, segments, keepFrom }: WriteDigest): RecordDigest {
  return {
    key,
    sequence,
    parts: { ...record.parts, ...parts },
    segments: [...record.segments, ...segments].filter(([number]) => number >= keepFrom),
  };
}

function isSame(one: RecordDigest, other: RecordDigest): boolean {
  return textOf(one) === textOf(other);
}

function textOf({ key, sequence, parts, segments }: RecordDigest): string {
  return JSON.stringify([key, sequence, Object.entries(parts).sort(), segments]);
}
