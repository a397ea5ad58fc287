import { exactly, type Row } from '../fault.js';
import { Tally } from '../crowd.js';
import type { Entry, LedgerClient } from './ledger-client.js';

/** Compares what clients saw with what they sent. */
export interface Audit {
  readonly sent: number;
  /** Entries that at least one client of the room did not receive. */
  lost: number;
  /** Entries that a client received twice, or that were counted twice. */
  twice: number;
  /** Entries that arrived in another order than they were counted, or than their sender sent them. */
  reordered: number;
  /** Totals that are not the sum of the entries, and entries that two clients received differently. */
  wrong: number;
  /** Clients that had to join as new ones, or got another id. */
  anew: number;
  /** Texts that no ledger sends. */
  strange: number;
  readonly reasons: Tally;
}

/** Call it when nothing is under way, with clients that were in their rooms before the first entry. */
export function auditOf(clients: readonly LedgerClient[]): Audit {
  const sent = clients.reduce((sum, client) => sum + client.sent.length, 0);
  const audit: Audit = { sent, lost: 0, twice: 0, reordered: 0, wrong: 0, anew: 0, strange: 0, reasons: new Tally() };
  for (const roomName of new Set(clients.map((client) => client.roomName)))
    auditRoom(
      clients.filter((client) => client.roomName === roomName),
      audit,
    );
  for (const { anew, ids, lost, strange } of clients) {
    if (anew > 0 || ids.size !== 1) audit.anew++;
    audit.strange += strange.length;
    if (`${lost}` !== '') audit.reasons.add(`${lost}`);
    for (const text of strange.slice(0, 3)) audit.reasons.add(text.slice(0, 100));
  }
  return audit;
}

function auditRoom(clients: readonly LedgerClient[], audit: Audit): void {
  const numbers = new Map(clients.flatMap(({ sent }) => sent.map(({ id, n }) => [id, n] as const)));
  /** As the first client received it. */
  const byNumber = new Map<number, Entry>();
  for (const { heard } of clients) {
    const ids = new Set<string>();
    const lastOf = new Map<string, number>();
    let before: Entry | undefined;
    for (const entry of heard) {
      if (ids.has(entry.id)) audit.twice++;
      ids.add(entry.id);
      const [name, count] = splitId(entry.id);
      if (count <= (lastOf.get(name) ?? 0)) audit.reordered++;
      lastOf.set(name, count);
      if (entry.seq !== (before?.seq ?? 0) + 1) audit.reordered++;
      if (entry.n !== numbers.get(entry.id) || entry.total !== (before?.total ?? 0) + entry.n) audit.wrong++;
      const first = byNumber.get(entry.seq) ?? entry;
      byNumber.set(entry.seq, first);
      if (first.id !== entry.id || first.by !== entry.by || first.total !== entry.total) audit.wrong++;
      before = entry;
    }
    audit.lost += [...numbers.keys()].filter((id) => !ids.has(id)).length;
  }
  const owners = new Map(clients.map(({ name, ids }) => [name, [...ids]]));
  for (const { id, by } of byNumber.values()) if (!owners.get(splitId(id)[0])?.includes(by)) audit.wrong++;
}

function splitId(id: string): [name: string, count: number] {
  const at = id.lastIndexOf('-');
  return [id.slice(0, at), Number(id.slice(at + 1))];
}

/** @param while_ what happened meanwhile, such as "200 kills" */
export function auditRows(audit: Audit, clients: readonly LedgerClient[], meanwhile: string): Row[] {
  const { sent, lost, twice, reordered, wrong, anew, strange, reasons } = audit;
  const rooms = new Set(clients.map(({ roomName }) => roomName)).size;
  const counts = `${lost} lost, ${twice} twice, ${reordered} reordered, ${wrong} wrong`;
  return [
    {
      what: `${meanwhile}: entries of ${clients.length} clients in ${rooms} rooms`,
      bound: '0 lost, 0 twice, 0 reordered, 0 wrong',
      measured: `${counts} of ${sent.toLocaleString('en-US')}`,
      isMet: lost + twice + reordered + wrong === 0 && sent > 0,
    },
    exactly(
      `${meanwhile}: clients that began anew, and texts that no ledger sends`,
      `${anew}, ${strange}${`${reasons}` === '' ? '' : ` (${reasons})`}`,
      '0, 0',
    ),
  ];
}
