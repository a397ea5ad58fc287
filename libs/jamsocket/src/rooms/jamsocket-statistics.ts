import type { Type } from '@nestjs/common';
import type { ClusterNode } from '../cluster/cluster-node.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { RoomRegistry } from './room-registry.js';
import type { Room } from '../room/room.js';
import type { Traffic } from '../traffic/traffic.js';

/** Current totals over all rooms of one service. */
export interface ServiceStatistics {
  /** Name of the service: its path without parameters, `default` for the default service. */
  readonly service: string;
  /** Running rooms. */
  readonly rooms: number;
  /** Clients in these rooms, including clients that are away. */
  readonly clients: number;
  /** Clients that are away: their connection is lost, and they may resume. */
  readonly clientsAway: number;
  /** Events waiting in mailboxes. */
  readonly mailboxEvents: number;
  /** Bytes sent to clients that have not left this process. */
  readonly bufferedBytes: number;
  /** Rooms with `save: 'turn'` whose messages wait at the output gate until they are saved. */
  readonly gatedRooms: number;
  /** Bytes of these messages. */
  readonly gatedBytes: number;
}

/** Counts rooms, clients and waiting work. Each call visits every room and client: meant for a scrape, not for a loop. */
export class JamsocketStatistics {
  /** @internal */
  constructor(
    private readonly registry: RoomRegistry,
    private readonly definitions: ReadonlyMap<Type, RoomDefinition>,
    private readonly node: ClusterNode | null,
  ) {}

  /** One entry for each service of the application, including services without rooms. */
  services(): ServiceStatistics[] {
    return [...this.definitions.values()].map((definition) => sum(definition.service, this.registry.list(definition)));
  }

  /** @internal This node of the cluster; `null` without one. */
  get cluster(): Pick<ClusterNode, 'counts' | 'readings'> | null {
    return this.node;
  }

  /** @internal What has gone through the rooms of each service. */
  traffic(): { readonly service: string; readonly traffic: Traffic }[] {
    return [...this.definitions.values()];
  }
}

function sum(service: string, rooms: readonly Room[]): ServiceStatistics {
  let [clients, clientsAway, mailboxEvents, bufferedBytes, gatedRooms, gatedBytes] = [0, 0, 0, 0, 0, 0];
  for (const room of rooms) {
    mailboxEvents += room.waitingEvents;
    const gated = room.lifecycle?.saving.gated;
    if (gated !== undefined) {
      gatedRooms++;
      gatedBytes += gated.bytes;
    }
    for (const client of room.members.clients.values()) {
      clients++;
      if (client.isConnected) bufferedBytes += client.bufferedBytes;
      else clientsAway++;
    }
  }
  return { service, rooms: rooms.length, clients, clientsAway, mailboxEvents, bufferedBytes, gatedRooms, gatedBytes };
}
