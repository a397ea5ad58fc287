import { BadRequestException, ConflictException, Inject, Injectable, NotFoundException } from '@nestjs/common';
import { JamsocketError } from '../base/errors.js';
import { assertCloseCode } from '../base/close-code.js';
import { Siblings } from '../node/siblings.js';
import { ThisNode } from '../node/this-node.js';
import type { Room } from '../room/room.js';
import { CloseCode } from '../base/protocol.js';
import { RoomDirectory } from './room-directory.js';

const KICKED = 4000;
const KICK_REASON = 'kicked by an operator';
const CLOSE_REASON = 'closed by an operator';

/** The call that makes another worker act. */
const ACT_CALL = 'inspector.act';

/** What a button asks for. */
export interface Order {
  readonly action: 'close' | 'move' | 'kick';
  readonly service: string;
  readonly room: string;
  /** For `kick`. */
  readonly client?: string;
  readonly body: unknown;
}

/** The actions of the page's buttons, with the same rules as in handlers. */
@Injectable()
export class RoomActions {
  constructor(
    private readonly directory: RoomDirectory,
    @Inject(ThisNode) private readonly node: ThisNode | null,
    @Inject(Siblings) private readonly siblings: Siblings,
  ) {
    siblings.answer(ACT_CALL, (order: Order) => this.#actHere(order));
  }

  /**
   * Acts on a room of this process, or of another worker of this machine.
   * @throws NotFoundException, BadRequestException, ConflictException if the room cannot move
   */
  async act(order: Order): Promise<void> {
    const { service, room: key } = order;
    if (this.node === null || this.directory.find(service, key) !== undefined) return this.#actHere(order);
    const owner = await this.node.locate({ service, key });
    if (owner === undefined || !this.siblings.isSibling(owner)) return this.#actHere(order);
    await this.siblings.ask(owner, ACT_CALL, order);
  }

  async #actHere({ action, service, room, client = '', body }: Order): Promise<void> {
    if (action === 'move') return this.#move(service, room, body);
    if (action === 'close') return this.#close(service, room, body);
    this.#kick(service, room, client, body);
  }

  async #move(service: string, key: string, body: unknown): Promise<void> {
    const room = this.#find(service, key);
    const { to } = (body ?? {}) as { readonly to?: unknown };
    if (typeof to !== 'string') throw new BadRequestException('The body is { "to": id of a process } as JSON.');
    const nodes = (await this.node?.survey()) ?? [];
    if (!nodes.some(({ incarnation, isThis }) => incarnation === to && !isThis))
      throw new NotFoundException('The cluster has no such other process.');
    if (await this.node!.move(room, to)) return;
    throw new ConflictException(
      'The room was not moved: it is neither durable nor has @State() fields, or its current turn does not end.',
    );
  }

  #close(service: string, key: string, body: unknown): void {
    const room = this.#find(service, key);
    const { reason } = checked(body, CloseCode.normal, CLOSE_REASON);
    room.context.close(reason);
  }

  #kick(service: string, key: string, clientId: string, body: unknown): void {
    const client = this.#find(service, key).context.clients.get(Number(clientId));
    if (client === undefined) throw new NotFoundException('The room has no such client.');
    const { code, reason } = checked(body, KICKED, KICK_REASON);
    client.close(code, reason);
  }

  #find(service: string, key: string): Room {
    const room = this.directory.find(service, key);
    if (room === undefined) throw new NotFoundException('There is no such room.');
    return room;
  }
}

function checked(body: unknown, code: number, reason: string): { readonly code: number; readonly reason: string } {
  const given = (body ?? {}) as { readonly code?: unknown; readonly reason?: unknown };
  const wanted = { code: given.code ?? code, reason: given.reason ?? reason };
  if (typeof wanted.code !== 'number' || typeof wanted.reason !== 'string') {
    throw new BadRequestException('The body is { "code"?: number, "reason"?: string } as JSON.');
  }
  try {
    assertCloseCode(wanted.code, wanted.reason);
  } catch (error) {
    throw new BadRequestException((error as JamsocketError).message);
  }
  return wanted as { code: number; reason: string };
}
