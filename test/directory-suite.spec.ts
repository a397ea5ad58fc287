import { describe, expect, it } from '@jest/globals';
import type { Directory, Renewal, RoomClaim, RoomRelease } from '../libs/jamsocket/src/cluster/directory.js';
import { InProcessHub } from '../libs/jamsocket/src/cluster/in-process/in-process-hub.js';
import { describeDirectory, VirtualClock } from 'nestjs-jamsocket/testing';

type Flaw = (directory: Directory, hub: InProcessHub) => Partial<Directory>;

/** Runs the suite with a flawed directory, and gives the name of the first test that fails. */
async function firstFailure(flaw: Flaw): Promise<string | undefined> {
  const tests: { name: string; body: () => Promise<void> }[] = [];
  const framework = {
    describe: (_name: string, body: () => void) => body(),
    it: (name: string, body: () => Promise<void>) => tests.push({ name, body }),
    expect,
  };
  const hubs = new Map<string, InProcessHub>();
  let clock = new VirtualClock();
  const hubOf = (name: string) => {
    if (!hubs.has(name)) hubs.set(name, new InProcessHub((clock = new VirtualClock())));
    return hubs.get(name)!;
  };
  const options = {
    open: (name: string) => {
      const directory = hubOf(name).node('one').openDirectory();
      return Object.assign(directory, flaw(bound(directory), hubOf(name)));
    },
    forget: (name: string) => hubOf(name).failOver(),
    sleep: (ms: number) => clock.moveTo(clock.now() + ms),
    leaseMs: 2_000,
  };
  describeDirectory('a directory', options, framework);
  for (const { name, body } of tests) {
    try {
      await body();
    } catch {
      return name;
    }
  }
  return undefined;
}

/** The methods as they are before the flaw replaces them. */
function bound(directory: Directory): Directory {
  const names = ['renew', 'claim', 'release', 'locate', 'nodes', 'resign', 'close'] as const;
  return Object.fromEntries(names.map((name) => [name, directory[name].bind(directory)])) as never;
}

const renewing =
  (change: (renewal: Renewal) => Renewal): Flaw =>
  (directory) => ({
    renew: (renewal) => directory.renew(change(renewal)),
  });
const claiming =
  (change: (claim: RoomClaim) => RoomClaim): Flaw =>
  (directory) => ({
    claim: (claim) => directory.claim(change(claim)),
  });
const releasing =
  (change: (release: RoomRelease) => RoomRelease): Flaw =>
  (directory) => ({
    release: (release) => directory.release(change(release)),
  });

const FLAWS: Readonly<Record<string, Flaw>> = {
  'ends leases early': renewing((renewal) => ({ ...renewal, leaseMs: renewal.leaseMs / 8 })),
  'never ends a lease': renewing((renewal) => ({ ...renewal, leaseMs: 1_000_000 })),
  'does not check rooms': renewing((renewal) => ({ ...renewal, rooms: [] })),
  'checks the first room only': renewing((renewal) => ({ ...renewal, rooms: renewal.rooms.slice(0, 1) })),
  'forgets what nodes tell of themselves': renewing((renewal) => ({ ...renewal, info: '' })),
  'takes late renewals': renewing((renewal) => ({ ...renewal, notAfter: undefined })),
  'takes late claims': claiming((claim) => ({ ...claim, notAfter: undefined })),
  'takes claims that were overtaken': claiming((claim) => ({ ...claim, number: 1_000 })),
  'compares the numbers of claims as text': claiming((claim) => ({ ...claim, number: Number(`0.${claim.number}`) })),
  'does not heed the fence asked for': claiming((claim) => ({ ...claim, minFence: 1 })),
  'confuses the rooms of services': claiming((claim) => ({ ...claim, room: { service: 'a', key: claim.room.key } })),
  'forgets successors': releasing((release) => ({ ...release, successor: undefined })),
  'releases whoever asks': (directory) => ({
    release: async (release) => {
      const owner = await directory.locate(release.room);
      return directory.release({ ...release, ...owner, claim: owner ?? release.claim });
    },
  }),
  'does not tell of losses': (directory) => ({
    renew: async (renewal) => ({ ...(await directory.renew(renewal)), epoch: 'always' }),
  }),
  'gives rooms away although it settles': (directory, hub) => ({
    claim: async (claim) => {
      const claimed = await directory.claim(claim);
      if (claimed.kind !== 'settling') return claimed;
      hub.failOver(hub.replica());
      return { kind: 'claimed', fence: hub.clock.wallTime() * 1_000 };
    },
  }),
  'locates owners whose leases have ended': (directory) => {
    const owners = new Map<string, Awaited<ReturnType<Directory['locate']>>>();
    return {
      locate: async (room) => {
        const owner = (await directory.locate(room)) ?? owners.get(room.key);
        owners.set(room.key, owner);
        return owner;
      },
    };
  },
  'gives two nodes the room': (directory) => ({
    claim: async (claim) => {
      const claimed = await directory.claim(claim);
      return claimed.kind === 'owned' ? { kind: 'claimed', fence: claimed.owner.fence + 1 } : claimed;
    },
  }),
  'has small fences': (directory) => ({
    claim: async (claim) => {
      const claimed = await directory.claim(claim);
      return claimed.kind === 'claimed' ? { ...claimed, fence: claimed.fence % 1_000_000 } : claimed;
    },
  }),
  'does nothing when a node resigns': () => ({ resign: async () => undefined }),
  'has no error when it is closed': () => ({ close: async () => undefined }),
};

describe('describeDirectory', () => {
  it.each(Object.entries(FLAWS))('notices a directory that %s', async (_name, flaw) => {
    expect(await firstFailure(flaw)).toEqual(expect.any(String));
  });

  it('finds nothing wrong with a good one', async () => {
    expect(await firstFailure(() => ({}))).toBe(undefined);
  });
});
