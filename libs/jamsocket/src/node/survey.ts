import type { ClusterNode } from '../cluster/cluster-node.js';
import type { FoundRoom } from '../rooms/room-calls.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { ANSWER_MS, type NodeCalls } from './ask-all.js';
import { foundIn, type ListedRoom } from './listed-room.js';
import { readNodeInfo, type NodeInfo } from './node-info.js';

/** Most rooms that a node lists in a survey. */
const MAX_LISTED = 1_000;

/** A node, and some of its rooms. */
export interface SurveyedNode extends NodeInfo {
  readonly incarnation: string;
  readonly isThis: boolean;
  /** Missing if the node has not answered, and for this node. */
  readonly listed?: readonly FoundRoom[];
}

/** The answer of a node to a survey. */
export function surveyed(rooms: readonly ListedRoom[]): readonly ListedRoom[] {
  return rooms.slice(0, MAX_LISTED);
}

/**
 * All nodes of the cluster, with up to 1,000 rooms of each other one.
 * @throws RefusedError `cluster_unavailable`
 */
export async function surveyNodes(
  node: Pick<ClusterNode, 'incarnation' | 'nodes'>,
  calls: NodeCalls,
  definitions: ReadonlyMap<string, RoomDefinition>,
): Promise<readonly SurveyedNode[]> {
  const nodes = await node.nodes();
  const answers = nodes.map(async ({ incarnation, info }): Promise<SurveyedNode> => {
    const known = { ...readNodeInfo(info, incarnation), incarnation, isThis: incarnation === node.incarnation };
    if (known.isThis) return known;
    try {
      const rooms = (await calls.call(incarnation, 'survey', null, ANSWER_MS)) as readonly ListedRoom[];
      return { ...known, listed: foundIn(rooms, definitions) };
    } catch {
      return known;
    }
  });
  return (await Promise.all(answers)).sort((one, other) => (one.name < other.name ? -1 : 1));
}
