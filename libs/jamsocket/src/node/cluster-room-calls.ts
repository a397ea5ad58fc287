import { serialize } from 'node:v8';
import { JamsocketError, RefusedError, RoomElsewhereError } from '../base/errors.js';
import { describeError, isInstance } from '../base/foreign-value.js';
import type { ClusterNode } from '../cluster/cluster-node.js';
import { findUnclonable } from '../durable/unclonable.js';
import type { Recipient } from '../members/recipients.js';
import type { RoomAddress } from '../members/room-address.js';
import type { SendOptions } from '../members/send-options.js';
import type { FoundRoom, FoundRooms, RoomCalls } from '../rooms/room-calls.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { carryRecipient } from './carried-recipient.js';
import { carryTurns } from './carried-turns.js';
import { ANSWER_MS, listOnAll, type NodeCalls } from './ask-all.js';
import type { RoomCallArgs, RoomOperation } from './room-call-answers.js';

/** How often a room is looked for again that has moved meanwhile. */
const MAX_MOVES = 5;

/** Calls rooms wherever they are: in this process, or on the node that owns them. */
export class ClusterRoomCalls implements RoomCalls {
  constructor(
    private readonly local: RoomCalls,
    private readonly rooms: { isTaken(definition: RoomDefinition, key: string): boolean },
    private readonly node: Pick<ClusterNode, 'incarnation' | 'locate' | 'nodes'>,
    private readonly calls: NodeCalls,
    private readonly definitions: ReadonlyMap<string, RoomDefinition>,
  ) {}

  create(definition: RoomDefinition, address: RoomAddress): Promise<FoundRoom> {
    const here = () => this.local.create(definition, address);
    return this.#reach(definition, address, here, async (owner) => {
      const { size } = (await this.#ask(owner, 'create', definition, address)) as { size: number };
      return { definition, address, size };
    });
  }

  find(definition: RoomDefinition, address: RoomAddress): Promise<FoundRoom | undefined> {
    const here = () => this.local.find(definition, address);
    return this.#reach(definition, address, here, async (owner) => {
      const found = await this.#ask(owner, 'find', definition, address, [], ANSWER_MS);
      return found === undefined ? undefined : { definition, address, size: (found as { size: number }).size };
    });
  }

  list(definition?: RoomDefinition): Promise<FoundRooms> {
    const here = () => this.local.list(definition);
    return listOnAll(this.node, this.calls, 'list', definition?.service, here, this.definitions);
  }

  invoke(definition: RoomDefinition, address: RoomAddress, method: string, args: readonly unknown[]): Promise<unknown> {
    const here = () => this.local.invoke(definition, address, method, args);
    return this.#reach(definition, address, here, async (owner) => {
      mustBeClonable(args, `${definition.type.name}.${method}`);
      return this.#ask(owner, 'invoke', definition, address, [method, args]);
    });
  }

  sendMessage(
    definition: RoomDefinition,
    address: RoomAddress,
    recipient: Recipient,
    text: string,
    options?: SendOptions,
  ): Promise<void> {
    const here = () => this.local.sendMessage(definition, address, recipient, text, options);
    return this.#reach(definition, address, here, async (owner) => {
      await this.#ask(owner, 'sendMessage', definition, address, [carryRecipient(recipient), text, options]);
    });
  }

  sendBinary(
    definition: RoomDefinition,
    address: RoomAddress,
    recipient: Recipient,
    bytes: Uint8Array,
    options?: SendOptions,
  ): Promise<void> {
    // The caller may change them as soon as it has the promise.
    const own = ArrayBuffer.isView(bytes) ? Buffer.from(bytes) : bytes;
    const here = () => this.local.sendBinary(definition, address, recipient, own, options);
    return this.#reach(definition, address, here, async (owner) => {
      await this.#ask(owner, 'sendBinary', definition, address, [carryRecipient(recipient), own, options]);
    });
  }

  close(definition: RoomDefinition, address: RoomAddress, reason: string): Promise<boolean> {
    const here = () => this.local.close(definition, address, reason);
    return this.#reach(definition, address, here, (owner) =>
      this.#ask(owner, 'close', definition, address, [reason]),
    ) as Promise<boolean>;
  }

  delete(definition: RoomDefinition, address: RoomAddress, reason: string): Promise<boolean> {
    const here = () => this.local.delete(definition, address, reason);
    return this.#reach(definition, address, here, (owner) =>
      this.#ask(owner, 'delete', definition, address, [reason]),
    ) as Promise<boolean>;
  }

  /** Does something where the room is. If it has moved meanwhile, it was done nowhere, and is done where the room is now. */
  async #reach<T>(
    definition: RoomDefinition,
    { key }: RoomAddress,
    here: () => Promise<T>,
    there: (owner: string) => Promise<T>,
  ): Promise<T> {
    if (this.rooms.isTaken(definition, key)) {
      try {
        return await here();
      } catch (error) {
        if (!isInstance(error, RoomElsewhereError)) throw error;
      }
    }
    const room = { service: definition.service, key };
    let owner = await this.node.locate(room);
    for (let moves = 0; ; moves++) {
      try {
        return await (owner === undefined || owner === this.node.incarnation ? here() : there(owner));
      } catch (error) {
        if (moves === MAX_MOVES || !hasMoved(error)) throw error;
        const found = () => this.node.locate(room).catch(() => owner);
        const next = isInstance(error, RoomElsewhereError) ? error.owner : await found();
        // Nobody says otherwise, or the node that was asked is right: there is no such room.
        if (next === owner) throw error;
        owner = next;
      }
    }
  }

  #ask(
    owner: string,
    operation: RoomOperation,
    { service }: RoomDefinition,
    { key }: RoomAddress,
    args: readonly unknown[] = [],
    withinMs?: number,
  ): Promise<unknown> {
    const turns = carryTurns(this.node.incarnation ?? '');
    return this.calls.call(owner, 'room', { operation, service, key, turns, args } satisfies RoomCallArgs, withinMs);
  }
}

function hasMoved(error: unknown): boolean {
  if (!isInstance(error, RefusedError)) return false;
  return error.code === 'room_moved' || error.code === 'room_not_found' || error.code === 'draining';
}

/** @throws JamsocketError `bad_arguments` */
function mustBeClonable(args: readonly unknown[], call: string): void {
  try {
    serialize(args);
  } catch (error) {
    const mistake = mistakeIn(args);
    const what = mistake === undefined ? describeError(error).message : `args${mistake.path} is ${mistake.what}`;
    throw new JamsocketError(
      'bad_arguments',
      `${call} cannot be invoked on another node: ${what}. Arguments go there as structured clones.`,
      { cause: error },
    );
  }
}

function mistakeIn(value: unknown) {
  try {
    return findUnclonable(value);
  } catch {
    return undefined;
  }
}
