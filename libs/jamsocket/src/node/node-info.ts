import { hostname } from 'node:os';

/** What nodes read of each other in the directory. */
export interface NodeInfo {
  readonly name: string;
  readonly rooms: number;
}

/** Names this process in logs and lists. */
export const NODE_NAME = `${hostname()}:${process.pid}`.slice(0, 200);

/** @param incarnation names a node whose info cannot be read: it may be of another version */
export function readNodeInfo(info: string, incarnation: string): NodeInfo {
  try {
    const { name, rooms } = JSON.parse(info) as Partial<NodeInfo>;
    return {
      name: typeof name === 'string' ? name : incarnation,
      rooms: typeof rooms === 'number' ? rooms : Infinity,
    };
  } catch {
    return { name: incarnation, rooms: Infinity };
  }
}
