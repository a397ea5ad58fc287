import type { TestClient } from 'nestjs-jamsocket/testing';
import { documentedApply } from './documented-apply.js';
import { digestOf, past, seenBy, TEAMS, textOf, type Truth } from './field.room.js';

const PROTOCOL = 'jamsocket.v1';
const apply = documentedApply();

interface Frame {
  readonly jamsocket?: string;
  readonly client?: number;
  readonly resumed?: boolean;
  readonly event?: string;
  readonly data?: any;
}

/** A way into the room. */
export interface Door {
  readonly seen: Seen;
  open(protocols: readonly string[]): Promise<TestClient>;
}

/** What watchers that came through one door have seen. */
export interface Seen {
  /** Messages with shared state. */
  frames: number;
  /** Changes with a table of many elements, of each shared state. */
  readonly tables: { board: number; field: number };
  joined: number;
  resumed: number;
  /** Wanted to resume, and joined as new ones. */
  lost: number;
}

export function nothingSeen(): Seen {
  return { frames: 0, tables: { board: 0, field: 0 }, joined: 0, resumed: 0, lost: 0 };
}

/** A client of `jamsocket.v1` that follows the state of a FieldRoom, and compares each state with those that the room had. */
export class Watcher {
  connection!: TestClient;
  id = 0;
  #door!: Door;
  #state: unknown = {};
  #token = '';
  #received = 0;
  #read = 0;
  /** Its team; and those that it has asked for since, of which the room may have put it into any. */
  #teams: number[] = [];

  get isAway(): boolean {
    return this.connection.isClosed;
  }

  /** Joins, or resumes if it can. */
  async connect(door: Door): Promise<void> {
    if (this.#token !== '') this.read();
    const resume = this.#token === '' ? [] : [`jamsocket.resume.${this.#token}.${this.#received}`];
    const connection = await door.open([PROTOCOL, ...resume]);
    this.connection = connection;
    this.#door = door;
    this.#read = 0;
    const { jamsocket, client, resumed } = JSON.parse(String(await connection.next())) as Frame;
    this.#token = jamsocket!;
    const { seen } = door;
    if (resumed) seen.resumed++;
    else {
      [this.id, this.#state, this.#received, this.#teams] = [client!, {}, 0, [0, client! % TEAMS]];
      if (resume.length === 0) seen.joined++;
      else seen.lost++;
    }
    connection.send(JSON.stringify({ jamsocket: this.#token }));
  }

  /** Goes to another team. The answer may be lost with the connection. */
  goTo(team: number): void {
    this.#teams.push(team);
    this.connection.emit('team', team);
  }

  /** Reads what has arrived. */
  read(): void {
    const frames = this.connection.received.slice(this.#read);
    this.#read += frames.length;
    for (const frame of frames) {
      const text = String(frame);
      const message = (text.startsWith('{') ? JSON.parse(text) : {}) as Frame;
      if (message.jamsocket === this.#token) continue;
      this.#received++;
      if (message.event === '$state') this.#follow(message.data as object);
      else if (message.event === 'now') this.#compare(message.data as string[]);
      else if (message.event === 'team') this.#teams.splice(0, this.#teams.indexOf(message.data as number, 1));
    }
  }

  /** Everything that was sent has arrived: it has what the room has, as its team sees it. @returns what is wrong */
  wrongIn({ board, field, teams }: Truth): string | undefined {
    this.read();
    this.#teams = [teams[this.id]];
    const expected = textOf({ board, field: seenBy(field, teams[this.id]) });
    return textOf(this.#state) === expected ? undefined : `${textOf(this.#state)} instead of ${expected}`;
  }

  /** A message comes after all changes that were made before it. @param digests of what each team saw when it was sent */
  #compare(digests: readonly string[]): void {
    const digest = digestOf(textOf(this.#state));
    if (this.#teams.some((team) => digests[team] === digest)) return;
    throw new Error(
      `Client ${this.id} of team ${this.#teams.join(' or ')} has another state than the room had when it sent this message`,
    );
  }

  #follow(changes: object): void {
    const { seen } = this.#door;
    seen.frames++;
    for (const [name, change] of Object.entries(changes))
      if (hasTable(change)) seen.tables[name as 'board' | 'field']++;
    this.#state = apply(this.#state, changes);
    const text = textOf(this.#state);
    if (this.#teams.some((team) => past[team].has(text))) return;
    throw new Error(
      `Client ${this.id} of team ${this.#teams.join(' or ')} has a state that the room never had: ${text}, after ${JSON.stringify(changes)}`,
    );
  }
}

/** Whole values are in an array of one element. */
function hasTable(change: unknown): boolean {
  if (typeof change !== 'object' || change === null) return false;
  if (Array.isArray(change)) return change.length > 2;
  return Object.values(change).some(hasTable);
}
