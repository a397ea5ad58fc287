import type { Type } from '@nestjs/common';
import { JamsocketError } from '../base/errors.js';
import type { RoomDefinition } from '../room/room-definition.js';

/** The definition of a service class. @throws JamsocketError `not_a_room_service` */
export function definitionOf(definitions: ReadonlyMap<Type, RoomDefinition>, service: Type): RoomDefinition {
  const definition = definitions.get(service);
  if (definition === undefined) {
    throw new JamsocketError(
      'not_a_room_service',
      `${service?.name} is not a room service of this application: decorate it with @JamsocketService() and list it in a module's providers.`,
    );
  }
  return definition;
}
