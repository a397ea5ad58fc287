import { ObserverSet } from './observer-set.js';
import type { RoomObserver } from './room-observer.js';

/** Whoever wants to know what happens in the rooms registers here, at any time. While nobody does, it costs nothing. */
export class JamsocketObservers {
  /** @internal `null` while nobody observes: the one thing the rooms look at. */
  current: ObserverSet | null = null;

  /**
   * From now on the observer is told of everything.
   * @returns a function that removes it again; turns under way then are still told their end
   */
  add(observer: RoomObserver): () => void {
    // Its own entry, so that the same observer added twice can be removed twice.
    this.current = new ObserverSet([...(this.current?.observers ?? []), observer]);
    let isThere = true;
    return () => {
      if (isThere) this.#remove(observer);
      isThere = false;
    };
  }

  #remove(observer: RoomObserver): void {
    const observers = [...this.current!.observers];
    observers.splice(observers.indexOf(observer), 1);
    this.current = observers.length > 0 ? new ObserverSet(observers) : null;
  }
}
