import { Inject, Injectable } from '@nestjs/common';
import { ServiceDefinitions, type ServiceDefinition } from '../discovery/definitions.js';
import { RESOLVED_OPTIONS } from '../http/http-tokens.js';
import type { ResolvedOptions } from '../options/resolved.js';
import { RoomRegistry } from '../rooms/room-registry.js';
import type { Room } from '../room/room.js';
import type { RoomRow, ServiceTotals } from './inspector-events.js';

/** All services and running rooms, and the keys by which the page names rooms. */
@Injectable()
export class RoomDirectory {
  constructor(
    @Inject(RoomRegistry) private readonly registry: RoomRegistry,
    @Inject(ServiceDefinitions) private readonly definitions: ServiceDefinitions,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  get #services(): readonly ServiceDefinition[] {
    return this.definitions.all;
  }

  get rooms(): readonly Room[] {
    return this.registry.list();
  }

  /** Each service, even without rooms, with the sums of its rows. */
  totalsOf(rows: Iterable<RoomRow>): ServiceTotals[] {
    const sums = new Map(this.#services.map(({ service }) => [service, { rooms: 0, clients: 0 }]));
    for (const { service, clients } of rows) {
      const sum = sums.get(service)!;
      sum.rooms++;
      sum.clients += clients;
    }
    return this.#services.map(({ service, template }) => {
      return { name: service, path: this.options.path + template.toString(), ...sums.get(service)! };
    });
  }

  /** @param key of the room among those of its service */
  find(service: string, key: string): Room | undefined {
    const definition = this.#services.find((one) => one.service === service);
    return definition && this.registry.get(definition, key);
  }
}

export function keyOf({ definition, address }: Room): string {
  return keyFor(definition.service, address.key);
}

/** Service and room, each percent-encoded. */
export function keyFor(service: string, room: string): string {
  return `${encodeURIComponent(service)}/${encodeURIComponent(room)}`;
}

/** The service and the room of a key; `undefined` if the key is invalid. */
export function parseKey(key: string): { readonly service: string; readonly room: string } | undefined {
  const [service, room, ...rest] = key.split('/');
  if (room === undefined || rest.length > 0) return undefined;
  try {
    return { service: decodeURIComponent(service), room: decodeURIComponent(room) };
  } catch {
    return undefined;
  }
}
