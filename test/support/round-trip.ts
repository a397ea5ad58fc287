import type { TestApp } from './test-app.js';

/**
 * A request over a connection of its own has been answered: what the server's sockets had received before has been read, if
 * it is read at all. For tests that something does not happen; twice if it would take an answer of another node.
 */
export async function roundTrip({ http }: Pick<TestApp, 'http'>): Promise<void> {
  for (let n = 0; n < 2; n++) await (await fetch(`${http}/nothing-here`, { headers: { connection: 'close' } })).text();
}
