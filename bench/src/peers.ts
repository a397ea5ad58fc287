import { resolve } from 'node:path';
import type { ProtocolName } from './load/protocols.js';

/** A server under load, written as its users would write it. */
export interface Peer {
  readonly name: string;
  readonly title: string;
  readonly protocol: ProtocolName;
  /** Program and arguments. Default `node`. */
  readonly command: readonly string[];
  /** Environment variables it gets besides `PORT`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Most connections within the usual limit of 20,000 open files. */
  readonly maxConnections?: number;
}

const here = (path: string) => new URL(path, import.meta.url).pathname;
/** The load runs on it, too. */
export const BUN_PROGRAM = here('../node_modules/.bin/bun');
const onNode = (name: string, title: string, protocol: ProtocolName): Peer => ({
  name,
  title,
  protocol,
  command: [process.execPath, here(`./servers/${name}.js`)],
});

export const OURS = onNode('ours-plain', 'nestjs-jamsocket', 'raw');
export const OURS_ENHANCED = onNode('ours-enhanced', 'nestjs-jamsocket, with guard, pipe and interceptor', 'raw');
export const OURS_INSPECTED = onNode('ours-inspected', 'nestjs-jamsocket, with the inspector', 'raw');
export const OURS_METERED = onNode('ours-metered', 'nestjs-jamsocket, with metrics and inspector', 'raw');
export const OURS_DURABLE = onNode('ours-durable', 'nestjs-jamsocket, with durable rooms', 'raw');
export const PLAIN_WS = onNode('plain-ws', 'plain ws loop', 'raw');
export const NEST_WS = onNode('nest-ws', 'Nest gateway on WsAdapter', 'nestWs');
export const BUN: Peer = {
  name: 'bun',
  title: "Bun's built-in server",
  protocol: 'raw',
  command: [BUN_PROGRAM, here('../src/servers/bun.ts')],
};

/** The library of another checkout with a built `bench`, to measure what a change costs. */
export const ofCheckout = (folder: string): Peer => ({
  name: 'ours-before',
  title: 'nestjs-jamsocket, before',
  protocol: 'raw',
  command: [process.execPath, resolve(folder, 'bench/dist/servers/ours-plain.js')],
});

/** Not a peer: it measures the load. */
export const BARE = onNode('bare', 'bare TCP server', 'raw');

/** Not peers either: what any server on Node could reach, with its streams and past them. Measured if `--peers` names them. */
export const LEAST: readonly Peer[] = [
  onNode('least', 'the least a Node server can do', 'raw'),
  {
    ...onNode('least', "the same, past Node's streams", 'raw'),
    name: 'least-handle',
    env: { PAST_STREAMS: '1' },
  },
];

export const PEERS: readonly Peer[] = [
  OURS,
  OURS_ENHANCED,
  OURS_METERED,
  PLAIN_WS,
  NEST_WS,
  onNode('nest-socketio', 'Nest gateway on socket.io', 'socketIo'),
  onNode('socketio', 'socket.io', 'socketIo'),
  onNode('colyseus', 'Colyseus', 'colyseus'),
  // workerd opens each connection's descriptor twice.
  { ...onNode('party', 'PartyServer on workerd', 'partyServer'), maxConnections: 9_000 },
  BUN,
];
