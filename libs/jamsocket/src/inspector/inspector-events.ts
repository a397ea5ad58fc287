/** Events for the page, as JSON in Server-Sent Events. */
export interface InspectorEvents {
  overview: Overview;
  rooms: RoomChanges;
  room: RoomDetail;
  traffic: Traffic;
  /** The application shuts down. */
  end: Record<string, never>;
}

export interface Overview {
  /** Milliseconds since the epoch, like all points in time in this file. */
  readonly at: number;
  readonly intervalMs: number;
  readonly uptimeS: number;
  readonly memory: { readonly rss: number; readonly heapUsed: number };
  readonly eventLoopDelayMs: { readonly mean: number; readonly max: number };
  /** Open WebSockets of clients in rooms. */
  readonly connections: number;
  readonly services: readonly ServiceTotals[];
  readonly isStateShown: boolean;
  /** Where durable rooms are kept; missing without a store. */
  readonly store?: StoreDetail;
  /** Missing without a cluster. */
  readonly cluster?: ClusterDetail;
}

export interface ClusterDetail {
  /** Sorted by name. Empty before the first answer. */
  readonly nodes: readonly NodeDetail[];
  /** Why the nodes are not known at the moment; missing while they are. */
  readonly outage?: string;
}

/** A process of the cluster. */
export interface NodeDetail {
  /** Names it for `move`. */
  readonly id: string;
  readonly name: string;
  /** It is the one whose page this is. */
  readonly isThis: boolean;
  /** It has not answered, so its rooms are not in the list. */
  readonly isSilent: boolean;
  /** As it has told itself, up to half a second ago; `null` if it has not. At most 1,000 of them are in the list. */
  readonly rooms: number | null;
  /** Address of its own page, if it has told it. */
  readonly url?: string;
}

/** The process that runs a room. */
export interface Elsewhere {
  readonly node: string;
  /** Address of its own page, if it has told it. */
  readonly url?: string;
}

export interface StoreDetail {
  /** Why durable rooms cannot be saved or opened; missing while they can. */
  readonly outage?: string;
}

export interface ServiceTotals {
  readonly name: string;
  /** Path of its WebSockets, such as `/ws/counter/:room`. */
  readonly path: string;
  readonly rooms: number;
  readonly clients: number;
}

export interface RoomChanges {
  /** True: these are all rooms. False: only the changed ones. */
  readonly isFull: boolean;
  readonly rooms: readonly RoomRow[];
  /** Keys of rooms that no longer exist. */
  readonly gone: readonly string[];
}

export interface RoomRow {
  /** Service and room, each percent-encoded. */
  readonly key: string;
  readonly service: string;
  readonly room: string;
  readonly clients: number;
  /** Clients among them that are away: their connection is lost, and they may resume. */
  readonly away: number;
  /** Messages a second in the last interval. A message to ten clients counts ten times in `out`. */
  readonly in: number;
  readonly out: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Events that wait for their turn. */
  readonly mailbox: number;
  /** Bytes that wait for clients that are behind. */
  readonly buffered: number;
  /** Pending timers. */
  readonly timers: number;
  readonly startedAt: number;
  /** Name of another process that runs it: then only the number of its clients is known. Missing for a room that runs here. */
  readonly node?: string;
  /** That process shares the port with this one, and has told everything. */
  readonly isSibling?: true;
}

export interface RoomDetail {
  readonly key: string;
  /** It does not run here. */
  readonly isGone: boolean;
  /** Another process runs it. */
  readonly elsewhere?: Elsewhere;
  /** At most 500. */
  readonly clients: readonly ClientDetail[];
  readonly clientCount: number;
  /** At most 500; the room's row has the total. */
  readonly timers: readonly TimerDetail[];
  readonly mailbox: number;
  readonly state?: unknown;
  readonly stateError?: string;
  /** Missing for rooms that are not durable. */
  readonly saved?: SavedDetail;
  /** At most 500; missing for rooms without `@Presence()`. */
  readonly people?: readonly PersonDetail[];
}

/** Someone in the presence of a room. */
export interface PersonDetail {
  /** Missing if the user is not known. */
  readonly user?: string;
  /** Ids of the clients: tabs and devices of the same user. At most 20. */
  readonly clients: readonly number[];
  readonly isAway: boolean;
  /** Missing if there is none, or if state is not shown. */
  readonly value?: unknown;
}

/** What is in the store of a room, and what waits for it. */
export interface SavedDetail {
  /** `turn`, or milliseconds from a change to its save. */
  readonly save: 'turn' | number;
  /** Time of the saved state; missing before the first save. */
  readonly savedAt?: number;
  /** In bytes; missing before the first save. */
  readonly sizes?: Readonly<Record<'state' | 'clientData' | 'members' | 'log', number>>;
  readonly saves: number;
  /** Number of this instance at the store. */
  readonly fence: number;
  /** Something may have changed since the last save. */
  readonly isUnsaved: boolean;
  /** What waits at the output gate; missing if nothing does. */
  readonly gated?: { readonly bytes: number; readonly forMs: number };
  /** How the instance before ended, and the time of the state that this instance began with; missing for a new room. */
  readonly restored?: { readonly reason: string; readonly version: number; readonly savedAt: number };
}

export interface ClientDetail {
  readonly id: number;
  readonly address: string;
  readonly isConnected: boolean;
  readonly joinedAt: number;
  readonly buffered: number;
  /** At most 20, and the number of the others. */
  readonly tags: readonly string[];
  /** Path it connected to. Includes the query only if state is shown, since queries may contain secrets. */
  readonly url: string;
  readonly data?: unknown;
}

export interface TimerDetail {
  readonly name: string;
  readonly kind: 'timeout' | 'interval' | 'cron';
  readonly dueInMs?: number;
}

export interface Traffic {
  readonly entries: readonly TrafficEntry[];
  /** Number of entries that were left out because there were too many. */
  readonly dropped: number;
}

export interface TrafficEntry {
  /** Counts up in each worker, including dropped entries. */
  readonly n: number;
  readonly at: number;
  readonly dir: 'in' | 'out' | 'join' | 'leave' | 'lost' | 'back' | 'turn-error';
  /** Its room, if all rooms of a service are watched. */
  readonly room?: string;
  /** Id of the client that caused the entry. */
  readonly client?: string;
  /** `everyone`, `everyone but 3`, `3` or `17 clients` */
  readonly to?: string;
  readonly kind?: 'text' | 'binary' | 'event';
  readonly event?: string;
  readonly preview: string;
  readonly bytes: number;
  readonly handler?: string;
  readonly error?: string;
}
