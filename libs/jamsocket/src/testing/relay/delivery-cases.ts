import type { RelaySuite } from './suite.js';

const ALL_BYTES = Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256));

export function deliveryCases({ test, expect, largest }: RelaySuite): void {
  test('delivers any bytes as they were sent', async (join) => {
    const [a, b] = [await join(), await join()];
    const messages = [
      ALL_BYTES,
      Buffer.from([0]),
      Buffer.from([255, 254, 0, 13, 10]),
      Buffer.from('{"text":"ü 🚀"}'),
      Buffer.from('ff', 'hex'),
      Buffer.alloc(largest, 7),
      Buffer.concat([ALL_BYTES, Buffer.alloc(largest - 512, 200)]),
    ];
    for (const message of messages) a.send(b, message);
    await b.has(messages.length);
    for (const [at, message] of messages.entries()) expect(b.received[at].equals(message)).toBe(true);
    expect(b.received.every((bytes) => Buffer.isBuffer(bytes))).toBe(true);
  });

  test('delivers to that node only', async (join) => {
    const [a, b, c] = [await join(), await join(), await join()];
    for (let at = 0; at < 20; at++) a.send(at % 2 === 0 ? b : c, `${at}`);
    await Promise.all([b.settle(a), c.settle(a)]);
    expect([b.texts.every((text) => Number(text) % 2 === 0), b.texts.length]).toEqual([true, 10]);
    expect([c.texts.every((text) => Number(text) % 2 === 1), c.texts.length]).toEqual([true, 10]);
    expect(a.texts).toEqual([]);
  });

  test('keeps the order of each sender', async (join) => {
    const senders = [await join(), await join(), await join()];
    const receiver = await join();
    const count = 300;
    for (let at = 0; at < count; at++) {
      // Sizes differ: a large message must not be overtaken.
      const filler = 'x'.repeat(at % 50 === 0 ? 30_000 : at % 7);
      for (const [number, sender] of senders.entries()) sender.send(receiver, `${number}:${at}:${filler}`);
      if (at % 100 === 0) await new Promise((resolve) => void setImmediate(resolve));
    }
    await receiver.has(3 * count);
    for (const number of senders.keys()) {
      const order = receiver.texts.filter((text) => text.startsWith(`${number}:`)).map((text) => text.split(':')[1]);
      expect(order).toEqual(Array.from({ length: count }, (_, at) => `${at}`));
    }
  });

  test('delivers what a node sends to itself', async (join) => {
    const [a, b] = [await join(), await join()];
    a.send(a, 'echo');
    await a.has(1);
    expect(a.texts).toEqual(['echo']);
    await b.settle(a);
    expect(b.texts).toEqual([]);
  });

  test('never delivers while the sender is still sending', async (join) => {
    const [a, b] = [await join(), await join()];
    for (const to of [a, b]) {
      a.send(to, 'later');
      expect(to.received.length).toBe(0);
    }
    await Promise.all([a.has(1), b.has(1)]);
  });

  test('gives each receiver bytes of its own', async (join) => {
    const [a, b, c] = [await join(), await join(), await join()];
    const bytes = Buffer.from('the same bytes');
    for (const { name } of [b, c, a]) a.relay.send(name, bytes);
    await b.has(1);
    b.received[0].fill(0);
    await Promise.all([a.has(1), c.has(1)]);
    expect([bytes.toString(), a.texts, c.texts]).toEqual(['the same bytes', ['the same bytes'], ['the same bytes']]);
  });

  test('does nothing with messages to a node that does not exist', async (join) => {
    const [a, b] = [await join(), await join()];
    for (let at = 0; at < 10; at++) a.relay.send(`nobody${at}`, Buffer.from('lost'));
    a.send(b, 'kept');
    await b.has(1);
    expect([a.texts, b.texts]).toEqual([[], ['kept']]);
  });
}
