import type { Client } from '../members/client.js';
import type { Room } from '../room/room.js';
import type { RoomRegistry } from './room-registry.js';

/** The clients of all rooms that are not durable, whatever state the rooms are in. */
export function clientsToClose(registry: RoomRegistry): Client[] {
  return registry.unstopped().flatMap((room) => (room.lifecycle === null ? room.members.all : []));
}

/** Stops the instances of all durable rooms. Resolves when they have stopped, with the clients that were in them. */
export async function suspendAll(registry: RoomRegistry): Promise<Client[]> {
  const durable = registry.unstopped().filter(({ lifecycle }) => lifecycle !== null);
  const clients = durable.flatMap(({ members }) => members.all);
  await Promise.all(durable.map((room) => room.end.suspend('restart')));
  return clients;
}

/** Stops every room and resolves when all have stopped. */
export async function stopAll(registry: RoomRegistry, code: number, reason: string): Promise<void> {
  registry.refuseNew();
  await Promise.all(
    registry.entries().map(async ({ room, started }) => {
      await started?.catch(() => undefined);
      room.close(code, reason);
      await room.stopped;
    }),
  );
}

/**
 * Makes every room stop by `deadline` (time of the clock); events that wait in their mailboxes are discarded.
 * @returns how many client messages each room has discarded, without rooms that discarded none
 */
export function hurryAll(registry: RoomRegistry, deadline: number): ReadonlyMap<Room, number> {
  const all = registry.unstopped().map((room) => [room, room.end.hurry(deadline)] as const);
  return new Map(all.filter(([, messages]) => messages > 0));
}

/** Stops all rooms at once, without waiting for their turns. */
export async function abandonAll(registry: RoomRegistry): Promise<void> {
  await Promise.all(registry.unstopped().map((room) => room.end.abandon()));
}

/** For tests: the process is gone. */
export function vanishAll(registry: RoomRegistry): void {
  registry.refuseNew();
  for (const room of registry.unstopped()) room.end.vanish();
}
