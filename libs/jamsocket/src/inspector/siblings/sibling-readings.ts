import type { Siblings } from '../../node/siblings.js';
import type { RoomRow, Traffic } from '../inspector-events.js';
import { READ_CALL, type SiblingPage, type SiblingQuestion } from './sibling-page.js';
import type { Viewer } from '../viewer.js';

/** Names pages of this process. */
let lastPage = 0;

/** What the other workers of this machine tell of their rooms. */
export class SiblingReadings {
  /** The page of each sibling. */
  readonly #pages = new Map<string, string>();
  /** By sibling, then by key. */
  #rows = new Map<string, Map<string, RoomRow>>();
  readonly #pageOf = new WeakMap<Viewer, string>();
  readonly #asked = new WeakSet<Viewer>();

  constructor(private readonly siblings: Siblings) {}

  /** Rooms of all siblings that have answered. */
  get rows(): Iterable<RoomRow> {
    return [...this.#rows.values()].flatMap((rows) => [...rows.values()]);
  }

  rowsOf(sibling: string): Iterable<RoomRow> | undefined {
    return this.#rows.get(sibling)?.values();
  }

  has(node: string): boolean {
    return this.siblings.isSibling(node);
  }

  /** Reads the rows of all siblings among these nodes. @param nameOf names them in the rows. Never rejects */
  async read(nodes: readonly { readonly incarnation: string; readonly name: string }[]): Promise<void> {
    const rows = new Map<string, Map<string, RoomRow>>();
    const reading = nodes.map(async ({ incarnation, name }) => {
      if (!this.has(incarnation)) return;
      const page = await this.#read(incarnation);
      const before = this.#rows.get(incarnation);
      // A page that was closed meanwhile tells everything again.
      const all = new Map(page?.rooms.isFull === false ? before : undefined);
      for (const key of page?.rooms.gone ?? []) all.delete(key);
      for (const row of page?.rooms.rooms ?? []) all.set(row.key, { ...row, node: name, isSibling: true });
      if (page !== null) rows.set(incarnation, all);
    });
    await Promise.all(reading);
    this.#rows = rows;
  }

  /** Reads the room that a page watches. One question at a time. @returns `null` without an answer */
  async watch(owner: string, viewer: Viewer): Promise<SiblingPage | null | 'asked already'> {
    return this.#once(viewer, (question) => this.#ask(owner, question));
  }

  /** Reads the traffic of the service that a page watches, at all siblings. One question at a time. Never rejects */
  async watchService(viewer: Viewer): Promise<readonly Traffic[] | 'asked already'> {
    // They keep what a page cannot take now.
    if (viewer.isBehind) return [];
    const pages = await this.#once(viewer, (question) => this.siblings.askAll(READ_CALL, question).catch(() => []));
    if (pages === 'asked already') return pages;
    return (pages as (SiblingPage | null)[]).flatMap((page) => page?.traffic ?? []);
  }

  async #once<T>(viewer: Viewer, ask: (question: SiblingQuestion) => Promise<T>): Promise<T | 'asked already'> {
    if (this.#asked.has(viewer)) return 'asked already';
    this.#asked.add(viewer);
    let page = this.#pageOf.get(viewer);
    if (page === undefined) this.#pageOf.set(viewer, (page = `${++lastPage}`));
    try {
      return await ask({ page, watched: viewer.key });
    } finally {
      this.#asked.delete(viewer);
    }
  }

  /** Changes in an answer that is lost are told by no other one: the next question opens another page. */
  async #read(sibling: string): Promise<SiblingPage | null> {
    const page = this.#pages.get(sibling) ?? `${++lastPage}`;
    this.#pages.set(sibling, page);
    const answer = await this.#ask(sibling, { page, watched: undefined });
    if (answer === null) this.#pages.delete(sibling);
    return answer;
  }

  #ask(sibling: string, question: SiblingQuestion): Promise<SiblingPage | null> {
    return (this.siblings.ask(sibling, READ_CALL, question) as Promise<SiblingPage | null>).catch(() => null);
  }
}
