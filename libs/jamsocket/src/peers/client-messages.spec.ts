import { beforeEach, describe, expect, it } from '@jest/globals';
import { eachRun, FORM, GatheredMessages, readRun } from './client-messages.js';
import { kindOf, TO_OWNER } from './messages.js';

const NAMES = Object.fromEntries(Object.entries(FORM).map(([name, form]) => [form, name]));

/** Reads what was gathered: the channel of each run, and what was said in it. */
function runsOf(messages: Buffer): { channel: number; said: [form: string, text: string][] }[] {
  const runs: ReturnType<typeof runsOf> = [];
  eachRun(messages, (channel, from, to) => {
    const said: [string, string][] = [];
    const client = {
      said: (form: number, bytes: Buffer, at: number, end: number) =>
        void said.push([NAMES[form], bytes.toString('utf8', at, end)]),
    };
    readRun(client, messages, from, to);
    runs.push({ channel, said });
  });
  return runs;
}

describe('what clients of an edge say in a tick', () => {
  let gathered: GatheredMessages;
  const say = (channel: number, text: string) => gathered.addText(channel, text, Buffer.byteLength(text));

  beforeEach(() => {
    gathered = new GatheredMessages();
  });

  it('goes to the owner as one message, in order, the messages of one client in a run', () => {
    say(7, 'one');
    say(7, 'zwölf');
    gathered.addBinary(7, Buffer.from('three'));
    say(2 ** 32 - 1, '');
    say(7, 'four');
    const messages = gathered.take()!;
    expect(kindOf(messages)).toBe(TO_OWNER.messages);
    expect(runsOf(messages)).toEqual([
      {
        channel: 7,
        said: [
          ['ascii', 'one'],
          ['utf8', 'zwölf'],
          ['binary', 'three'],
        ],
      },
      { channel: 2 ** 32 - 1, said: [['ascii', '']] },
      { channel: 7, said: [['ascii', 'four']] },
    ]);
  });

  it('is not changed by what they say later', () => {
    say(1, 'first');
    const messages = gathered.take()!;
    say(2, 'later');
    expect(runsOf(messages)).toEqual([{ channel: 1, said: [['ascii', 'first']] }]);
    expect(runsOf(gathered.take()!)).toEqual([{ channel: 2, said: [['ascii', 'later']] }]);
    expect(gathered.take()).toBeUndefined();
  });

  it('is gathered up to 60 KiB', () => {
    const longest = 60 * 1_024 - 8;
    expect([gathered.takes(longest), gathered.takes(longest + 1)]).toEqual([true, false]);
    say(1, 'x'.repeat(longest - 100));
    expect([gathered.fits(92), gathered.fits(93)]).toEqual([true, false]);
    say(1, 'y'.repeat(92));
    expect(runsOf(gathered.take()!)[0].said.map(([, { length }]) => length)).toEqual([longest - 100, 92]);
    expect(gathered.fits(longest)).toBe(true);
  });

  it('is refused if it ends early, and nothing of the run that ends early is handled', () => {
    say(1, 'whole');
    say(2, 'cut off');
    const messages = gathered.take()!;
    for (let end = messages.length - 1; end > messages.length - 15; end--) {
      const channels: number[] = [];
      expect(() => eachRun(messages.subarray(0, end), (channel) => void channels.push(channel))).toThrow(
        /out of range|ends early/,
      );
      expect(channels).not.toContain(2);
    }
  });
});
