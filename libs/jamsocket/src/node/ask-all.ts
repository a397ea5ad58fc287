import { isInstance } from '../base/foreign-value.js';
import { RefusedError } from '../base/errors.js';
import type { ClusterNode } from '../cluster/cluster-node.js';
import type { FoundRoom, FoundRooms } from '../rooms/room-calls.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { foundIn, type ListedRoom } from './listed-room.js';
import { readNodeInfo } from './node-info.js';

/** Milliseconds to wait for nodes that list, look up or reach something for another one. */
export const ANSWER_MS = 2_000;

/** Calls other nodes. */
export interface NodeCalls {
  /** @throws the error of the node; RefusedError `node_unavailable`, `cluster_unavailable` */
  call(incarnation: string, method: string, args: unknown, withinMs?: number): Promise<unknown>;
}

export interface Answers<T> {
  /** Of this node. */
  readonly here: T;
  /** Of the others. */
  readonly results: readonly unknown[];
  /** Errors of nodes that have tried, with their names. */
  readonly errors: readonly { readonly name: string; readonly error: unknown }[];
  /** Names of the nodes that have not answered in time, or cannot answer. */
  readonly missing: readonly string[];
}

/**
 * Makes a call to all nodes whose leases are alive, at once. Rejects with an error of this node when all others have answered.
 * @throws RefusedError `cluster_unavailable`, before any node is called
 */
export async function askAll<T>(
  node: Pick<ClusterNode, 'incarnation' | 'nodes'>,
  calls: NodeCalls,
  method: string,
  args: unknown,
  here: () => Promise<T>,
): Promise<Answers<T>> {
  const nodes = await node.nodes();
  const [results, errors, missing]: [unknown[], { name: string; error: unknown }[], string[]] = [[], [], []];
  const others = nodes.filter(({ incarnation }) => incarnation !== node.incarnation);
  const asked = others.map(async ({ incarnation, info }) => {
    try {
      results.push(await calls.call(incarnation, method, args, ANSWER_MS));
    } catch (error) {
      const { name } = readNodeInfo(info, incarnation);
      if (isInstance(error, RefusedError)) missing.push(name);
      else errors.push({ name, error });
    }
  });
  const [own] = await Promise.allSettled([here(), ...asked]);
  if (own.status === 'rejected') throw own.reason;
  return { here: own.value, results, errors, missing };
}

/** Lists rooms on all nodes. Nodes that fail are missing, too. @throws as `askAll` */
export async function listOnAll(
  node: Pick<ClusterNode, 'incarnation' | 'nodes'>,
  calls: NodeCalls,
  method: string,
  args: unknown,
  here: () => Promise<readonly FoundRoom[]>,
  definitions: ReadonlyMap<string, RoomDefinition>,
): Promise<FoundRooms> {
  const answers = await askAll(node, calls, method, args, here);
  const listed = answers.results.flatMap((rooms) => foundIn(rooms as readonly ListedRoom[], definitions));
  const missing = [...answers.missing, ...answers.errors.map(({ name }) => name)];
  return Object.defineProperty([...answers.here, ...listed], 'missing', { value: missing });
}
