import { BadRequestException, Injectable, NotFoundException } from '@nestjs/common';
import { JamsocketError } from '../base/errors.js';
import { assertCloseCode } from '../base/close-code.js';
import type { Room } from '../room/room.js';
import { CloseCode } from '../base/protocol.js';
import { RoomDirectory } from './room-directory.js';

const KICKED = 4000;
const KICK_REASON = 'kicked by an operator';
const CLOSE_REASON = 'closed by an operator';

/** The actions of the page's buttons, with the same rules as in handlers. */
@Injectable()
export class RoomActions {
  constructor(private readonly directory: RoomDirectory) {}

  /** @throws NotFoundException, BadRequestException */
  close(service: string, key: string, body: unknown): void {
    const room = this.#find(service, key);
    const { reason } = checked(body, CloseCode.normal, CLOSE_REASON);
    room.context.close(reason);
  }

  /** @throws NotFoundException, BadRequestException */
  kick(service: string, key: string, clientId: string, body: unknown): void {
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
