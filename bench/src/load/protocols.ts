import type { Kind } from '../workloads.js';
import { joinOrCreate, type SeatAt } from './colyseus-seat.js';

/** Bytes before a payload, as latin1. They may depend on the length of the payload. */
type Prefix = string | ((payloadBytes: number) => string);

/** A peer's protocol: fixed bytes around our payload, and a greeting on connect. */
export interface Protocol {
  /** Path of the upgrade request. */
  path(kind: Kind, room: string): string;
  /** Asks the server, over HTTP, for a path to take instead, and its port. */
  seat?(port: number, kind: Kind, room: string): Promise<SeatAt>;
  /** What the upgrade request offers. */
  readonly subprotocol?: string;
  /** What the client sends when the WebSocket is open. */
  readonly greeting?: string;
  /** Whether this frame says that the client is in its room; without it, it is as soon as the WebSocket is open. */
  isWelcome?(payload: string): boolean;
  /** The answer to a frame of the protocol itself, if it needs one. The answer to the welcome precedes all messages. */
  answer?(payload: string): string | undefined;
  readonly outPrefix: Prefix;
  readonly outSuffix: string;
  readonly inPrefix: Prefix;
  readonly inSuffix: string;
  /** Whether all frames are binary, also those that carry text. */
  readonly isBinary?: boolean;
  /** Whether the peer takes part in workloads that are binary. */
  readonly hasBinary: boolean;
}

export function prefixOf(prefix: Prefix, payloadBytes: number): string {
  return typeof prefix === 'string' ? prefix : prefix(payloadBytes);
}

const raw: Protocol = {
  path: (kind, room) => `/ws/${kind}/${room}`,
  outPrefix: '',
  outSuffix: '',
  inPrefix: '',
  inSuffix: '',
  hasBinary: true,
};

const TOKEN = /^\{"jamsocket":"([\w-]+)",/;

/** `jamsocket.v1`: confirms the welcome, and answers the beats that ask for it. */
const resuming: Protocol = {
  ...raw,
  subprotocol: 'jamsocket.v1',
  isWelcome: (payload) => TOKEN.test(payload),
  answer: (payload) => {
    const token = TOKEN.exec(payload)?.[1];
    if (payload.includes('"windowMs":')) return `{"jamsocket":"${token}","uncounted":true}`;
    return payload.endsWith(',"ping":true}') ? `{"jamsocket":"${token}","pong":true}` : undefined;
  },
};

/** The JSON events of Nest's WsAdapter, which knows no path parameters: the room is in the query. */
const nestWs: Protocol = {
  path: (kind, room) => `/${kind}?room=${room}`,
  outPrefix: '{"event":"m","data":"',
  outSuffix: '"}',
  inPrefix: '{"event":"m","data":"',
  inSuffix: '"}',
  hasBinary: false,
};

/** Engine.IO 4 over WebSocket, and Socket.IO's packets in it: https://socket.io/docs/v4/socket-io-protocol/ */
const socketIo: Protocol = {
  path: (kind, room) => `/socket.io/?EIO=4&transport=websocket&kind=${kind}&room=${room}`,
  greeting: '40',
  isWelcome: (payload) => payload.startsWith('40'),
  answer: (payload) => (payload === '2' ? '3' : undefined),
  outPrefix: '42["m","',
  outSuffix: '"]',
  inPrefix: '42["m","',
  inSuffix: '"]',
  hasBinary: false,
};

const partyServer: Protocol = { ...raw, path: (kind, room) => `/parties/${kind}/${room}` };

/** First bytes of Colyseus' frames: `Protocol` in @colyseus/core. */
const JOIN_ROOM = '\x0a';
const ROOM_DATA = '\x0d';

/** The type `m` and then the string, both as MessagePack has them. */
function colyseusPrefix(payloadBytes: number): string {
  const size =
    payloadBytes < 32
      ? [0xa0 | payloadBytes]
      : payloadBytes < 256
        ? [0xd9, payloadBytes]
        : [0xda, payloadBytes >> 8, payloadBytes & 0xff];
  return `${ROOM_DATA}\xa1m${String.fromCharCode(...size)}`;
}

/** Refuses frames above 4 KiB by default, so it takes no part in workloads with large messages. */
const colyseus: Protocol = {
  path: () => '/',
  seat: joinOrCreate,
  isWelcome: (payload) => payload.startsWith(JOIN_ROOM),
  answer: (payload) => (payload.startsWith(JOIN_ROOM) ? JOIN_ROOM : undefined),
  outPrefix: colyseusPrefix,
  outSuffix: '',
  inPrefix: colyseusPrefix,
  inSuffix: '',
  isBinary: true,
  hasBinary: false,
};

export const PROTOCOLS = { raw, resuming, nestWs, socketIo, partyServer, colyseus } as const;
export type ProtocolName = keyof typeof PROTOCOLS;
