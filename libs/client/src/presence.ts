import {
  groupedByPerson,
  personKeyOf,
  personOf,
  PRESENCE_EVENT,
  type Person as AnyPerson,
  type PresenceNews,
  type PresentClient as AnyClient,
} from '../../jamsocket/src/base/presence.js';
import { Listeners } from './listeners.js';
import { after } from './timers.js';

/** A client of the room, as everyone sees it. */
export interface PresentClient<Value = any> {
  /** Its id in the room. */
  readonly id: number;
  /** Its user, if the server knows it. */
  readonly user?: string;
  /** Its connection is lost, and it may come back. */
  readonly away?: true;
  /** Its value; absent if it has none. */
  readonly value?: Value;
}

/** Everyone who is the same user, with all tabs and devices; or a client whose user is unknown. */
export interface Person<Value = any> {
  /** Unique in the room: for lists in React, for example. */
  readonly key: string;
  readonly user: string | undefined;
  /** All connections are lost, and may come back. */
  readonly isAway: boolean;
  /** The value of the client that has joined last, of those that have one and, if possible, are not away. */
  readonly value: Value | undefined;
  /** In the order in which they have joined. */
  readonly clients: readonly PresentClient<Value>[];
}

/** What has happened to another person. `here`: was there before this client joined. `changed`: the value or the clients. */
export interface PresenceChange<Value = any> {
  readonly type: 'here' | 'joined' | 'left' | 'away' | 'back' | 'changed';
  readonly person: Person<Value>;
}

/** Who else is in the room. For rooms with `@Presence()`; in others nobody is shown, and nothing is sent. */
export class Presence<Value = any> {
  /** Everyone except the user of this client. A change makes a new array; a person who has not changed is the same object. */
  others: readonly Person<Value>[] = [];
  #clients = new Map<number, AnyClient>();
  readonly #changes = new Listeners<PresenceChange<Value>>();
  #people = new Map<string, AnyPerson>();
  #you: number | undefined;
  #everyMs = 0;
  #value: Value | undefined;
  /** The server has told of everyone on this connection. */
  #isReady = false;
  #isUnsent = false;
  #isPausing = false;

  /** @internal */
  constructor(private readonly send: (text: string) => void) {}

  /**
   * Sets what others see of this client; `undefined` removes it. Only the latest value is sent, not more often than the server
   * wants, and again when the server has lost it. If the server refuses it, the event `exception` says why.
   */
  readonly set = (value: Value | undefined): void => {
    this.#value = value;
    this.#isUnsent = true;
    this.#push();
  };

  /** Listens to what happens to other persons. @returns a function that removes the listener */
  readonly onChange = (listener: (change: PresenceChange<Value>) => void): (() => void) => this.#changes.add(listener);

  /** @internal There is no connection. */
  pause(): void {
    this.#isReady = false;
  }

  /** @internal */
  receive({ you, everyMs, everyone, left, changed }: PresenceNews): void {
    const isFirst = you !== undefined && you !== this.#you;
    const known = this.#clients;
    if (everyone) {
      this.#you = you;
      this.#everyMs = everyMs!;
      this.#isReady = true;
      this.#clients = new Map();
    }
    for (const id of left ?? []) this.#clients.delete(id);
    for (const client of everyone ?? changed ?? []) {
      const old = known.get(client.id);
      // News may repeat what this client knows: of a client that has joined just before it, or after a lost connection.
      this.#clients.set(client.id, JSON.stringify(old) === JSON.stringify(client) ? old! : client);
    }
    const own = this.#clients.get(this.#you!);
    if (everyone && own?.value === undefined && this.#value !== undefined) this.#isUnsent = true;
    this.#regroup(own && personKeyOf(own), isFirst);
    this.#push();
  }

  #regroup(ownKey: string | undefined, isFirst: boolean): void {
    const before = this.#people;
    const changes: PresenceChange<Value>[] = [];
    this.#people = new Map();
    for (const [key, clients] of groupedByPerson(this.#clients.values())) {
      if (key === ownKey) continue;
      const old = before.get(key);
      const isSame =
        old && old.clients.length === clients.length && clients.every((one, at) => one === old.clients[at]);
      const person = isSame ? old : personOf(key, clients);
      this.#people.set(key, person);
      if (isSame) continue;
      const turned = person.isAway ? 'away' : 'back';
      changes.push({
        type: old ? (old.isAway === person.isAway ? 'changed' : turned) : isFirst ? 'here' : 'joined',
        person,
      });
    }
    for (const [key, person] of before) if (!this.#people.has(key)) changes.push({ type: 'left', person });
    if (changes.length === 0) return;
    this.others = [...this.#people.values()];
    for (const change of changes) this.#changes.tell(change);
  }

  #push(): void {
    if (!this.#isReady || !this.#isUnsent || this.#isPausing) return;
    this.#isUnsent = false;
    this.#isPausing = true;
    this.send(JSON.stringify({ event: PRESENCE_EVENT, data: this.#value }));
    after(this.#everyMs, () => {
      this.#isPausing = false;
      this.#push();
    });
  }
}
