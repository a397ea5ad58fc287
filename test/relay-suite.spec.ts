import { describe, expect, it } from '@jest/globals';
import { describeRelay, VirtualClock } from 'nestjs-jamsocket/testing';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import type { Relay } from '../libs/jamsocket/src/cluster/relay.js';

type Flaw = (relay: Relay, hub: InProcessHub) => Partial<Relay>;

/** Longer than any good test takes: a flaw may make one wait without an end. */
const HANGS_MS = 1_500;

/** Runs the suite with a flawed relay, and gives the name of the first test that fails. */
async function firstFailure(flaw: Flaw): Promise<string | undefined> {
  const tests: { name: string; body: () => Promise<void> }[] = [];
  const framework = {
    describe: (_name: string, body: () => void) => body(),
    it: (name: string, body: () => Promise<void>) => tests.push({ name, body }),
    expect,
  };
  const hub = new InProcessHub(new VirtualClock());
  let nodes = 0;
  const open = () => {
    const relay = hub.node(`node${++nodes}`).openRelay();
    const { open: opening, send, reconnect, close } = relay;
    const kept = {
      open: opening.bind(relay),
      send: send.bind(relay),
      reconnect: reconnect.bind(relay),
      close: close.bind(relay),
    };
    return Object.assign(relay, flaw(kept, hub));
  };
  describeRelay('a relay', { open }, framework);
  for (const { name, body } of tests) {
    let timer: NodeJS.Timeout | undefined;
    const hanging = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('it hangs')), HANGS_MS);
    });
    try {
      await Promise.race([body(), hanging]);
    } catch {
      return name;
    } finally {
      clearTimeout(timer);
    }
  }
  return undefined;
}

const sending =
  (change: (bytes: Buffer) => Buffer): Flaw =>
  (relay) => ({ send: (node, bytes) => relay.send(node, change(bytes)) });
const receiving =
  (change: (bytes: Buffer, receive: (bytes: Buffer) => void) => void): Flaw =>
  (relay) => ({ open: (node, receive) => relay.open(node, (bytes) => change(bytes, receive)) });

const FLAWS: Readonly<Record<string, Flaw>> = {
  'takes bytes for text': sending((bytes) => Buffer.from(bytes.toString())),
  'splits large messages': receiving((bytes, receive) => {
    if (bytes.length > 60_000) receive(bytes.subarray(0, 60_000));
    receive(bytes.subarray(bytes.length > 60_000 ? 60_000 : 0));
  }),
  'delivers to everyone': (relay, hub) => {
    const everyone = ((hub as { everyone?: Set<string> }).everyone ??= new Set());
    return {
      open: (node, receive) => {
        everyone.add(node);
        return relay.open(node, receive);
      },
      send: (_node, bytes) => everyone.forEach((each) => relay.send(each, bytes)),
    };
  },
  'lets small messages overtake large ones': (relay) => ({
    send: (node, bytes) => {
      if (bytes.length > 20_000) setImmediate(() => relay.send(node, bytes));
      else relay.send(node, bytes);
    },
  }),
  'delivers the last message first': receiving(
    (() => {
      let waiting: Buffer[] = [];
      return (bytes: Buffer, receive: (bytes: Buffer) => void) => {
        if (waiting.push(bytes) === 1)
          setTimeout(() => {
            const all = waiting.reverse();
            waiting = [];
            all.forEach(receive);
          }, 1);
      };
    })(),
  ),
  'does not deliver to the sender': (relay) => {
    let own = '';
    return {
      open: (node, receive) => relay.open((own = node), receive),
      send: (node, bytes) => void (node === own || relay.send(node, bytes)),
    };
  },
  'delivers to the sender at once': (relay) => {
    let own = '';
    let deliver: (bytes: Buffer) => void = () => undefined;
    return {
      open: (node, receive) => relay.open((own = node), (deliver = receive)),
      send: (node, bytes) => (node === own ? deliver(bytes) : relay.send(node, bytes)),
    };
  },
  'gives all receivers the same bytes': (relay, hub) => {
    const shared = ((hub as { shared?: Map<string, Buffer> }).shared ??= new Map());
    return {
      open: (node, receive) =>
        relay.open(node, (bytes) => {
          const key = bytes.toString('latin1');
          shared.set(key, shared.get(key) ?? bytes);
          receive(shared.get(key) ?? bytes);
        }),
    };
  },
  'throws for unknown nodes': (relay) => ({
    send: (node, bytes) => {
      if (node.startsWith('nobody')) throw new Error('unknown node');
      relay.send(node, bytes);
    },
  }),
  'is deaf after it has reconnected': (relay) => {
    let isDeaf = false;
    return {
      open: (node, receive) => relay.open(node, (bytes) => void (isDeaf || receive(bytes))),
      reconnect: () => void (isDeaf = true),
    };
  },
  'delivers twice after it has reconnected': (relay) => {
    let times = 1;
    return {
      open: (node, receive) =>
        relay.open(node, (bytes) => {
          for (let time = 0; time < times; time++) receive(bytes);
        }),
      reconnect: () => void times++,
    };
  },
  'goes on when it is closed': () => ({ close: async () => undefined }),
  'cannot be closed twice': (relay) => {
    let isClosed = false;
    return {
      close: async () => {
        if (isClosed) throw new Error('closed already');
        isClosed = true;
        await relay.close();
      },
    };
  },
  'takes any name': (relay) => ({ open: (node, receive) => relay.open(node.replace(/\W/g, '') || 'x', receive) }),
};

describe('describeRelay', () => {
  it.each(Object.entries(FLAWS))('notices a relay that %s', async (_name, flaw) => {
    expect(await firstFailure(flaw)).toEqual(expect.any(String));
  });

  it('finds nothing wrong with a good one', async () => {
    expect(await firstFailure(() => ({}))).toBe(undefined);
  });
});
