import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { SharedCounts } from '../base/limits/shared-counts.js';
import type { ClusterDriver, DriverCheck } from '../cluster/cluster-driver.js';
import type { Directory, Renewal } from '../cluster/directory.js';
import type { LeaseSettings } from '../cluster/lease/lease-settings.js';
import type { Relay } from '../cluster/relay.js';
import type { GivenUpgrade, SocketHandOver, SocketTarget, TakeSocket } from '../cluster/socket-hand-over.js';
import type { RoomKey } from '../store/room-store.js';
import type { MachineNodes } from './machine-nodes.js';

/**
 * A cluster in which each worker of this machine is a node. The cluster's own directory and relay are used; between the
 * workers, sockets are handed over, and limits hold for the machine.
 */
export class ClusterOfWorkers implements ClusterDriver {
  readonly sharesPort = true;
  readonly sockets: SocketHandOver;

  constructor(
    private readonly cluster: ClusterDriver,
    sockets: SocketHandOver,
    readonly counts: SharedCounts,
    private readonly nodes: MachineNodes,
  ) {
    this.sockets = new LocatedHandOver(sockets);
  }

  get graceMs(): number | undefined {
    return this.cluster.graceMs;
  }

  get leaseTimes(): Partial<LeaseSettings> | undefined {
    return this.cluster.leaseTimes;
  }

  get siblings(): ReadonlySet<string> {
    return this.nodes.all;
  }

  check(): Promise<DriverCheck> {
    return this.cluster.check();
  }

  /** The other workers learn the name of this node with its first renewal. */
  openDirectory(): Directory {
    const directory = this.cluster.openDirectory();
    const renew = async (renewal: Renewal) => {
      const renewed = await directory.renew(renewal);
      this.nodes.tell(renewal.incarnation);
      return renewed;
    };
    return new Proxy(directory, {
      get: (target, name) => {
        if (name === 'renew') return renew;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  openRelay(): Relay {
    return this.cluster.openRelay();
  }
}

/** The primary does not know which node of the cluster has a room, so it must be told. */
class LocatedHandOver implements SocketHandOver {
  readonly needsOwner = true;

  constructor(private readonly sockets: SocketHandOver) {}

  canGive(socket: Duplex): socket is Socket {
    return this.sockets.canGive(socket);
  }

  targetOf(room: RoomKey, forNew: string, owner?: string | null): string | undefined | Promise<string | undefined> {
    return this.sockets.targetOf(room, forNew, owner);
  }

  give(target: SocketTarget, socket: Socket, upgrade: GivenUpgrade): void {
    this.sockets.give(target, socket, upgrade);
  }

  open(node: string, take: TakeSocket): Promise<void> {
    return this.sockets.open(node, take);
  }

  close(node: string): void {
    this.sockets.close(node);
  }
}
