import { RefusedError } from '../base/errors.js';
import type { RoomAddress, RoomName } from '../members/room-address.js';
import type { RoomDefinition } from '../room/room-definition.js';

const CONTROL_CHARACTERS = /\p{Cc}/u;
/** Half of a surrogate pair: UTF-8 has no bytes for it, so no URL can carry it. */
const HALF_CHARACTER = /\p{Cs}/u;

/** Why a text cannot be a path parameter (a room id among them), or `undefined` if it can. */
export function mistakeInParam(value: string, maxLength: number): string | undefined {
  if (value.length === 0) return 'is empty';
  if (value.length > maxLength) return `has ${value.length} characters; ${maxLength} are allowed`;
  if (CONTROL_CHARACTERS.test(value)) return 'has control characters';
  if (HALF_CHARACTER.test(value)) return 'has half of a character (a lone surrogate)';
  // Browsers and fetch remove these segments from a path, even percent-encoded: such a room could not be reached.
  return value === '.' || value === '..' ? `is "${value}", which a URL cannot carry` : undefined;
}

/** The address of the room that a path's parameters name. */
export function addressOf(definition: RoomDefinition, params: Readonly<Record<string, string>>): RoomAddress {
  const { paramNames } = definition;
  const key =
    paramNames.length === 1 ? params.room : paramNames.map((name) => encodeURIComponent(params[name])).join('/');
  return { key, roomId: params.room, params };
}

/** The inverse of `RoomAddress.key`. */
export function addressOfKey(definition: RoomDefinition, key: string): RoomAddress {
  const { paramNames } = definition;
  if (paramNames.length === 1) return addressOf(definition, { [paramNames[0]]: key });
  const values = key.split('/').map(decodeURIComponent);
  return addressOf(definition, Object.fromEntries(paramNames.map((name, index) => [name, values[index]])));
}

/**
 * The address of a room that code names.
 * @throws RefusedError `bad_room_id`
 */
export function addressNamed(definition: RoomDefinition, name: RoomName): RoomAddress {
  const { paramNames, options, type } = definition;
  const given: Readonly<Record<string, unknown>> = typeof name === 'string' ? { room: name } : (name ?? {});
  const params: Record<string, string> = {};
  for (const param of paramNames) {
    const value = given[param];
    const mistake = typeof value === 'string' ? mistakeInParam(value, options.limits.maxRoomIdLength) : 'is missing';
    if (mistake)
      throw new RefusedError(
        400,
        'bad_room_id',
        `${type.name}: the parameter "${param}" of the room's path ${mistake}.`,
      );
    params[param] = value as string;
  }
  return addressOf(definition, params);
}
