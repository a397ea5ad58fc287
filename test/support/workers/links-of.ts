import { TestClient } from '../test-client.js';
import type { WorkersRun } from './run.js';

/** What a ledger room knows of so many clients that connect at the same time: `Connection`, or `RemoteLink` if relayed. */
export async function linksOf(run: WorkersRun, room: string, count = 8): Promise<Set<string>> {
  const clients = await Promise.all(
    Array.from({ length: count }, () =>
      TestClient.connect(`${run.ws}/ws/ledger/${room}`, { rejectUnauthorized: false }),
    ),
  );
  for (const client of clients) client.send('link');
  const seen = await Promise.all(clients.map((client) => linkOf(client)));
  await Promise.all(clients.map((client) => client.close()));
  return new Set(seen);
}

/** Resolves when some clients of a room were relayed, and others not. The system may lead all of one round to one worker. */
export async function bothLinksOf(run: WorkersRun, room: string): Promise<void> {
  const seen = new Set<string>();
  while (seen.size < 2) for (const link of await linksOf(run, room)) seen.add(link);
}

async function linkOf(client: TestClient): Promise<string> {
  for (;;) {
    const text = await client.nextText();
    // A bundle may add an underscore to the name of a class.
    const name = /Connection|RemoteLink/.exec(text)?.[0];
    if (name !== undefined) return name;
  }
}
