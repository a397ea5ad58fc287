import { Logger } from '@nestjs/common';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { GivenUpgrade, SocketHandOver, SocketTarget, TakeSocket } from '../../cluster/socket-hand-over.js';
import type { RoomKey } from '../../store/room-store.js';
import type { ChannelCalls } from '../channel/channel-calls.js';
import type { Channel, TargetQuestion, ToWorker } from '../messages.js';
import { hasRawSocket, refuseSocket, sendSocket, stopReading, type SendSocket } from './raw-socket.js';
import { testHandOver } from './test-hand-over.js';
import { nameOfRoom } from '../../store/name-of-room.js';

type Gift = Extract<ToWorker, { jamsocket: 'give' }>;

/** Milliseconds in which sockets that arrive are confirmed together. */
const CONFIRM_MS = 50;
/** Rooms whose nodes are remembered. */
const MAX_KNOWN = 10_000;

const logger = new Logger('JamsocketWorkers');

/** Gives sockets to other workers through the primary, and takes those of other workers. */
export class ProcessHandOver implements SocketHandOver {
  readonly needsOwner = false;
  /** The other nodes that have had rooms, by room: whoever asks the primary waits for two messages more. */
  readonly #known = new Map<string, string>();
  readonly #takers = new Map<string, TakeSocket>();
  /** Sockets that have arrived, which the primary is not told yet. */
  #taken: number[] = [];
  #works: Promise<boolean> | undefined;
  #hasPassed = false;
  #hasWarned = false;

  constructor(
    private readonly channel: Channel,
    private readonly calls: ChannelCalls,
    private readonly send: SendSocket,
    private readonly isOn: boolean,
  ) {}

  canGive(socket: Duplex): socket is Socket {
    if (!this.#hasPassed || !(socket instanceof Socket)) return false;
    // Sending one of TLS would end this process with an error that nobody can catch.
    if ('encrypted' in socket) return this.#warn();
    return !socket.destroyed && socket.remoteAddress !== undefined && hasRawSocket(socket);
  }

  targetOf(room: RoomKey, forNew: string, owner?: string | null): string | undefined | Promise<string | undefined> {
    const question: TargetQuestion = { room, forNew, owner };
    if (owner !== undefined) return this.calls.ask('target', question);
    const name = nameOfRoom(room);
    return this.#known.get(name) ?? this.#ask(question, name);
  }

  give({ node, room, from }: SocketTarget, socket: Socket, upgrade: GivenUpgrade): void {
    // The primary looks again: what this process knows may be old.
    const target = this.#known.get(nameOfRoom(room)) === node ? { room, forNew: from } : undefined;
    this.#give({ node, from, target }, socket, upgrade);
  }

  #give(
    to: { readonly node: string; readonly from: string; readonly target?: TargetQuestion },
    socket: Socket,
    { url, rawHeaders, head }: GivenUpgrade,
  ): void {
    const read = stopReading(socket);
    const all = Buffer.concat([head, read]).toString('base64');
    sendSocket(this.send, { jamsocket: 'give', ...to, url, rawHeaders, head: all }, socket);
  }

  async #ask(question: TargetQuestion, name: string): Promise<string | undefined> {
    const target = await this.calls.ask<string | undefined>('target', question);
    if (target === undefined || target === question.forNew || this.#takers.has(target)) return target;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(name, target);
    return target;
  }

  async open(node: string, take: TakeSocket): Promise<void> {
    this.#takers.set(node, take);
    // On Windows libuv shares sockets in another way, which was not tested.
    if (!this.isOn || process.platform === 'win32' || !(await this.#test())) return;
    if (this.#takers.get(node) === take) this.#tell(node, true);
  }

  close(node: string): void {
    if (this.#takers.delete(node)) this.#tell(node, false);
  }

  /** A socket that another worker has given. */
  received({ id, node, url, rawHeaders, head }: Gift, socket: Socket): void {
    this.#confirm(id);
    // As the sockets of Node's HTTP server are.
    socket.allowHalfOpen = true;
    const take = this.#takers.get(node);
    // It has closed since the primary looked.
    if (take === undefined) refuseSocket(socket);
    else take(socket, { url, rawHeaders, head: Buffer.from(head, 'base64') });
  }

  /**
   * Many at once: each message wakes the primary. Until it is told, the primary would close the socket if this process ended,
   * which ends the socket anyway.
   */
  #confirm(id: number): void {
    if (this.#taken.push(id) > 1) return;
    setTimeout(() => {
      const ids = this.#taken;
      this.#taken = [];
      void this.channel.send({ jamsocket: 'taken', ids }).catch(() => undefined);
    }, CONFIRM_MS).unref();
  }

  /** Once for all nodes of this process. */
  async #test(): Promise<boolean> {
    this.#works ??= testHandOver({
      give: (node, socket, head) => this.#give({ node, from: node }, socket, { url: '/', rawHeaders: [], head }),
      open: (node, take) => {
        this.#takers.set(node, take);
        this.#tell(node, true);
        return () => this.close(node);
      },
    });
    this.#hasPassed = await this.#works;
    if (!this.#hasPassed)
      logger.warn('Sockets cannot be handed over here: clients whose rooms are at other workers are relayed.');
    return this.#hasPassed;
  }

  #warn(): false {
    if (!this.#hasWarned)
      logger.warn(
        'TLS connections cannot be handed over: clients whose rooms are at other workers are relayed, which costs more. Let a proxy do the TLS.',
      );
    this.#hasWarned = true;
    return false;
  }

  #tell(node: string, isTaking: boolean): void {
    void this.channel.send({ jamsocket: 'takes', node, isTaking }).catch(() => undefined);
  }
}
