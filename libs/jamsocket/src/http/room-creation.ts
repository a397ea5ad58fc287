import { HttpException, Inject, Injectable } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import type { IncomingMessage } from 'node:http';
import { JamsocketError, RefusedError } from '../base/errors.js';
import { isInstance } from '../base/foreign-value.js';
import { CloseCode } from '../base/protocol.js';
import { refusalFor } from '../base/refusal.js';
import { JamsocketClock } from '../base/sources.js';
import { withinTimeout } from '../base/within-timeout.js';
import type { ServiceDefinition } from '../discovery/definitions.js';
import { clientAddress } from '../gateway/client-address.js';
import { checkOrigin } from '../gateway/origin.js';
import { ClientRequest } from '../members/client-request.js';
import { Client } from '../members/client.js';
import type { RoomAddress, RoomName } from '../members/room-address.js';
import type { ResolvedOptions } from '../options/resolved.js';
import type { Room } from '../room/room.js';
import { JamsocketRooms } from '../rooms/jamsocket-rooms.js';
import { RoomRegistry } from '../rooms/room-registry.js';
import { RESOLVED_OPTIONS } from './http-tokens.js';

/** Creates rooms for HTTP requests. A request must pass the same checks as a connect to the room. */
@Injectable()
export class RoomCreation {
  constructor(
    private readonly rooms: JamsocketRooms,
    private readonly registry: RoomRegistry,
    private readonly clock: JamsocketClock,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * @param name name of the room; generated if it is missing
   * @returns the room's id
   * @throws HttpException for every refusal; any other error of a guard or `@OnCreate`
   */
  async create(request: IncomingMessage, definition: ServiceDefinition, name?: RoomName): Promise<string> {
    try {
      await checkOrigin(request, definition.options.origins, this.options.trustProxy);
      // Room-scoped guards need the room first.
      if (definition.guardsNeedRoom()) return await this.#createThenAsk(request, definition, name);
      const ask = (address: RoomAddress) => this.#askGuards(request, definition, address, null);
      return (await this.rooms.createIn(definition, name, ask)).address.roomId;
    } catch (error) {
      throw asHttpException(error);
    }
  }

  async #createThenAsk(request: IncomingMessage, definition: ServiceDefinition, name?: RoomName): Promise<string> {
    const { address } = await this.rooms.createIn(definition, name);
    const room = this.registry.get(definition, address.key);
    if (room === undefined) throw new RefusedError(503, 'room_stopped', `Room "${address.key}" has stopped.`);
    try {
      await this.#askGuards(request, definition, address, room);
    } catch (error) {
      if (room.occupancy.size === 0) room.close(CloseCode.normal, '');
      throw error;
    }
    return address.roomId;
  }

  async #askGuards(
    request: IncomingMessage,
    definition: ServiceDefinition,
    address: RoomAddress,
    room: Room | null,
  ): Promise<void> {
    const client = new Client(new ClientRequest(request, clientAddress(request, this.options.trustProxy)), address);
    const asked = definition.admit(client, room?.instance ?? null, room?.context ?? null);
    if (asked === undefined) return;
    const ms = definition.options.limits.handshakeTimeoutMs;
    await withinTimeout(
      asked,
      ms,
      this.clock,
      () => `The guards of ${definition.type.name} took longer than ${ms} ms.`,
    );
  }
}

/** HTTP exception filters do not support a guard's WsException and our time-outs. */
function asHttpException(error: unknown): unknown {
  if (isInstance(error, JamsocketError) && error.code === 'handler_timeout')
    return new RefusedError(503, 'handshake_timeout', error.message, {}, { cause: error });
  if (!isInstance(error, WsException)) return error;
  const { status, body } = refusalFor(error);
  return new HttpException(body, status, { cause: error });
}
