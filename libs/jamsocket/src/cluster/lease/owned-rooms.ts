import type { RoomKey } from '../../store/room-store.js';
import type { OwnedRoom } from '../directory.js';
import { nameOfRoom } from '../../store/name-of-room.js';

/** The rooms this node has claimed. */
export class OwnedRooms {
  readonly #rooms = new Map<string, OwnedRoom>();
  #rest: Iterator<OwnedRoom, undefined> = this.#rooms.values();

  get size(): number {
    return this.#rooms.size;
  }

  get(room: RoomKey): OwnedRoom | undefined {
    return this.#rooms.get(nameOfRoom(room));
  }

  add(owned: OwnedRoom): void {
    this.#rooms.set(nameOfRoom(owned.room), owned);
  }

  /** @returns false if this node has not claimed the room with this fence */
  remove({ room, fence }: OwnedRoom): boolean {
    return this.get(room)?.fence === fence && this.#rooms.delete(nameOfRoom(room));
  }

  clear(): void {
    this.#rooms.clear();
  }

  all(): readonly OwnedRoom[] {
    return [...this.#rooms.values()];
  }

  /** The next rooms, at most `count`. After the last room it starts with the first again. */
  next(count: number): readonly OwnedRoom[] {
    const chunk: OwnedRoom[] = [];
    while (chunk.length < count) {
      const { done, value } = this.#rest.next();
      if (done === true) {
        this.#rest = this.#rooms.values();
        break;
      }
      chunk.push(value);
    }
    return chunk;
  }
}
