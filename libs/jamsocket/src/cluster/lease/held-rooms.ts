import type { RoomKey } from '../../store/room-store.js';
import type { HeldRoom } from '../directory.js';

/** The rooms this node has claimed. */
export class HeldRooms {
  readonly #rooms = new Map<string, HeldRoom>();
  #rest: Iterator<HeldRoom, undefined> = this.#rooms.values();

  get size(): number {
    return this.#rooms.size;
  }

  get(room: RoomKey): HeldRoom | undefined {
    return this.#rooms.get(nameOf(room));
  }

  add(held: HeldRoom): void {
    this.#rooms.set(nameOf(held.room), held);
  }

  /** @returns false if this node has not claimed the room with this fence */
  remove({ room, fence }: HeldRoom): boolean {
    return this.get(room)?.fence === fence && this.#rooms.delete(nameOf(room));
  }

  /** @returns the removed rooms */
  clear(): readonly HeldRoom[] {
    const all = this.all();
    this.#rooms.clear();
    return all;
  }

  all(): readonly HeldRoom[] {
    return [...this.#rooms.values()];
  }

  /** The next rooms, at most `count`. After the last room it starts with the first again. */
  next(count: number): readonly HeldRoom[] {
    const chunk: HeldRoom[] = [];
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

export function nameOf({ service, key }: RoomKey): string {
  return `${service}\0${key}`;
}
