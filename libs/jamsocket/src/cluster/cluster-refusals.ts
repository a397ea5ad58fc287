import { RefusedError } from '../base/errors.js';
import { PROTOCOL } from './links/link-frame.js';

const RETRY_AFTER = { 'Retry-After': '1' };

export function foreign(incarnation: string, version: number): RefusedError {
  const message = `Node ${incarnation} speaks version ${version} of the links between nodes, and this node ${PROTOCOL}. Rooms of one cannot be reached through the other: they can when both are deployed with the same version.`;
  return new RefusedError(503, 'node_unavailable', message, RETRY_AFTER);
}

export function unavailable(cause?: unknown): RefusedError {
  const message = 'The cluster does not answer at the moment, so this node cannot tell who owns the room.';
  return new RefusedError(503, 'cluster_unavailable', message, RETRY_AFTER, { cause });
}
