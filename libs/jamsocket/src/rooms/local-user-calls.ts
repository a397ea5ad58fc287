import type { UserIndex } from '../auth/user-index.js';
import { checkedUser } from '../members/client-auth.js';
import type { Client } from '../members/client.js';
import type { SendOptions } from '../members/send-options.js';
import type { RoomDefinition } from '../room/room-definition.js';
import { localRoom, type Room } from '../room/room.js';
import type { FoundRoom } from './room-calls.js';
import type { SentToUser, UserCalls } from './user-calls.js';

/** Finds users in the rooms of this process. All methods are async, so every error becomes a rejection. */
export class LocalUserCalls implements UserCalls {
  constructor(private readonly users: UserIndex) {}

  async of(user: string, definition?: RoomDefinition): Promise<FoundRoom[]> {
    const rooms = [...this.#clientsByRoom(user).keys()];
    return rooms
      .filter((room) => definition === undefined || room.definition === definition)
      .map(({ definition, address, members }) => ({ definition, address, size: members.clients.size }));
  }

  async send(user: string, message: string | Uint8Array, options?: SendOptions): Promise<SentToUser> {
    let sent = 0;
    const errors: unknown[] = [];
    for (const [{ context }, clients] of this.#clientsByRoom(user)) {
      try {
        if (typeof message === 'string') context.sendMessage(clients, message, options);
        else context.sendBinary(clients, message, options);
        sent += clients.length;
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
    return { clients: sent, missing: [] };
  }

  #clientsByRoom(user: string): Map<Room, Client[]> {
    const byRoom = new Map<Room, Client[]>();
    for (const client of this.users.of(checkedUser(user))) {
      const room = localRoom(client.room!);
      const isMember = room.state === 'running' && room.members.clients.get(client.id) === client;
      if (!isMember) continue;
      const clients = byRoom.get(room);
      if (clients === undefined) byRoom.set(room, [client]);
      else clients.push(client);
    }
    return byRoom;
  }
}
