import { createHash } from 'node:crypto';
import type { RedisCommand, RedisConnection } from './connection/redis-connection.js';

export interface RedisScript {
  readonly lua: string;
  readonly sha1: string;
}

export function script(lua: string): RedisScript {
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') };
}

/** One run of a script. */
export interface Call {
  readonly script: RedisScript;
  readonly bucket: number;
  readonly keys: readonly string[];
  readonly args: readonly (string | Buffer)[];
}

/** Calls scripts by their hash. A node that does not know one (after a restart, or another node of a cluster) gets the text. */
export async function runScripts(connection: RedisConnection, calls: readonly Call[]): Promise<readonly unknown[]> {
  const replies = [...(await connection.send(calls.map((call) => commandOf('EVALSHA', call))))];
  const unknown = replies.flatMap((reply, at) => (isNoScript(reply) ? [at] : []));
  if (unknown.length === 0) return replies;
  const again = await connection.send(unknown.map((at) => commandOf('EVAL', calls[at])));
  unknown.forEach((at, index) => (replies[at] = again[index]));
  return replies;
}

function commandOf(name: 'EVAL' | 'EVALSHA', { script: { lua, sha1 }, bucket, keys, args }: Call): RedisCommand {
  const body = name === 'EVAL' ? lua : sha1;
  return { key: keys[0], bucket, args: [name, body, `${keys.length}`, ...keys, ...args] };
}

function isNoScript(reply: unknown): boolean {
  return reply instanceof Error && reply.message.startsWith('NOSCRIPT');
}
