import { hostname } from 'node:os';

/** What nodes read of each other in the directory. */
export interface NodeInfo {
  readonly name: string;
  readonly rooms: number;
  /** Address of its inspector, for links. */
  readonly inspector?: string;
  /** The version of rooms that it takes over; 0 while it shuts down, or if it takes none. */
  readonly takes: number;
}

/** Names this process in logs and lists. */
export const NODE_NAME = `${hostname()}:${process.pid}`.slice(0, 200);

/** @param incarnation names a node whose info cannot be read: it may be of another version */
export function readNodeInfo(info: string, incarnation: string): NodeInfo {
  try {
    const { name, rooms, inspector, takes } = JSON.parse(info) as Partial<NodeInfo>;
    return {
      name: typeof name === 'string' ? name : incarnation,
      rooms: typeof rooms === 'number' ? rooms : Infinity,
      ...(isWebAddress(inspector) && { inspector }),
      takes: typeof takes === 'number' ? takes : 0,
    };
  } catch {
    return { name: incarnation, rooms: Infinity, takes: 0 };
  }
}

/** Whether it is a complete address of a page. Nothing else may become a link: a browser would run `javascript:`. */
export function isWebAddress(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 1_000) return false;
  try {
    return ['http:', 'https:'].includes(new URL(value).protocol);
  } catch {
    return false;
  }
}
