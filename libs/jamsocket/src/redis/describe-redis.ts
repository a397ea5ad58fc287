import type { RedisConnection } from './connection/redis-connection.js';

/** What a server says about itself. Settings are empty if it refuses CONFIG GET, as many hosted servers do. */
export interface ServerFacts {
  readonly version: string | undefined;
  readonly isAofEnabled: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
}

/** What ioredis and node-redis say when they have no connection, in words about their own settings. */
const OFFLINE = /enableOfflineQueue|^The client is (?:offline|closed)/i;

export async function readServer(connection: RedisConnection): Promise<ServerFacts> {
  const [server, persistence, config] = await connection.send([
    { key: undefined, bucket: 0, args: ['INFO', 'server'] },
    { key: undefined, bucket: 0, args: ['INFO', 'persistence'] },
    { key: undefined, bucket: 0, args: ['CONFIG', 'GET', '*'] },
  ]);
  if (server instanceof Error) throw server;
  return {
    version: fieldOf(server, 'redis_version'),
    isAofEnabled: fieldOf(persistence, 'aof_enabled'),
    settings: settingsOf(config),
  };
}

/** How durable the server is, in words. Adds a WARNING for settings with which acknowledged writes can be lost. */
export function describeRedis({ version = 'of an unknown version', isAofEnabled, settings }: ServerFacts): string {
  const words = [`Redis ${version}: ${levelOf(isAofEnabled, settings.get('appendfsync'))}`];
  const policy = settings.get('maxmemory-policy');
  if (settings.get('maxmemory') !== '0' && policy !== undefined && policy !== 'noeviction')
    words.push(`WARNING: maxmemory-policy ${policy} may remove rooms; set it to noeviction`);
  return words.join('. ');
}

/** Why a command failed, for logs and errors. */
export function redisFailure(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `Redis failed: ${OFFLINE.test(why) ? 'there is no connection to it' : why}`;
}

function levelOf(isAofEnabled: string | undefined, fsync: string | undefined): string {
  if (isAofEnabled === undefined) return 'WARNING: it does not tell whether it writes an append-only file';
  if (isAofEnabled !== '1')
    return 'WARNING: no append-only file: when Redis ends, all rooms since its last snapshot are lost; set appendonly yes';
  if (fsync === 'always') return 'each commit is flushed to disk (appendfsync always)';
  if (fsync === 'everysec')
    return 'WARNING: append-only file, flushed each second: a crash of Redis loses up to about 1 s of what was acknowledged (appendfsync everysec)';
  if (fsync === 'no')
    return 'WARNING: append-only file, flushed when the operating system decides: a crash loses what was acknowledged (appendfsync no)';
  return 'append-only file; how often it is flushed cannot be read (CONFIG GET is refused): see appendfsync';
}

function fieldOf(info: unknown, name: string): string | undefined {
  if (!(info instanceof Uint8Array)) return undefined;
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(Buffer.from(info).toString())?.[1];
}

/** The reply is an array of names and values, or a map with RESP3. */
function settingsOf(config: unknown): ReadonlyMap<string, string> {
  if (config instanceof Map) return new Map([...config].map(([name, value]) => [`${name}`, `${value}`]));
  if (Array.isArray(config)) {
    const texts = config.map(String);
    return new Map(texts.flatMap((name, at) => (at % 2 === 0 ? [[name, texts[at + 1]] as const] : [])));
  }
  if (config instanceof Error || typeof config !== 'object' || config === null) return new Map();
  return new Map(Object.entries(config).map(([name, value]) => [name, String(value)]));
}
