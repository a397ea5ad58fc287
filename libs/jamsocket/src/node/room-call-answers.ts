import { serialize } from 'node:v8';
import { JamsocketError, RefusedError } from '../base/errors.js';
import { describeError } from '../base/foreign-value.js';
import type { SendOptions } from '../members/send-options.js';
import type { CallHandler } from '../peers/calls.js';
import type { AskedPlace } from '../edge/cluster-placement.js';
import { addressOfKey } from '../rooms/room-name.js';
import type { Placement } from '../rooms/reservation.js';
import type { FoundRoom, RoomCalls } from '../rooms/room-calls.js';
import type { UserCalls } from '../rooms/user-calls.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { Room } from '../room/room.js';
import { asCaller } from '../room/turns/turn-scope.js';
import type { RoomKey } from '../store/room-store.js';
import { recipientCarried, type CarriedRecipient } from './carried-recipient.js';
import type { AskedUser, UserMessage } from './cluster-user-calls.js';
import { listedAs, type ListedRoom } from './listed-room.js';
import { surveyed } from './survey.js';
import { turnsCarried, type CarriedTurn } from './carried-turns.js';

export type RoomOperation = 'create' | 'find' | 'invoke' | 'sendMessage' | 'sendBinary' | 'close' | 'delete';

export interface RoomCallArgs extends RoomKey {
  readonly operation: RoomOperation;
  /** The turns that wait for the call, the latest first. */
  readonly turns: readonly CarriedTurn[];
  readonly args: readonly unknown[];
}

/** What the answers need of this node. */
interface AnsweringNode {
  readonly local: RoomCalls;
  readonly placement: Placement;
  readonly users: UserCalls;
  readonly definitions: ReadonlyMap<string, RoomDefinition>;
  readonly incarnation: () => string | undefined;
  roomOf(key: RoomKey): Room | undefined;
}

/** The answers of this node to calls of `ClusterRoomCalls`, `ClusterUserCalls` and `ClusterPlacement` of other nodes. */
export function roomCallAnswers(node: AnsweringNode): Map<string, CallHandler> {
  return new Map<string, CallHandler>([
    ['room', (args: RoomCallArgs) => carryOut(node, args)],
    ['list', (service?: string) => listOf(node, service, (definition) => node.local.list(definition))],
    ['survey', async () => surveyed(await listOf(node, undefined, () => node.local.list()))],
    ['keepsPlace', (asked: AskedPlace) => keepsPlace(node, asked)],
    [
      'roomsOfUser',
      ({ user, service }: AskedUser) => listOf(node, service, (definition) => node.users.of(user, definition)),
    ],
    [
      'sendToUser',
      async ({ user, message, options }: UserMessage) => (await node.users.send(user, message, options)).clients,
    ],
  ]);
}

function keepsPlace({ definitions, placement }: AnsweringNode, { service, key, resume }: AskedPlace): boolean {
  const definition = definitions.get(service);
  return definition !== undefined && placement.placeKept(definition, key, resume) !== undefined;
}

/** @param list the rooms of this node */
async function listOf(
  { definitions }: AnsweringNode,
  service: string | undefined,
  list: (definition: RoomDefinition | undefined) => Promise<readonly FoundRoom[]>,
): Promise<readonly ListedRoom[]> {
  const definition = service === undefined ? undefined : definitions.get(service);
  if (service !== undefined && definition === undefined) return [];
  return (await list(definition)).map(listedAs);
}

async function carryOut(node: AnsweringNode, { operation, service, key, turns, args }: RoomCallArgs): Promise<unknown> {
  const definition = node.definitions.get(service);
  if (definition === undefined)
    throw new RefusedError(404, 'no_such_service', `The node of this room has no service "${service}".`);
  const address = addressOfKey(definition, key);
  const caller = turnsCarried(turns, node.incarnation(), (of) => node.roomOf(of));
  const { local } = node;
  return asCaller(caller, async () => {
    switch (operation) {
      case 'create':
        return { size: (await local.create(definition, address)).size };
      case 'find': {
        const found = await local.find(definition, address);
        return found && { size: found.size };
      }
      case 'invoke': {
        const [method, given] = args as [string, readonly unknown[]];
        return clonable(await local.invoke(definition, address, method, given), `${definition.type.name}.${method}`);
      }
      case 'sendMessage': {
        const [recipient, text, options] = args as [CarriedRecipient, string, SendOptions | undefined];
        return local.sendMessage(definition, address, recipientCarried(recipient), text, options);
      }
      case 'sendBinary': {
        const [recipient, bytes, options] = args as [CarriedRecipient, Uint8Array, SendOptions | undefined];
        return local.sendBinary(definition, address, recipientCarried(recipient), bytes, options);
      }
      case 'close':
        return local.close(definition, address, args[0] as string);
      case 'delete':
        return local.delete(definition, address, args[0] as string);
    }
  });
}

/** @throws JamsocketError `bad_result` */
function clonable(result: unknown, method: string): unknown {
  try {
    serialize(result);
    return result;
  } catch (error) {
    const message = `The result of ${method} cannot go to the node that invoked it: ${describeError(error).message}. Results go there as structured clones.`;
    throw new JamsocketError('bad_result', message, { cause: error });
  }
}
