import { assertIncarnation } from '../cluster/assert-incarnation.js';
import { DirectoryError } from '../cluster/directory-error.js';
import type {
  Claimed,
  Directory,
  DirectoryNode,
  Released,
  Renewal,
  Renewed,
  RoomClaim,
  RoomOwner,
  RoomRelease,
} from '../cluster/directory.js';
import { assertRoomKey } from '../store/assert-room-key.js';
import { nameOfRoom } from '../store/name-of-room.js';
import type { RoomKey } from '../store/room-store.js';
import { redisFailure } from './describe-redis.js';
import { CLAIM_ROOM, LIST_NODES, LOCATE_ROOM, RELEASE_ROOM, RENEW, RESIGN } from './directory-scripts.js';
import type { RedisConnection } from './connection/redis-connection.js';
import { runScripts, type RedisScript } from './run-scripts.js';

/** A directory in Redis. All its keys have one hash tag, so that each call is one script on one server. */
export class RedisDirectory implements Directory {
  readonly #keys: readonly string[];
  #isClosed = false;

  constructor(
    private readonly connection: RedisConnection,
    prefix: string,
  ) {
    this.#keys = ['state', 'rooms', 'leases', 'nodes'].map((name) => `{${prefix}:directory}:${name}`);
  }

  async renew({ incarnation, leaseMs, info, rooms, notAfter }: Renewal): Promise<Renewed> {
    assertIncarnation(incarnation);
    const names = jsonOf(rooms.map(({ room }) => nameOf(room)));
    const fences = jsonOf(rooms.map(({ fence }) => `${fence}`));
    const reply = await this.#run(RENEW, [incarnation, `${leaseMs}`, timeOf(notAfter), info, names, fences]);
    if (reply.length === 1) throw tooLate(reply[0]);
    const [wasAlive, now, settlingMs, epoch, nodes, lost] = reply as RenewReply;
    return {
      wasAlive: wasAlive === 1,
      lost: lost.map((position) => rooms[position - 1]),
      now: Number(now),
      settlingMs,
      epoch: epoch.toString(),
      nodes: nodes.map(String),
    };
  }

  async claim({ room, incarnation, number, minFence = 1, notAfter }: RoomClaim): Promise<Claimed> {
    const args = [incarnation, nameOf(room), `${number}`, `${minFence}`, timeOf(notAfter)];
    const [kind, first, second] = await this.#run(CLAIM_ROOM, args);
    switch (String(kind)) {
      case 'claimed':
        return { kind: 'claimed', fence: Number(first), isFailover: second === 1 };
      case 'owned':
        return { kind: 'owned', owner: { incarnation: String(first), fence: Number(second) } };
      case 'settling':
        return { kind: 'settling', retryMs: Number(first) };
      case 'no_lease':
        return { kind: 'no_lease' };
      default:
        throw tooLate(first);
    }
  }

  async release({ room, incarnation, claim, successor = '' }: RoomRelease): Promise<Released> {
    const [fence, number] = 'fence' in claim ? [`${claim.fence}`, ''] : ['', `${claim.number}`];
    return String(await this.#run(RELEASE_ROOM, [incarnation, nameOf(room), fence, number, successor])) as Released;
  }

  async locate(room: RoomKey): Promise<RoomOwner | undefined> {
    const [incarnation, fence] = (await this.#run(LOCATE_ROOM, [nameOf(room)])) as (string | Buffer)[];
    return incarnation === undefined ? undefined : { incarnation: incarnation.toString(), fence: Number(fence) };
  }

  async nodes(): Promise<readonly DirectoryNode[]> {
    const texts = (await this.#run(LIST_NODES, [])).map(String);
    return texts.flatMap((text, at) => (at % 2 === 0 ? [{ incarnation: text, info: texts[at + 1] }] : []));
  }

  async resign(incarnation: string): Promise<void> {
    await this.#run(RESIGN, [incarnation]);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.connection.close();
  }

  async #run(script: RedisScript, args: readonly string[]): Promise<readonly unknown[]> {
    if (this.#isClosed) throw new DirectoryError('directory_closed', 'The RedisDirectory has been closed.');
    const reply = await this.#ask(script, args);
    return reply as readonly unknown[];
  }

  async #ask(script: RedisScript, args: readonly string[]): Promise<unknown> {
    try {
      const [reply] = await runScripts(this.connection, [{ script, bucket: 0, keys: this.#keys, args }]);
      if (reply instanceof Error) throw reply;
      return reply;
    } catch (error) {
      throw new DirectoryError('directory_failed', redisFailure(error), { cause: error });
    }
  }
}

type RenewReply = readonly [number, Buffer, number, Buffer, readonly Buffer[], readonly number[]];

function timeOf(notAfter: number | undefined): string {
  return notAfter === undefined ? '0' : `${Math.ceil(notAfter)}`;
}

function tooLate(ms: unknown): DirectoryError {
  const why = ms === undefined ? 'The node has claimed this room again since.' : `It was ${Number(ms)} ms late.`;
  return new DirectoryError('too_late', why);
}

/** The decoder of Redis refuses half a surrogate pair. Claims send it as the character that UTF-8 has for it. */
function jsonOf(texts: readonly string[]): string {
  return JSON.stringify(texts.map((text) => Buffer.from(text).toString()));
}

/** @throws RangeError */
function nameOf(room: RoomKey): string {
  assertRoomKey(room);
  return nameOfRoom(room);
}
