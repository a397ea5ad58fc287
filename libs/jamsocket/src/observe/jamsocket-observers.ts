import { ObserverSet } from './observer-set.js';
import type { RoomObserver } from './room-observer.js';

/** Register observers of the rooms here, at any time. Without an observer it costs nothing. */
export class JamsocketObservers {
  /** @internal `null` without observers. Rooms check only this field. */
  current: ObserverSet | null = null;

  /**
   * Adds an observer, which is told of all events from now on.
   * @returns a function that removes it. The observer is still told the end of turns that had started before.
   */
  add(observer: RoomObserver): () => void {
    // An observer that is added twice must be removed twice.
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
