import { codeOf } from '../framework/test-framework.js';
import type { RelaySuite } from './suite.js';

export function endingCases({ test, expect }: RelaySuite): void {
  test('receives again after it was told to reconnect', async (join) => {
    const [a, b] = [await join(), await join()];
    a.send(b, 'before');
    await b.has(1);
    for (let round = 0; round < 3; round++) {
      b.relay.reconnect();
      const count = b.received.length;
      // Messages may be lost until it is connected again.
      for (let tries = 0; b.received.length === count && tries < 1_000; tries++) {
        a.send(b, `${round}`);
        await new Promise((resolve) => void setTimeout(resolve, 5));
      }
    }
    await b.settle(a);
    const rounds = b.texts.slice(1);
    expect([...rounds].sort()).toEqual(rounds);
    expect([...new Set(rounds)]).toEqual(['0', '1', '2']);
  });

  test('receives nothing any more when it is closed', async (join) => {
    const [a, b] = [await join(), await join()];
    a.send(b, 'one');
    await b.has(1);
    a.send(b, 'under way');
    const closing = b.relay.close();
    const received = b.received.length;
    a.send(b, 'late');
    await closing;
    a.send(b, 'later');
    await a.settle(a);
    expect(b.received.length).toBe(received);
  });

  test('does nothing any more when it is closed, and may be closed twice', async (join) => {
    const [a, b] = [await join(), await join()];
    expect(await codeOf(Promise.all([a.relay.close(), a.relay.close()]))).toBe('resolved');
    a.send(b, 'lost');
    a.relay.reconnect();
    await b.settle(b);
    expect(b.texts).toEqual([]);
  });

  test('refuses a node with a name that could mean something', async (join) => {
    const a = await join();
    for (const name of ['', 'a b', 'a*', '{a}', 'a\0', 'x'.repeat(65)])
      expect(await codeOf(a.relay.open(name, () => undefined))).toBe(
        `RangeError: An incarnation has 1 to 64 letters, digits, _ and -; it is ${JSON.stringify(name)}.`,
      );
  });
}
