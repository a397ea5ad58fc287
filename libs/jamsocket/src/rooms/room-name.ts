import { JamsocketError } from '../base/errors.js';
import type { RoomAddress, RoomName } from '../members/room-address.js';
import type { RoomDefinition } from '../room/room-definition.js';

// eslint-disable-next-line no-control-regex
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/;

/** Why a text cannot be a path parameter (a room id among them), or `undefined` if it can. */
export function mistakeInParam(value: string, maxLength: number): string | undefined {
  if (value.length === 0) return 'is empty';
  if (value.length > maxLength) return `has ${value.length} characters; ${maxLength} are allowed`;
  return CONTROL_CHARACTERS.test(value) ? 'has control characters' : undefined;
}

/** The address behind a path's parameters. */
export function addressOf(definition: RoomDefinition, params: Readonly<Record<string, string>>): RoomAddress {
  const { paramNames } = definition;
  const key =
    paramNames.length === 1 ? params.room : paramNames.map((name) => encodeURIComponent(params[name])).join('/');
  return { key, roomId: params.room, params };
}

/**
 * The address of a room as code names it.
 * @throws JamsocketError `bad_room_id`
 */
export function addressNamed(definition: RoomDefinition, name: RoomName): RoomAddress {
  const { paramNames, options, type } = definition;
  const given: Readonly<Record<string, unknown>> = typeof name === 'string' ? { room: name } : (name ?? {});
  const params: Record<string, string> = {};
  for (const param of paramNames) {
    const value = given[param];
    const mistake = typeof value === 'string' ? mistakeInParam(value, options.limits.maxRoomIdLength) : 'is missing';
    if (mistake)
      throw new JamsocketError('bad_room_id', `${type.name}: the parameter "${param}" of the room's path ${mistake}.`);
    params[param] = value as string;
  }
  return addressOf(definition, params);
}
