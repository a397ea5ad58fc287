import type {
  Claim,
  ClaimRequest,
  DueRoom,
  RoomKey,
  RoomStore,
  RoomWrite,
  StoreError,
  WriteOutcome,
} from 'nestjs-jamsocket';
import { createHash } from 'node:crypto';

/** One write, with hashes for bytes. */
export interface WriteDigest {
  readonly key: string;
  readonly sequence: number;
  readonly parts: Readonly<Record<string, string>>;
  readonly segments: readonly (readonly [number: number, hash: string])[];
  readonly keepFrom: number;
}

/** A message to the server's parent process. */
export type StoreNews = { readonly begun: readonly WriteDigest[] } | { readonly done: true };

/** How the store behaves. */
export type StoreMood = 'works' | 'hangs' | 'refuses';

/** A store that reports when commits begin and end, and that can be made to hang or to fail. */
export class WatchedStore implements RoomStore {
  #mood: StoreMood = 'works';
  #wake: () => void = () => undefined;
  #changed: Promise<void> = new Promise((resolve) => (this.#wake = resolve));

  constructor(
    private readonly store: RoomStore,
    private readonly tell: ((news: StoreNews) => void) | null,
  ) {}

  set mood(mood: StoreMood) {
    this.#mood = mood;
    this.#wake();
    this.#changed = new Promise((resolve) => (this.#wake = resolve));
  }

  describe(): Promise<string> {
    return this.store.describe();
  }

  async claim(room: RoomKey, owner: string, minFence?: number): Promise<Claim> {
    await this.#itsMood();
    return this.store.claim(room, owner, minFence);
  }

  async commit(writes: readonly RoomWrite[]): Promise<readonly WriteOutcome[]> {
    await this.#itsMood();
    if (this.tell === null) return this.store.commit(writes);
    this.tell({ begun: writes.map(digestOf) });
    const outcomes = await this.store.commit(writes);
    this.tell({ done: true });
    return outcomes;
  }

  async claimAll(claims: readonly ClaimRequest[]): Promise<readonly (Claim | StoreError)[]> {
    await this.#itsMood();
    return this.store.claimAll!(claims);
  }

  async has(room: RoomKey): Promise<boolean> {
    await this.#itsMood();
    return this.store.has(room);
  }

  async due(
    before: number,
    limit: number,
    except: readonly string[],
    services: readonly string[],
  ): Promise<readonly DueRoom[]> {
    await this.#itsMood();
    return this.store.due(before, limit, except, services);
  }

  list(service: string, limit: number, after?: string): Promise<readonly RoomKey[]> {
    return this.store.list(service, limit, after);
  }

  close(): Promise<void> {
    return this.store.close();
  }

  async #itsMood(): Promise<void> {
    while (this.#mood === 'hangs') await this.#changed;
    if (this.#mood === 'refuses') throw new Error('the disk is on fire');
  }
}

function digestOf({ room, sequence, parts = {}, segments = [], keepFrom = 0 }: RoomWrite): WriteDigest {
  return {
    key: room.key,
    sequence,
    parts: Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, hashOf(bytes)])),
    segments: segments.map(({ number, bytes }) => [number, hashOf(bytes)]),
    keepFrom,
  };
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('base64');
}
