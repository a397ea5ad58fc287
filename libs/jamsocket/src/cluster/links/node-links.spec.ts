import { describe, expect, it } from '@jest/globals';
import { SeededRandom, VirtualClock } from '../../testing/index.js';
import { InProcessHub } from '../in-process/in-process-hub.js';
import type { Relay } from '../relay.js';
import { encodeFrame, FRAME, HEADROOM_BYTES, PROTOCOL } from './link-frame.js';
import { LINKS_DEFAULTS, NodeLinks, type LinksSettings } from './node-links.js';
import type { LinkUser, PeerLink } from './peer-link.js';

const KIB = 1_024;
const MIB = KIB * KIB;
/** A version of the links that this one is not. */
const OTHER = PROTOCOL + 1;

class Node implements LinkUser {
  readonly events: string[] = [];
  readonly received_: string[] = [];
  receivedBytes = 0;
  readonly links: NodeLinks;

  constructor(
    readonly name: string,
    readonly net: Net,
    relay: Relay,
    settings: Partial<LinksSettings>,
  ) {
    const random = new SeededRandom(name.charCodeAt(0));
    this.links = new NodeLinks(relay, name, net.clock, random, this, { ...LINKS_DEFAULTS, ...settings });
  }
  get faults() {
    return this.net.hub.node(this.name);
  }
  send(to: Node, ...texts: readonly string[]): void {
    for (const text of texts) this.links.to(to.name).send(Buffer.from(text));
  }
  takeEvents(): string[] {
    return this.events.splice(0);
  }
  takeTexts(): string[] {
    return this.received_.splice(0);
  }
  up({ peer }: PeerLink) {
    this.events.push(`up ${peer}`);
  }
  received(_link: PeerLink, message: Buffer) {
    this.receivedBytes += message.length;
    this.received_.push(message.length > KIB ? `${message.length} of ${message[0]}` : message.toString());
  }
  isHalted = false;
  atFlush: string[] = [];
  flushing(link: PeerLink) {
    for (const text of this.atFlush.splice(0)) link.send(Buffer.from(text));
    return !this.isHalted;
  }
  drained({ peer }: PeerLink) {
    this.events.push(`drained ${peer}`);
  }
  foreign(peer: string, version: number) {
    this.events.push(`${peer} speaks ${version}`);
  }
  down({ peer }: PeerLink, reason: string) {
    this.events.push(`down ${peer}: ${reason}`);
  }
}

class Net {
  readonly clock = new VirtualClock();
  readonly hub = new InProcessHub(this.clock);

  async join(name: string, settings: Partial<LinksSettings> = {}, wrap = (relay: Relay) => relay): Promise<Node> {
    const node = new Node(name, this, wrap(this.hub.node(name).openRelay()), settings);
    await node.links.open();
    return node;
  }
  async pair(settings: Partial<LinksSettings> = {}): Promise<readonly [Node, Node]> {
    return [await this.join('a', settings), await this.join('b', settings)];
  }
  /** Lets everything that is under way arrive, for some time. */
  async pass(ms = 0): Promise<void> {
    const limit = this.clock.now() + ms;
    await this.turns();
    while (this.clock.runNext(limit)) await this.turns();
    this.clock.moveTo(limit);
  }
  async turns(count = 12): Promise<void> {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Loses, repeats and swaps messages. */
function shaky(random: SeededRandom, isCalm: () => boolean): (relay: Relay) => Relay {
  return (relay) => {
    let kept: { node: string; bytes: Buffer } | undefined;
    const send = relay.send.bind(relay);
    return Object.assign(relay, {
      send: (node: string, bytes: Buffer) => {
        const chance = isCalm() ? 99 : random.uint32() % 12;
        if (chance === 0) return;
        if (chance === 1 && kept === undefined) kept = { node, bytes };
        else send(node, bytes);
        if (chance === 2) send(node, bytes);
        if (chance > 2 && kept !== undefined) {
          send(kept.node, kept.bytes);
          kept = undefined;
        }
      },
    });
  };
}

describe('links between nodes', () => {
  it('carry messages that have room for the head of a frame before them, alone and with others', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    const link = a.links.to('b');
    const roomy = (text: string, bytes = text.length) => {
      const memory = Buffer.alloc(HEADROOM_BYTES + bytes, text);
      memory.write(text, HEADROOM_BYTES);
      link.send(memory.subarray(HEADROOM_BYTES), HEADROOM_BYTES);
      return memory;
    };
    await net.pass();
    const memory = roomy('alone');
    await net.pass();
    expect(b.takeTexts()).toEqual(['alone']);
    // The frame is in the memory of the message: nothing was copied.
    expect(memory.includes('\x01a', 0, 'latin1')).toBe(true);
    roomy('first');
    roomy('second');
    a.send(b, 'third');
    await net.pass();
    expect(b.takeTexts()).toEqual(['first', 'second', 'third']);
    a.send(b, 'before');
    roomy('behind');
    await net.pass();
    expect(b.takeTexts()).toEqual(['before', 'behind']);
    roomy('x', 200 * KIB);
    await net.pass();
    expect(b.takeTexts()).toEqual([`${200 * KIB} of ${'x'.charCodeAt(0)}`]);
    roomy('last');
    await net.pass();
    expect(b.takeTexts()).toEqual(['last']);
  });

  it('carry messages of any size both ways, in order', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    a.send(b, 'first', '', 'ü🚀');
    await net.pass();
    expect([a.takeEvents(), b.takeEvents()]).toEqual([['up b'], ['up a']]);
    expect(b.takeTexts()).toEqual(['first', '', 'ü🚀']);
    for (const size of [65_536, 65_535, 5 * MIB, 1]) a.links.to('b').send(Buffer.alloc(size, 9));
    b.send(a, 'answer');
    a.send(b, 'last');
    await net.pass(3_000);
    expect(b.takeTexts()).toEqual(['65536 of 9', '65535 of 9', `${5 * MIB} of 9`, '\t', 'last']);
    expect(a.takeTexts()).toEqual(['answer']);
    expect([a.takeEvents(), b.takeEvents()]).toEqual([['drained b'], []]);
  });

  it('gather what one tick has for a node into one message', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    a.send(b, 'hello');
    await net.pass();
    const { framesSent } = a.links.counts;
    for (let at = 0; at < 500; at++) a.send(b, `message ${at}`);
    await net.pass();
    expect([a.links.counts.framesSent - framesSent, b.takeTexts().length]).toEqual([1, 501]);
  });

  it('open once, though both nodes begin at the same time', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    a.send(b, 'from a');
    b.send(a, 'from b');
    await net.pass(5_000);
    expect([a.takeTexts(), b.takeTexts()]).toEqual([['from b'], ['from a']]);
    expect([a.takeEvents(), b.takeEvents()]).toEqual([['up b'], ['up a']]);
  });

  it('deliver each message once and in order, whatever the relay loses, repeats and swaps', async () => {
    const net = new Net();
    const random = new SeededRandom(19);
    let isCalm = false;
    const wrap = shaky(random, () => isCalm);
    const nodes = [await net.join('a', {}, wrap), await net.join('b', {}, wrap), await net.join('c', {}, wrap)];
    const sent = new Map<string, string[]>();
    for (let at = 0; at < 2_000; at++) {
      const from = nodes[random.uint32() % 3];
      const to = nodes[(nodes.indexOf(from) + 1 + (random.uint32() % 2)) % 3];
      const text = `${at} ${'x'.repeat(random.uint32() % (at % 20 === 0 ? 900 : 40))}`;
      from.send(to, `${from.name} ${text}`);
      const key = `${from.name}${to.name}`;
      sent.set(key, [...(sent.get(key) ?? []), `${from.name} ${text}`]);
      if (at % 10 === 0) await net.turns(3);
      if (at % 100 === 0) await net.pass(1_000);
    }
    isCalm = true;
    await net.pass(5_000);
    for (const to of nodes) {
      const texts = to.takeTexts();
      for (const from of nodes) {
        const own = texts.filter((text) => text.startsWith(`${from.name} `));
        expect(own).toEqual(sent.get(`${from.name}${to.name}`) ?? []);
      }
      expect(to.links.counts.gaps).toBeGreaterThan(5);
      expect(to.takeEvents().filter((event) => event.startsWith('down'))).toEqual([]);
    }
  });

  it('go down on both sides when one cuts them, and begin anew', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    a.send(b, 'one');
    await net.pass();
    b.links.to('a').cut('moved');
    await net.pass();
    expect(a.takeEvents()).toEqual(['up b', 'down b: the other node has ended it']);
    expect(b.takeEvents()).toEqual(['up a', 'down a: moved']);
    a.send(b, 'two');
    await net.pass();
    expect([a.takeEvents(), b.takeTexts()]).toEqual([['up b'], ['one', 'two']]);
    await a.links.close();
    await net.pass();
    expect(b.takeEvents()).toEqual(['up a', 'down a: the other node has ended it']);
  });

  it('go down when the other node is silent, or does not exist', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    a.send(b, 'one');
    await net.pass();
    b.faults.kill();
    a.links.to('nobody').send(Buffer.from('lost'));
    await net.pass(2_900);
    expect(a.takeEvents()).toEqual(['up b']);
    await net.pass(1_200);
    expect(a.takeEvents()).toEqual(['down b: the other node is silent', 'down nobody: the other node does not answer']);
    expect(a.links.all).toEqual([]);
  });

  it('survive the deafness of a node, which connects again and misses nothing', async () => {
    const net = new Net();
    const a = await net.join('a');
    await net.pass(300);
    const b = await net.join('b');
    a.send(b, 'one');
    await net.pass(1_500);
    b.faults.isDeaf = true;
    a.send(b, 'two');
    await net.pass(1_000);
    expect([b.links.isDeaf, b.takeTexts()]).toEqual([false, ['one']]);
    await net.pass(3_000);
    expect([b.links.isDeaf, b.links.counts.reconnects, b.takeTexts()]).toEqual([false, 1, ['two']]);
    b.faults.isDeaf = 'forever';
    a.send(b, 'three');
    await net.pass(8_000);
    expect([b.links.isDeaf, a.takeEvents()]).toEqual([true, ['up b']]);
    expect(net.clock.now() % 1_000).toBe(800);
    await net.pass(300);
    b.faults.isDeaf = false;
    // It asks as soon as it hears itself, before the next beat of the other node.
    await net.pass(600);
    expect([b.links.isDeaf, b.takeTexts(), b.takeEvents()]).toEqual([false, ['three'], ['up a']]);
    await net.pass(300);
    // The other node hears this one, and would wait for ever.
    b.faults.isDeaf = 'forever';
    await net.pass(12_000);
    expect(a.takeEvents()).toEqual(['down b: the other node has ended it']);
    expect(b.takeEvents()).toEqual(['down a: this node hears nobody']);
  });

  it('give each new connection twice as much time, since a slow one must not be dropped for ever', async () => {
    const net = new Net();
    const [, b] = await net.pair();
    b.faults.isDeaf = 'forever';
    const after: number[] = [];
    for (let second = 1; second <= 34; second++) {
      const { reconnects } = b.links.counts;
      await net.pass(1_000);
      if (b.links.counts.reconnects > reconnects) after.push(second);
    }
    // It notices after 2 or 3 s.
    expect(after.map((second) => second - after[0] + 2)).toEqual([2, 4, 8, 16, 24, 32]);
    b.faults.isDeaf = false;
    await net.pass(2_000);
    expect(b.links.isDeaf).toBe(false);
    b.faults.isDeaf = 'forever';
    const { reconnects } = b.links.counts;
    await net.pass(4_000);
    expect(b.links.counts.reconnects).toBe(reconnects + 1);
  });

  it('survive an absence of the relay for everyone', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    a.send(b, 'one');
    await net.pass();
    net.hub.isLost = () => true;
    a.send(b, 'two');
    b.send(a, 'three');
    await net.pass(8_000);
    net.hub.isLost = () => false;
    await net.pass(2_100);
    expect([a.takeTexts(), b.takeTexts()]).toEqual([['three'], ['one', 'two']]);
    expect([a.takeEvents(), b.takeEvents()]).toEqual([['up b'], ['up a']]);
  });

  it('bound the bytes under way to a node, over all its senders', async () => {
    const net = new Net();
    const maxBytesUnderWay = MIB;
    const receiver = await net.join('r', { maxBytesUnderWay });
    const senders = await Promise.all(['1', '2', '3', '4', '5', '6'].map((name) => net.join(name)));
    let underWay = 0;
    let most = 0;
    net.hub.isLost = (_from, to, bytes) => {
      if (to === 'r') most = Math.max(most, (underWay += bytes.length));
      return false;
    };
    const receive = receiver.links.counts;
    for (const sender of senders) for (let at = 0; at < 80; at++) sender.links.to('r').send(Buffer.alloc(64 * KIB, 1));
    for (let turn = 0; turn < 2_000 && receiver.received_.length < 480; turn++) {
      await net.turns(1);
      underWay = Math.max(
        0,
        senders.reduce((sum, { links }) => sum + links.counts.bytesSent, 0) - receive.bytesReceived,
      );
      most = Math.max(most, underWay);
    }
    expect(receiver.received_.length).toBe(480);
    // Frames of hello and beats are not counted, and the last newcomers get a little in any case.
    expect(most).toBeLessThan(maxBytesUnderWay + senders.length * 40 * KIB);
    expect(most).toBeGreaterThan(maxBytesUnderWay / 2);
    expect(senders.flatMap((sender) => sender.takeEvents())).toEqual(senders.flatMap(() => ['up r', 'drained r']));
    expect(receiver.links.pool.promised).toBeLessThanOrEqual(maxBytesUnderWay + senders.length * 32 * KIB);
    for (const sender of senders) await sender.links.close();
    await net.pass();
    expect(receiver.links.pool.promised).toBe(0);
  });

  it('are cut if more waits for the other node than may wait', async () => {
    const net = new Net();
    const [a, b] = await net.pair({ maxWaitingBytes: MIB });
    a.send(b, 'one');
    await net.pass();
    b.faults.isDeaf = 'forever';
    const link = a.links.to('b');
    for (let at = 0; at < 23; at++) {
      link.send(Buffer.alloc(64 * KIB));
      await net.turns(2);
    }
    expect([link.isBehind, link.isDown, link.waitingBytes > MIB / 2]).toEqual([true, false, true]);
    for (let at = 0; at < 8; at++) link.send(Buffer.alloc(64 * KIB));
    expect(a.takeEvents()).toEqual(['up b', 'down b: the other node is too far behind']);
    link.send(Buffer.from('ignored'));
    expect(link.isDown).toBe(true);
  });

  it('refuse another version and say so, and ignore what is no frame', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    const hello = { version: OTHER, kind: FRAME.hello, from: 'b', fromEpoch: 7, toEpoch: 0 };
    const newer = encodeFrame({ ...hello, sequence: 0, received: 0, grant: 99_999 }, 0);
    b.faults.send('a', newer);
    await net.pass();
    expect([a.takeEvents(), a.links.all, a.links.counts.framesSent]).toEqual([[`b speaks ${OTHER}`], [], 1]);
    expect(a.links.foreignVersionOf('b')).toBe(OTHER);
    b.faults.send('a', newer);
    await net.pass();
    expect(a.takeEvents()).toEqual([]);
    a.send(b, 'one');
    await net.pass();
    const random = new SeededRandom(3);
    for (let at = 0; at < 300; at++) {
      const bytes =
        at % 2 === 0 ? Buffer.alloc(random.uint32() % 80) : Buffer.from(newer.subarray(0, at % newer.length));
      for (let byte = 0; byte < bytes.length; byte++) if (at % 2 === 0) bytes[byte] = random.uint32();
      b.faults.send('a', bytes);
    }
    await net.pass();
    b.send(a, 'two');
    await net.pass();
    expect([a.takeTexts(), b.takeTexts()]).toEqual([['two'], ['one']]);
    const reset = { ...hello, kind: FRAME.reset, toEpoch: a.links.find('b')!.epoch };
    b.faults.send('a', encodeFrame({ ...reset, sequence: 0, received: 0, grant: 0 }, 0));
    await net.pass();
    const reason = `the other node speaks version ${OTHER} of the links, and this node ${PROTOCOL}`;
    expect(a.takeEvents()).toEqual(['up b', `down b: ${reason}`, `b speaks ${OTHER}`]);
  });

  it('ask when messages are about to leave: what is added then leaves with them', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    a.send(b, 'one');
    await net.pass();
    const { framesSent } = a.links.counts;
    a.atFlush = ['three'];
    a.send(b, 'two');
    await net.pass();
    a.atFlush = ['four'];
    a.links.to('b').flushSoon();
    await net.pass();
    expect([b.takeTexts(), a.links.counts.framesSent - framesSent]).toEqual([['one', 'two', 'three', 'four'], 2]);
  });

  it('send nothing while nothing may leave, and everything in order afterwards', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    a.send(b, 'one');
    await net.pass();
    a.takeEvents();
    a.isHalted = true;
    a.send(b, 'two');
    await net.pass(2_000);
    a.send(b, 'three');
    await net.pass(2_000);
    const link = a.links.to('b');
    expect([b.takeTexts(), link.isBehind, a.takeEvents()]).toEqual([['one'], true, []]);
    a.isHalted = false;
    link.flush();
    await net.pass();
    expect([b.takeTexts(), link.isBehind, a.takeEvents()]).toEqual([['two', 'three'], false, ['drained b']]);
  });

  it('are cut when too much waits while nothing may leave', async () => {
    const net = new Net();
    const [a, b] = await net.pair({ maxHaltedBytes: 10 });
    a.send(b, 'one');
    await net.pass();
    a.isHalted = true;
    a.send(b, '5 bytes', 'more');
    await net.pass();
    expect(a.takeEvents()).toEqual(['up b']);
    a.send(b, 'too much');
    expect(a.takeEvents()).toEqual(['down b: too much waits while this node may not run its rooms']);
  });

  it('are not ended by the end of another link', async () => {
    const net = new Net();
    const [a, b] = await net.pair();
    net.hub.isLost = (from) => from === 'a';
    const link = a.links.to('b');
    const reset = { version: PROTOCOL, kind: FRAME.reset, from: 'b', fromEpoch: 0, toEpoch: 12_345 };
    b.faults.send('a', encodeFrame({ ...reset, sequence: 0, received: 0, grant: 0 }, 0));
    await net.pass();
    expect([link.isDown, a.takeEvents()]).toEqual([false, []]);
  });

  it('are cut by a payload that cannot be read', async () => {
    const net = new Net();
    const [a, b] = await net.pair({ maxMessageBytes: MIB });
    a.send(b, 'one');
    await net.pass();
    a.links.to('b').send(Buffer.alloc(MIB + 1));
    await net.pass();
    expect(b.takeEvents()).toEqual(['up a', `down a: a message is longer than ${MIB} bytes`]);
    expect(a.takeEvents().at(-1)).toBe('down b: the other node has ended it');
    a.send(b, 'two');
    await net.pass();
    const { epoch, peerEpoch } = a.links.find('b')!;
    const head = { version: PROTOCOL, kind: FRAME.data, from: 'a', fromEpoch: epoch, toEpoch: peerEpoch };
    const torn = Buffer.from([200, 0, 0, 0, 1]);
    const whole = encodeFrame({ ...head, sequence: 2, received: 0, grant: 0 }, 0);
    a.faults.send('b', Buffer.concat([whole, torn]));
    await net.pass();
    expect(b.takeEvents()).toEqual(['up a', 'down a: a frame ends early']);
  });
});
