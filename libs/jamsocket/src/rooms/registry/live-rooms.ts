import type { RoomDefinition } from '../../room/room-definition.js';
import type { Room } from '../../room/room.js';

export interface RoomEntry {
  readonly room: Room;
  /** All connects and calls that come while the room starts wait for this one start; `undefined` if it takes no time. */
  started: Promise<void> | undefined;
}

/** The rooms of this process that have not stopped, by their addresses. */
export class LiveRooms {
  readonly #entries = new Map<RoomDefinition, Map<string, RoomEntry>>();
  #size = 0;
  #stops = 0;

  get(definition: RoomDefinition, key: string): Room | undefined {
    const room = this.entriesOf(definition).get(key)?.room;
    return room?.state === 'running' ? room : undefined;
  }

  /** The room at this address, whatever state it is in, unless it has stopped. */
  unstoppedAt(definition: RoomDefinition, key: string): Room | undefined {
    return this.entriesOf(definition).get(key)?.room;
  }

  isTaken(definition: RoomDefinition, key: string): boolean {
    return this.entriesOf(definition).has(key);
  }

  /** Rooms of the service that have not stopped. */
  countOf(definition: RoomDefinition): number {
    return this.entriesOf(definition).size;
  }

  /** Rooms that have not stopped. */
  get size(): number {
    return this.#size;
  }

  /** Rooms that have stopped so far. */
  get stops(): number {
    return this.#stops;
  }

  /** Running rooms of one service, or of all services. */
  list(definition?: RoomDefinition): Room[] {
    const entries = definition ? [this.entriesOf(definition)] : [...this.#entries.values()];
    return entries
      .flatMap((map) => [...map.values()].map(({ room }) => room))
      .filter((room) => room.state === 'running');
  }

  /** Every room that has not stopped, including rooms that start or drain. */
  unstopped(): Room[] {
    return this.entries().map(({ room }) => room);
  }

  /** Every room that has not stopped, with the promise of its start. */
  entries(): RoomEntry[] {
    return [...this.#entries.values()].flatMap((entries) => [...entries.values()]);
  }

  protected entriesOf(definition: RoomDefinition): Map<string, RoomEntry> {
    let entries = this.#entries.get(definition);
    if (entries === undefined) this.#entries.set(definition, (entries = new Map<string, RoomEntry>()));
    return entries;
  }

  protected added(entry: RoomEntry): void {
    this.entriesOf(entry.room.definition).set(entry.room.address.key, entry);
    this.#size++;
  }

  protected removed({ definition, address }: Room): void {
    this.entriesOf(definition).delete(address.key);
    this.#size--;
    this.#stops++;
  }
}
