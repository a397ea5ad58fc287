import type { JamsocketClock } from '../base/sources.js';
import type { OpenLink, Reservation } from '../rooms/reservation.js';
import type { EdgeChannel } from './edge-channel.js';

/** Wait before a room that has moved is looked for again: the directory may not know its new node yet. */
const AGAIN_MS = 50;

/**
 * A reservation in a room of another node. The node is asked only when the client joins, or when its guards are asked: so a
 * connect that needs no guards of the room waits for one answer.
 */
export class RemoteReservation implements Reservation {
  constructor(
    private readonly channel: EdgeChannel,
    private readonly clock: JamsocketClock,
  ) {}

  async admit(): Promise<void> {
    // If the room has moved, the join says so, and the guards of its next instance are asked.
    await this.channel.entry.admit();
  }

  async join(open: OpenLink): Promise<boolean> {
    try {
      if (await this.channel.entry.join(open)) return true;
    } finally {
      this.channel.entry.abandon();
    }
    await new Promise<void>((resolve) => void this.clock.setTimeout(resolve, AGAIN_MS));
    return false;
  }

  release(): void {
    this.channel.entry.abandon();
  }
}
