import type { ClusterNode } from '../cluster/cluster-node.js';
import { checkedUser } from '../members/client-auth.js';
import type { SendOptions } from '../members/send-options.js';
import type { RoomDefinition } from '../room/room-definition.js';
import type { FoundRooms } from '../rooms/room-calls.js';
import type { SentToUser, UserCalls } from '../rooms/user-calls.js';
import { askAll, listOnAll, type NodeCalls } from './ask-all.js';

/** A user whose rooms a node is asked for, of one service or of all. */
export interface AskedUser {
  readonly user: string;
  readonly service: string | undefined;
}

/** What a node is asked to send to a user. */
export interface UserMessage {
  readonly user: string;
  readonly message: string | Uint8Array;
  readonly options: SendOptions | undefined;
}

/** Finds users in the rooms of all nodes. */
export class ClusterUserCalls implements UserCalls {
  constructor(
    private readonly local: UserCalls,
    private readonly node: Pick<ClusterNode, 'incarnation' | 'nodes'>,
    private readonly calls: NodeCalls,
    private readonly definitions: ReadonlyMap<string, RoomDefinition>,
  ) {}

  async of(user: string, definition?: RoomDefinition): Promise<FoundRooms> {
    const asked: AskedUser = { user: checkedUser(user), service: definition?.service };
    const here = () => this.local.of(user, definition);
    return listOnAll(this.node, this.calls, 'roomsOfUser', asked, here, this.definitions);
  }

  async send(user: string, message: string | Uint8Array, options?: SendOptions): Promise<SentToUser> {
    // The caller may change bytes as soon as it has the promise.
    const own = typeof message === 'string' ? message : Buffer.from(message);
    const sent: UserMessage = { user: checkedUser(user), message: own, options };
    const local = () => this.local.send(user, own, options);
    const { here, results, errors, missing } = await askAll(this.node, this.calls, 'sendToUser', sent, local);
    if (errors.length > 0) throw errors[0].error;
    return { clients: (results as number[]).reduce((sum, count) => sum + count, here.clients), missing };
  }
}
