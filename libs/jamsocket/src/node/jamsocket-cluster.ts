import type { Type } from '@nestjs/common';
import type { ClusterNode } from '../cluster/cluster-node.js';
import type { DirectoryNode } from '../cluster/directory.js';
import type { RoomName } from '../members/room-address.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { definitionOf } from '../rooms/definition-of.js';
import { addressNamed } from '../rooms/room-name.js';
import { NODE_NAME, readNodeInfo } from './node-info.js';

/** A process of the cluster. */
export interface ClusterMember {
  /** Host name and process id, such as `web-7f9c:1`. */
  readonly name: string;
  /** Random. The process gets another one when it has lost its lease. */
  readonly incarnation: string;
  /** Whether it is the process that asks. */
  readonly isThis: boolean;
}

/** The processes of the cluster, and which of them has which room. Without a cluster, this process is the only one. */
export class JamsocketCluster {
  /** @internal @param node `null` without a cluster */
  constructor(
    private readonly node: ClusterNode | null,
    private readonly definitions: ReadonlyMap<Type, RoomDefinition>,
    private readonly isHere: (definition: RoomDefinition, key: string) => boolean,
  ) {}

  /** Whether the application has the `cluster` option. */
  get isOn(): boolean {
    return this.node !== null;
  }

  /** This process. */
  get self(): ClusterMember {
    return { name: NODE_NAME, incarnation: this.node?.incarnation ?? '', isThis: true };
  }

  /**
   * All processes that are alive, sorted by name.
   * @throws RefusedError `cluster_unavailable` (503)
   */
  async nodes(): Promise<readonly ClusterMember[]> {
    if (this.node === null) return [this.self];
    const members = (await this.node.nodes()).map((each) => this.#memberOf(each));
    return members.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /**
   * The process that has a room, or `undefined` if none has it at the moment.
   * @throws RefusedError `cluster_unavailable` (503), `bad_room_id` (400); JamsocketError `not_a_room_service`
   */
  async ownerOf(service: Type, room: RoomName): Promise<ClusterMember | undefined> {
    const definition = definitionOf(this.definitions, service);
    const { key } = addressNamed(definition, room);
    if (this.node === null) return this.isHere(definition, key) ? this.self : undefined;
    const owner = await this.node.locate({ service: definition.service, key });
    if (owner === undefined) return undefined;
    if (owner === this.node.incarnation) return this.self;
    return (await this.nodes()).find(({ incarnation }) => incarnation === owner);
  }

  #memberOf({ incarnation, info }: DirectoryNode): ClusterMember {
    return { name: readNodeInfo(info, incarnation).name, incarnation, isThis: incarnation === this.node?.incarnation };
  }
}
