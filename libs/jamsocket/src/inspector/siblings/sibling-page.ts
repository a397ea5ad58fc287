import type { InspectorEvents, RoomChanges, RoomDetail, Traffic } from '../inspector-events.js';

/** The call that reads a page of another worker. */
export const READ_CALL = 'inspector.read';

/** What a worker asks another one for. */
export interface SiblingQuestion {
  /** Names the page: each page is told what has changed since its last question. */
  readonly page: string;
  /** Key of a room to watch, or `<service>/`: then the answer is the traffic only. */
  readonly watched: string | undefined;
}

/** The answer. */
export interface SiblingPage {
  /** Rooms of the worker that answers; empty if the question is for traffic only. */
  readonly rooms: RoomChanges;
  /** The watched room; missing if there is none. */
  readonly room?: RoomDetail;
  readonly traffic?: Traffic;
}

/** Where a page's events go. */
export interface PageStream {
  /** Whether it shows the rooms of other processes, so that they are asked. */
  readonly showsCluster: boolean;
  /** Send nothing that can wait. */
  readonly isBehind: boolean;
  send<Name extends keyof InspectorEvents>(event: Name, data: InspectorEvents[Name]): void;
  end(): void;
}

/** Collects what a page is sent while it is read, for another worker. */
export class CollectedPage implements PageStream {
  /** The worker that reads it asks the others itself. Processes that asked each other for such pages would never stop. */
  readonly showsCluster = false;
  /** Between two readings. */
  isBehind = true;
  #events: Partial<InspectorEvents> = {};

  send<Name extends keyof InspectorEvents>(event: Name, data: InspectorEvents[Name]): void {
    this.#events[event] = data;
  }

  end(): void {}

  /** @param show sends everything */
  read(show: () => void): SiblingPage {
    this.#events = {};
    this.isBehind = false;
    show();
    this.isBehind = true;
    const { rooms, room, traffic } = this.#events;
    const { isFull = true, rooms: rows = [], gone = [] } = rooms ?? {};
    return {
      // Other processes tell of their rooms themselves. A room that has moved to one of them is gone from here.
      rooms: {
        isFull,
        rooms: rows.filter(({ node }) => node === undefined),
        gone: [...gone, ...rows.flatMap(({ key, node }) => (node === undefined ? [] : key))],
      },
      room,
      traffic,
    };
  }
}
