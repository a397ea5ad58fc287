import type { Type } from '@nestjs/common';
import type { RoomDefinition } from '../room/room-definition.js';
import type { RoomRegistry } from './room-registry.js';
import type { Room } from '../room/room.js';

/** What there is at the moment in all rooms of one service. */
export interface ServiceStatistics {
  /** Name of the service: its path without parameters, `default` for the default service. */
  readonly service: string;
  /** Rooms that are running. */
  readonly rooms: number;
  /** Clients in these rooms, those included that are away. */
  readonly clients: number;
  /** Clients whose connection is lost and who may come back. */
  readonly clientsAway: number;
  /** Events that wait in mailboxes for their turn. */
  readonly mailboxEvents: number;
  /** Bytes that were sent to clients and still wait here. */
  readonly bufferedBytes: number;
}

/** Counts what is there now. Each call visits every room and client: meant for a scrape, not for a loop. */
export class JamsocketStatistics {
  /** @internal */
  constructor(
    private readonly registry: RoomRegistry,
    private readonly definitions: ReadonlyMap<Type, RoomDefinition>,
  ) {}

  /** An entry for every service of the application, those without rooms included. */
  services(): ServiceStatistics[] {
    return [...this.definitions.values()].map((definition) => sum(definition.service, this.registry.list(definition)));
  }
}

function sum(service: string, rooms: readonly Room[]): ServiceStatistics {
  let [clients, clientsAway, mailboxEvents, bufferedBytes] = [0, 0, 0, 0];
  for (const room of rooms) {
    mailboxEvents += room.waitingEvents;
    for (const client of room.members.clients.values()) {
      clients++;
      if (client.isConnected) bufferedBytes += client.bufferedBytes;
      else clientsAway++;
    }
  }
  return { service, rooms: rooms.length, clients, clientsAway, mailboxEvents, bufferedBytes };
}
