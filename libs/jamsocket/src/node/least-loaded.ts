import type { ClusterNode } from '../cluster/cluster-node.js';
import { readNodeInfo } from './node-info.js';

/** The node with the fewest rooms, as far as it has told; this one if it has no more. */
export async function leastLoaded({
  node,
  registry,
}: {
  readonly node: ClusterNode;
  readonly registry: { readonly size: number };
}): Promise<string | undefined> {
  let least = { incarnation: node.incarnation, rooms: registry.size };
  for (const { incarnation, info } of await node.nodes()) {
    const { rooms } = readNodeInfo(info, incarnation);
    if (incarnation !== node.incarnation && rooms < least.rooms) least = { incarnation, rooms };
  }
  return least.incarnation;
}
