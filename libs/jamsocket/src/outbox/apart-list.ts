import type { Connection } from '../wire/connection.js';

/** Members with sequences of their own, linked by `nextApart`: an array would be garbage once a turn. */
export class ApartList {
  #first: Connection | null = null;
  #last: Connection | null = null;
  count = 0;

  add(connection: Connection): void {
    connection.nextApart = null;
    if (this.#last === null) this.#first = connection;
    else this.#last.nextApart = connection;
    this.#last = connection;
    this.count++;
  }

  /** Empties the list. @returns the first; the others are still linked to it */
  take(): Connection | null {
    const first = this.#first;
    this.#first = null;
    this.#last = null;
    this.count = 0;
    return first;
  }

  /** Empties the list. A link left behind would keep a connection that is gone. */
  clear(): void {
    for (let connection = this.take(), next: Connection | null; connection !== null; connection = next) {
      next = connection.nextApart;
      connection.nextApart = null;
    }
  }
}
