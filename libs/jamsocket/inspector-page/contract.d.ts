/** What the server tells the page, as JSON in Server-Sent Events. Times are milliseconds since the epoch. */

/** Event `overview`: first, and then once an interval. */
export interface Overview {
  at: number;
  intervalMs: number;
  uptimeS: number;
  /** In bytes. */
  memory: { rss: number; heapUsed: number };
  eventLoopDelayMs: { mean: number; max: number };
  connections: number;
  services: Service[];
  isStateShown: boolean;
}

export interface Service {
  name: string;
  /** Of its WebSockets, with its parameters: `/ws/games/:game/:room`. */
  path: string;
  rooms: number;
  clients: number;
}

/** Event `rooms`, after each overview: all rooms at first, then those that changed. */
export interface RoomsChange {
  isFull: boolean;
  rooms: RoomRow[];
  /** Keys of the rooms that have stopped. */
  gone: string[];
}

export interface RoomRow {
  /** Service and id, each encoded as a component of a URL and joined by a slash: a path of the server's routes. */
  key: string;
  service: string;
  room: string;
  clients: number;
  /** Clients whose connection is lost and whose place is kept. */
  away: number;
  /** Messages a second. */
  in: number;
  out: number;
  /** Bytes a second. */
  bytesIn: number;
  bytesOut: number;
  /** Events that wait for their turn. */
  mailbox: number;
  /** Bytes that wait for slow clients. */
  buffered: number;
  timers: number;
  startedAt: number;
}

/** Event `room`, of the room that is watched. */
export interface RoomDetail {
  key: string;
  isGone: boolean;
  /** The first 500; `clientCount` is how many there are. */
  clients: ClientDetail[];
  clientCount: number;
  timers: TimerDetail[];
  mailbox: number;
  state?: unknown;
  stateError?: string;
}

export interface ClientDetail {
  id: string | number;
  address: string;
  isConnected: boolean;
  joinedAt: number;
  buffered: number;
  tags: string[];
  url: string;
  data?: unknown;
}

export interface TimerDetail {
  name: string;
  kind: 'timeout' | 'interval' | 'cron';
  dueInMs?: number;
}

/** Event `traffic`, of the room that is watched. */
export interface Traffic {
  entries: TrafficEntry[];
  /** Entries that were left out since there were too many. */
  dropped: number;
}

export type Direction = 'in' | 'out' | 'join' | 'leave' | 'lost' | 'back' | 'turn-error';

export interface TrafficEntry {
  n: number;
  at: number;
  dir: Direction;
  client?: string | number;
  /** `everyone`, `everyone but 3`, `3`, `17 clients`. */
  to?: string;
  kind?: 'text' | 'binary' | 'event';
  event?: string;
  /** The beginning of the message; of a binary one, in hexadecimal. */
  preview: string;
  bytes: number;
  handler?: string;
  error?: string;
}
