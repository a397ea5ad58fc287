import { serialize } from 'node:v8';
import type { KnownAuth } from '../members/client-auth.js';
import type { Values } from '../shared-state/patch-text.js';

/** Version of the format below. Records of a later version are refused. */
export const FORMAT = 1;

/** Names of a record's parts. `at` is the time of a write that changed only state or data. */
export const PART = { state: 'state', data: 'data', shared: 'shared', base: 'base', at: 'at' } as const;

/** Why the last instance ended. `null` while it runs, so a record with `null` was left by a crash. */
export type EndReason = 'idle' | 'restart' | 'moved';

/** A client of the room. Its `data` and tags are in another part. */
export interface SavedMember {
  readonly id: number;
  readonly url: string;
  readonly ip: string;
  /** Milliseconds since 1970. */
  readonly joinedAt: number;
  /** `null` if the client does not speak `jamsocket.v1`. */
  readonly session: SavedSession | null;
  /** Absent if it has none. */
  readonly auth?: KnownAuth;
}

export interface SavedSession {
  /** The present token first. */
  readonly tokens: readonly string[];
  /** Number of the client's data frames whose turns have ended. */
  readonly handled: number;
  readonly firstBroadcast: number;
  readonly ownFrames: number;
  readonly firstEntry: number;
}

/** The id of a client, its `data` and its tags. */
export type SavedData = readonly [id: number, data: unknown, tags: readonly string[]];

export interface SavedTimer {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  /** Number of the next try. */
  readonly attempt: number;
}

/** A frame of the replay log. */
export interface SavedEntry {
  readonly payload: string | Uint8Array;
  readonly isVolatile: boolean;
  /** Ids of the recipients; `null` for everyone except `except`. */
  readonly to: readonly number[] | null;
  readonly except: readonly number[];
}

/** Everything of a room except its state, its clients' data and its log, at one moment. */
export interface SavedBase extends SavedCounters {
  readonly endedBy: EndReason | null;
  readonly members: readonly SavedMember[];
  /** Clients that have left and whose `@OnDisconnect` has not run. */
  readonly leaving: readonly SavedMember[];
  readonly timers: readonly SavedTimer[];
  /** Ids by `clientKey`; the most recently used key is last. */
  readonly clientKeys: readonly (readonly [key: string, id: number])[];
  /** Number of the last segment that this base includes. */
  readonly segment: number;
}

export interface SavedCounters {
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly nextId: number;
  /** Number of broadcasts that the room has sent. */
  readonly broadcasts: number;
}

/** What one commit adds to the base and the log. */
export interface SavedSegment extends SavedCounters {
  /** Members that are new or whose sessions have changed. */
  readonly members: readonly SavedMember[];
  /** Ids of clients that are no longer members. */
  readonly gone: readonly number[];
  readonly leaving: readonly SavedMember[];
  /** `undefined` if unchanged. */
  readonly timers?: readonly SavedTimer[];
  /** Number of the first of `entries` in the log. */
  readonly firstEntry: number;
  readonly entries: readonly SavedEntry[];
  /** The patches of the shared state since the last write, as JSON; `undefined` if it has not changed. */
  readonly shared?: string;
}

/** A segment in the store. */
export interface WrittenSegment {
  readonly number: number;
  /** Number after its last entry in the log. */
  readonly end: number;
  readonly bytes: number;
}

export function encode(value: SavedBase | SavedSegment | Values | readonly SavedData[]): Buffer {
  return serialize(recordOf(value));
}

/** What is serialized for a part or segment. */
export function recordOf(value: SavedBase | SavedSegment | Values | readonly SavedData[]): readonly [number, unknown] {
  return [FORMAT, value];
}

export function encodeTime(ms: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(ms);
  return bytes;
}
