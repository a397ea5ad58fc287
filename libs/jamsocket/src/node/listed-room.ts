import { addressOfKey } from '../rooms/room-name.js';
import type { FoundRoom } from '../rooms/room-calls.js';
import type { RoomDefinition } from '../room/room-definition.js';

/** A room in the answer of a node. */
export interface ListedRoom {
  readonly service: string;
  readonly key: string;
  readonly size: number;
}

export function listedAs({ definition: { service }, address: { key }, size }: FoundRoom): ListedRoom {
  return { service, key, size };
}

/** A node of another version may have services that this one does not know: their rooms are left out. */
export function foundIn(
  listed: readonly ListedRoom[],
  definitions: ReadonlyMap<string, RoomDefinition>,
): readonly FoundRoom[] {
  return listed.flatMap(({ service, key, size }) => {
    const definition = definitions.get(service);
    return definition === undefined ? [] : [{ definition, address: addressOfKey(definition, key), size }];
  });
}
