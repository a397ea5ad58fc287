import type { Peer } from './peers.js';
import { digits } from './report.js';
import { summaryOf, type Results } from './statistics.js';
import type { Workload } from './workloads.js';

const SHOWN = ['fan-out', 'chatty', 'many-rooms', 'echo'];
const WIDTH = 860;
const LABEL_WIDTH = 300;
const BAR_HEIGHT = 16;
const GAP = 5;
const HEAD_HEIGHT = 30;
const LEAST = 10_000;

/** Throughput by peer, a group for each workload, on a logarithmic scale. Readable on light and dark pages. */
export function chart(workloads: readonly Workload[], peers: readonly Peer[], results: Results): string {
  const shown = workloads.filter(({ name }) => SHOWN.includes(name));
  const valueOf = (workload: Workload, { name }: Peer) =>
    summaryOf((results[workload.name]?.[name] ?? []).map(({ perSecond }) => perSecond))?.median;
  const most = Math.max(...shown.flatMap((workload) => peers.map((peer) => valueOf(workload, peer) ?? 0)), LEAST * 10);
  const room = WIDTH - LABEL_WIDTH - 110;
  const widthOf = (value: number) => Math.max(2, (room * Math.log(value / LEAST)) / Math.log(most / LEAST));

  let y = 0;
  const lines: string[] = [];
  for (const workload of shown) {
    y += HEAD_HEIGHT;
    lines.push(`<text x="8" y="${y - 9}" class="head">${escape(workload.title)}</text>`);
    for (const peer of peers) {
      const value = valueOf(workload, peer);
      if (value === undefined) continue;
      const isOurs = peer.name.startsWith('ours');
      const width = widthOf(value).toFixed(1);
      const middle = y + BAR_HEIGHT - 4;
      lines.push(
        `<text x="${LABEL_WIDTH - 8}" y="${middle}" text-anchor="end">${escape(peer.title)}</text>`,
        `<rect x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="3" class="${isOurs ? 'ours' : 'theirs'}"/>`,
        `<text x="${(LABEL_WIDTH + Number(width) + 6).toFixed(1)}" y="${middle}">${digits(value)}/s</text>`,
      );
      y += BAR_HEIGHT + GAP;
    }
  }
  const height = y + 28;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Messages delivered a second on one core, by server">
<style>
  text { font: 12px system-ui, sans-serif; fill: #57606a; }
  .head { font-weight: 600; font-size: 13px; fill: #24292f; }
  .ours { fill: #c2255c; }
  .theirs { fill: #adb5bd; }
  @media (prefers-color-scheme: dark) { text { fill: #9198a1; } .head { fill: #f0f6fc; } .ours { fill: #f783ac; } .theirs { fill: #545d68; } }
</style>
${lines.join('\n')}
<text x="8" y="${height - 8}">Messages delivered a second, one core for the server. Logarithmic scale: each tenfold is the same length.</text>
</svg>
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
