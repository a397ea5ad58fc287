import { inParallel } from '../../crowd.js';
import type { Victim } from '../../durable/victim.js';
import { RawSocket } from '../../raw-socket.js';

const AT_ONCE = 50;

/** Many clients of one node. */
export class HeldClients {
  private constructor(private readonly clients: readonly RawSocket[]) {}

  static async join(node: Victim, rooms: readonly string[], count: number): Promise<HeldClients> {
    const clients: RawSocket[] = [];
    await inParallel(count, AT_ONCE, async (number) => {
      const client = await RawSocket.open(node.port, rooms[number % rooms.length]);
      if (client.status !== 101) throw new Error(`${client.status} ${client.body}`);
      clients.push(client);
    });
    return new HeldClients(clients);
  }

  leave(): void {
    for (const { socket } of this.clients) socket.destroy();
  }
}
