import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterDriver } from '../../libs/jamsocket/src/cluster/cluster-driver.js';
import type { Directory } from '../../libs/jamsocket/src/cluster/directory.js';
import type { SocketHandOver } from '../../libs/jamsocket/src/cluster/socket-hand-over.js';
import { ChannelCalls } from '../../libs/jamsocket/src/workers/channel/channel-calls.js';
import { ChannelCounts } from '../../libs/jamsocket/src/workers/channel/channel-counts.js';
import { ProcessHandOver } from '../../libs/jamsocket/src/workers/hand-over/process-hand-over.js';
import type { Channel, ToPrimary, ToWorker } from '../../libs/jamsocket/src/workers/messages.js';
import { Primary } from '../../libs/jamsocket/src/workers/primary.js';
import { WorkerDriver } from '../../libs/jamsocket/src/workers/worker-driver.js';
import type { ForkedProcess } from '../../libs/jamsocket/src/workers/worker-process.js';

interface RawSocket {
  _handle: { onread?: unknown } | null;
}

type Sent = (error: Error | null) => void;

/** A worker in the process of its primary. Messages are JSON, and sockets change their objects, as between processes. */
class WorkerHere extends EventEmitter implements ForkedProcess, Channel {
  readonly process = { pid: process.pid, kill: () => true };
  readonly #listeners = new Set<(message: ToWorker, socket?: Socket) => void>();

  constructor(readonly id: number) {
    super();
  }

  isConnected(): boolean {
    return true;
  }

  /** To the worker, or, with one argument, to the primary. */
  send(message: unknown, handle: Socket | undefined, callback: Sent): boolean;
  send(message: ToPrimary): Promise<void>;
  send(message: unknown, handle?: Socket, callback?: Sent): boolean | Promise<void> {
    if (callback === undefined) {
      this.sendSocket(message, undefined);
      return Promise.resolve();
    }
    const copy = JSON.parse(JSON.stringify(message)) as ToWorker;
    const moved = handle && movedOut(handle);
    setImmediate(() => {
      callback(null);
      const socket = moved?.();
      for (const listener of this.#listeners) listener(copy, socket);
    });
    return true;
  }

  sendSocket(message: unknown, socket: Socket | undefined, callback?: Sent): void {
    const copy = JSON.parse(JSON.stringify(message)) as unknown;
    const moved = socket && movedOut(socket);
    setImmediate(() => {
      callback?.(null);
      this.emit('message', copy, moved?.());
    });
  }

  listen(listener: (message: ToWorker, socket?: Socket) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** As Node does it when it sends a socket. @returns a function that makes the socket of the receiver */
function movedOut(socket: Socket): () => Socket {
  const raw = socket as unknown as RawSocket;
  const handle = raw._handle;
  if (handle !== null) handle.onread = () => undefined;
  raw._handle = null;
  socket.setTimeout(0);
  return () => new Socket({ handle, readable: true, writable: true } as never);
}

/**
 * Two workers of one machine in this process. The edge runs no rooms: it gives its clients' sockets to the owner, or relays.
 */
export async function twoWorkers(
  handsOver: boolean,
): Promise<{ readonly owner: ClusterDriver; readonly edge: ClusterDriver; close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'jamsocket-two-'));
  const workers: WorkerHere[] = [];
  const fork = () => {
    const worker = new WorkerHere(workers.length + 1);
    workers.push(worker);
    void worker.send({ jamsocket: 'ready' });
    return worker;
  };
  const giveUp = (reason: string) => {
    throw new Error(reason);
  };
  await new Primary({ count: 2, stopMs: 1_000, handOver: handsOver }, fork, giveUp).start();
  const [first, second] = workers.map((worker) => driverOf(worker, folder, handsOver));
  const owner = () => first.sockets.incarnation;
  return {
    owner: first,
    edge: ledTo(owner, second),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

type NamedDriver = WorkerDriver & { readonly sockets: SocketHandOver & { incarnation?: string } };

function driverOf(worker: WorkerHere, folder: string, handsOver: boolean): NamedDriver {
  const calls = new ChannelCalls(worker);
  const sockets = new ProcessHandOver(worker, calls, (...args) => worker.sendSocket(...args), handsOver);
  worker.listen((message, socket) => {
    if (message.jamsocket === 'give' && socket !== undefined) sockets.received(message, socket);
  });
  const driver = new WorkerDriver(worker, folder, sockets, new ChannelCounts(calls)) as NamedDriver;
  const { openDirectory } = driver;
  driver.openDirectory = () => {
    const directory = openDirectory.call(driver);
    const { renew } = directory;
    directory.renew = (renewal) => {
      driver.sockets.incarnation = renewal.incarnation;
      return renew.call(directory, renewal);
    };
    return directory;
  };
  return driver;
}

/** Finds every room at the owner. */
function ledTo(owner: () => string | undefined, driver: NamedDriver): ClusterDriver {
  const { sockets } = driver;
  return {
    leaseTimes: driver.leaseTimes,
    sharesPort: true,
    counts: driver.counts,
    sockets: {
      needsOwner: true,
      canGive: (socket) => sockets.canGive(socket),
      targetOf: (room, forNew, located) => sockets.targetOf(room, forNew, located),
      give: (target, socket, upgrade) => sockets.give(target, socket, upgrade),
      open: (node, take) => sockets.open(node, take),
      close: (node) => sockets.close(node),
    },
    check: () => driver.check(),
    openRelay: () => driver.openRelay(),
    openDirectory: (): Directory => {
      const directory = driver.openDirectory();
      directory.locate = async () => {
        const incarnation = owner();
        return incarnation === undefined ? undefined : { incarnation, fence: 1 };
      };
      return directory;
    },
  };
}
