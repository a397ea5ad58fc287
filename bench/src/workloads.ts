/** What a server does with a message: sends it to everyone, to everyone except the sender, or back. `mixed` decides by its first letter. */
export type Kind = 'relay' | 'except' | 'echo' | 'mixed';

interface Common {
  readonly name: string;
  readonly title: string;
  readonly kind: Kind;
  readonly rooms: number;
  readonly clientsPerRoom: number;
  readonly payloadBytes: number;
  readonly binary?: boolean;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Each sender has this many messages under way, and sends the next one when one of them has arrived. */
export interface ClosedLoop extends Common {
  readonly type: 'closed';
  readonly sendersPerRoom: number;
  readonly inFlight: number;
  /** A message is under way until all clients of its room have it, and not only its sender. For a single sender. */
  readonly untilAll?: boolean;
}

/** Each client sends at a fixed rate, whatever comes back. */
export interface Paced extends Common {
  readonly type: 'paced';
  readonly ratePerClient: number;
  /** So many of the clients send. Default: all. */
  readonly senders?: number;
}

/** Connections are opened, get one message answered and are closed, this many at a time. */
export interface Connects extends Common {
  readonly type: 'connects';
  readonly atOnce: number;
  /** Every connect creates a room, which stops when the client leaves. */
  readonly freshRooms: boolean;
}

/** Clients that were sent away by a restart come back, this many at a time, into rooms that do not exist yet. They stay. */
export interface Storm extends Common {
  readonly type: 'storm';
  readonly atOnce: number;
  /** Storms before the measured one. Without any, the process is new: its code is not compiled yet. */
  readonly stormsBefore: number;
}

/** Connections that do nothing; then each sends one message. */
export interface Idle extends Common {
  readonly type: 'idle';
}

/** A bare server sends as much as it can, to measure how much the load can receive. */
export interface Flood extends Common {
  readonly type: 'flood';
}

export type Workload = ClosedLoop | Paced | Connects | Storm | Idle | Flood;

const TIMES = { warmUpMs: 500, measureMs: 1_000 };
/** A connect runs much code for the first time: without a long warm-up, the compiler would be measured. */
const AFTER_COMPILING = { warmUpMs: 2_000, measureMs: 1_500 };
const SMALL = { ...TIMES, payloadBytes: 64 };
const PING_PONG = { inFlight: 1, ...SMALL, ...AFTER_COMPILING };

const storm = (name: string, title: string, stormsBefore: number): Storm => ({
  type: 'storm',
  name,
  title,
  kind: 'echo',
  rooms: 1_000,
  clientsPerRoom: 5,
  atOnce: 64,
  stormsBefore,
  ...SMALL,
});

const closed = (workload: Omit<ClosedLoop, 'type'>): ClosedLoop => ({ type: 'closed', ...workload });
const paced = (ratePerClient: number): Paced => ({
  type: 'paced',
  name: `paced-${ratePerClient}`,
  title: `paced: 100 clients x ${ratePerClient}/s, each to all`,
  kind: 'relay',
  rooms: 1,
  clientsPerRoom: 100,
  ratePerClient,
  ...SMALL,
  warmUpMs: 700,
  measureMs: 1_500,
});

export const WORKLOADS: readonly Workload[] = [
  closed({
    name: 'fan-out',
    title: 'fan-out: 1 room x 1,000, one sender, 32 in flight',
    kind: 'relay',
    rooms: 1,
    clientsPerRoom: 1_000,
    sendersPerRoom: 1,
    inFlight: 32,
    ...SMALL,
  }),
  closed({
    name: 'fan-out-1',
    title: 'fan-out, 1 in flight',
    kind: 'relay',
    rooms: 1,
    clientsPerRoom: 1_000,
    sendersPerRoom: 1,
    ...PING_PONG,
  }),
  closed({
    name: 'fan-out-all',
    title: 'fan-out, 32 in flight until all have them',
    kind: 'relay',
    rooms: 1,
    clientsPerRoom: 1_000,
    sendersPerRoom: 1,
    inFlight: 32,
    untilAll: true,
    ...SMALL,
  }),
  closed({
    name: 'fan-out-all-1',
    title: 'fan-out, 1 in flight until all have it',
    kind: 'relay',
    rooms: 1,
    clientsPerRoom: 1_000,
    sendersPerRoom: 1,
    untilAll: true,
    ...PING_PONG,
  }),
  closed({
    name: 'chatty',
    title: 'chatty: 1 room x 100, all sending, 8 in flight each',
    kind: 'relay',
    rooms: 1,
    clientsPerRoom: 100,
    sendersPerRoom: 100,
    inFlight: 8,
    ...SMALL,
  }),
  closed({
    name: 'chatty-1',
    title: 'chatty, 1 in flight each',
    kind: 'relay',
    rooms: 1,
    clientsPerRoom: 100,
    sendersPerRoom: 100,
    ...PING_PONG,
  }),
  closed({
    name: 'chatty-400',
    title: 'chatty with 400 clients, 8 in flight each',
    kind: 'relay',
    rooms: 1,
    clientsPerRoom: 400,
    sendersPerRoom: 400,
    inFlight: 8,
    ...SMALL,
    warmUpMs: 1_000,
  }),
  closed({
    name: 'chatty-except',
    title: 'chatty-except: to everyone but the sender, 8 in flight each',
    kind: 'except',
    rooms: 1,
    clientsPerRoom: 100,
    sendersPerRoom: 100,
    inFlight: 8,
    ...SMALL,
  }),
  closed({
    name: 'many-rooms',
    title: 'many rooms: 500 x 4, all sending, 8 in flight each',
    kind: 'relay',
    rooms: 500,
    clientsPerRoom: 4,
    sendersPerRoom: 4,
    inFlight: 8,
    ...SMALL,
  }),
  closed({
    name: 'many-rooms-1',
    title: 'many rooms, 1 in flight each',
    kind: 'relay',
    rooms: 500,
    clientsPerRoom: 4,
    sendersPerRoom: 4,
    ...PING_PONG,
  }),
  closed({
    name: 'echo',
    title: 'echo: 100 clients ping-pong',
    kind: 'echo',
    rooms: 1,
    clientsPerRoom: 100,
    sendersPerRoom: 100,
    ...PING_PONG,
  }),
  paced(20),
  paced(50),
  paced(100),
  closed({
    name: 'mixed',
    title: 'mixed: broadcast and direct at random, 1 room x 100',
    kind: 'mixed',
    rooms: 1,
    clientsPerRoom: 100,
    sendersPerRoom: 100,
    inFlight: 8,
    ...SMALL,
  }),
  closed({
    name: 'large-16k',
    title: 'large: 16 KiB binary to 100, 4 in flight',
    kind: 'relay',
    rooms: 1,
    clientsPerRoom: 100,
    sendersPerRoom: 1,
    inFlight: 4,
    binary: true,
    ...TIMES,
    payloadBytes: 16 * 1024,
  }),
  closed({
    name: 'large-256k',
    title: 'large: 256 KiB binary to 100, 4 in flight',
    kind: 'relay',
    rooms: 1,
    clientsPerRoom: 100,
    sendersPerRoom: 1,
    inFlight: 4,
    binary: true,
    ...TIMES,
    payloadBytes: 256 * 1024,
  }),
  {
    type: 'connects',
    name: 'connect',
    title: 'connect: upgrade, first message and close, 100 standing rooms',
    kind: 'echo',
    rooms: 100,
    clientsPerRoom: 1,
    atOnce: 64,
    freshRooms: false,
    ...SMALL,
    ...AFTER_COMPILING,
  },
  {
    type: 'connects',
    name: 'rooms',
    title: 'rooms: made by a connect and stopped behind it',
    kind: 'echo',
    rooms: 100,
    clientsPerRoom: 1,
    atOnce: 64,
    freshRooms: true,
    ...SMALL,
    ...AFTER_COMPILING,
  },
  storm('storm', 'storm: 5,000 clients into 1,000 rooms made by it, in a new process', 0),
  storm('storm-again', 'storm, the fourth of its process', 3),
  {
    type: 'idle',
    name: 'idle',
    title: 'idle: 10,000 connections in 1,000 rooms',
    kind: 'echo',
    rooms: 1_000,
    clientsPerRoom: 10,
    payloadBytes: 64,
    warmUpMs: 700,
    measureMs: 700,
  },
];

/** The workloads of `--quick`. Of the fan-outs the one whose batches do not depend on how fast the load answers. */
export const QUICK = ['fan-out-all', 'chatty', 'many-rooms', 'echo', 'connect'];

/** Measures the speed of the load itself. */
export const CEILING: Workload = {
  type: 'flood',
  name: 'ceiling',
  title: 'what the load can take in, from a bare TCP server',
  kind: 'relay',
  rooms: 1,
  clientsPerRoom: 100,
  ...SMALL,
};
