import { CloseCode } from '../base/protocol.js';
import type { JamsocketClock } from '../base/sources.js';
import { withDeadline } from '../base/within-timeout.js';
import type { EdgeChannel } from '../edge/edge-channel.js';
import { spread } from '../timers/spread.js';

/**
 * Sends clients away whose rooms are on other nodes: they resume elsewhere. Resolves when their sockets have closed, or after
 * `graceMs`, when they are cut.
 */
export async function sendAway(
  channels: readonly EdgeChannel[],
  graceMs: number,
  clock: JamsocketClock,
): Promise<void> {
  const links = channels.flatMap(({ connection }) => connection ?? []);
  const away = spread(channels, graceMs / 2, clock, (channel) =>
    channel.sendAway(CloseCode.serviceRestart, 'service restart'),
  );
  const ended = away.then(() => Promise.all(links.map(({ ended: each }) => each)));
  const late = () => new Error('too late');
  await withDeadline(ended, graceMs, clock, late).catch(() => {
    for (const link of links) link.terminate('shutdown grace is over');
  });
}
