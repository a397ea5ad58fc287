/** What the page is told, as JSON in Server-Sent Events. */
export interface InspectorEvents {
  overview: Overview;
  rooms: RoomChanges;
  room: RoomDetail;
  traffic: Traffic;
  /** The application shuts down. */
  end: Record<string, never>;
}

export interface Overview {
  /** Milliseconds since the epoch, as all points in time here. */
  readonly at: number;
  readonly intervalMs: number;
  readonly uptimeS: number;
  readonly memory: { readonly rss: number; readonly heapUsed: number };
  readonly eventLoopDelayMs: { readonly mean: number; readonly max: number };
  /** Open WebSockets of clients that are in a room. */
  readonly connections: number;
  readonly services: readonly ServiceTotals[];
  readonly isStateShown: boolean;
}

export interface ServiceTotals {
  readonly name: string;
  /** Of its WebSockets, such as `/ws/counter/:room`. */
  readonly path: string;
  readonly rooms: number;
  readonly clients: number;
}

export interface RoomChanges {
  /** Whether these are all rooms; if not, those that have changed. */
  readonly isFull: boolean;
  readonly rooms: readonly RoomRow[];
  /** Keys of rooms that are there no more. */
  readonly gone: readonly string[];
}

export interface RoomRow {
  /** Service and room, each percent-encoded. */
  readonly key: string;
  readonly service: string;
  readonly room: string;
  readonly clients: number;
  /** Of the clients, those whose connection is lost and who may come back. */
  readonly away: number;
  /** Messages a second of the last interval; a message to ten clients goes out ten times. */
  readonly in: number;
  readonly out: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Events that wait for their turn. */
  readonly mailbox: number;
  /** Bytes that wait for slow clients. */
  readonly buffered: number;
  /** Pending timers. */
  readonly timers: number;
  readonly startedAt: number;
}

export interface RoomDetail {
  readonly key: string;
  readonly isGone: boolean;
  /** At most 500. */
  readonly clients: readonly ClientDetail[];
  readonly clientCount: number;
  /** At most 500; the room's row has how many there are. */
  readonly timers: readonly TimerDetail[];
  readonly mailbox: number;
  readonly state?: unknown;
  readonly stateError?: string;
}

export interface ClientDetail {
  readonly id: number;
  readonly address: string;
  readonly isConnected: boolean;
  readonly joinedAt: number;
  readonly buffered: number;
  /** At most 20, and how many more there are. */
  readonly tags: readonly string[];
  /** Path it connected to, with the query only if state is shown: there are secrets in queries. */
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
  /** Entries that are not shown, since there were too many. */
  readonly dropped: number;
}

export interface TrafficEntry {
  /** Counts up, those that were dropped included. */
  readonly n: number;
  readonly at: number;
  readonly dir: 'in' | 'out' | 'join' | 'leave' | 'lost' | 'back' | 'turn-error';
  /** Id of the client it comes from. */
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
