import { DirectoryState } from '../../cluster/directory-state.js';
import type { OwnedRoom } from '../../cluster/directory.js';
import { SeededRandom } from '../seeded-random.js';
import { LONG_MS, Member } from './member.js';
import type { Suite } from './suite.js';

const ROOMS = ['x', 'y', 'z'].map((key) => ({ service: 'model', key }));
const NODES = ['a', 'b', 'c'];
const STEPS = 300;

export function modelCases({ test, expect }: Suite): void {
  test('does what the directory in memory does, in a random order', async (directory) => {
    const model = new DirectoryState('model', () => Date.now(), true);
    const random = new SeededRandom(19);
    const pick = <T>(from: readonly T[]): T => from[random.uint32() % from.length];
    const members = new Map<string, Member>();
    for (const incarnation of NODES) {
      members.set(incarnation, await Member.join(directory, incarnation));
      model.renew({ incarnation, leaseMs: LONG_MS, info: '', rooms: [] });
    }
    /** Fences differ; those of the same claim belong together. */
    const claims: { incarnation: string; tested: OwnedRoom; model: OwnedRoom }[] = [];
    const steps: Record<string, () => Promise<readonly [unknown, unknown]>> = {
      claim: async () => {
        const incarnation = pick(NODES);
        const room = pick(ROOMS);
        const member = members.get(incarnation)!;
        const tested = await member.claim(room);
        const expected = model.claim({ room, incarnation, number: member.number });
        if (tested.kind === 'claimed' && expected.kind === 'claimed')
          claims.unshift({
            incarnation,
            tested: { room, fence: tested.fence },
            model: { room, fence: expected.fence },
          });
        const plain = (claimed: typeof tested) =>
          claimed.kind === 'owned' ? `owned by ${claimed.owner.incarnation}` : claimed.kind;
        return [plain(tested), plain(expected)];
      },
      release: async () => {
        const claim = pick(claims.slice(0, 6));
        if (claim === undefined) return [0, 0];
        const successor = pick([undefined, undefined, ...NODES]);
        const { room, fence } = claim.model;
        const { incarnation } = claim;
        return [
          await members.get(incarnation)!.release(claim.tested, successor),
          model.release({ room, incarnation, claim: { fence }, successor }),
        ];
      },
      renew: async () => {
        const incarnation = pick(NODES);
        const own = claims.filter((claim) => claim.incarnation === incarnation).slice(0, 4);
        const tested = await members.get(incarnation)!.renew(...own.map((claim) => claim.tested));
        const rooms = own.map((claim) => claim.model);
        const expected = model.renew({ incarnation, leaseMs: LONG_MS, info: '', rooms });
        const lost = (list: readonly OwnedRoom[]) => list.map(({ room }) => room.key);
        return [lost(tested.lost), lost(expected.lost)];
      },
      locate: async () => {
        const room = pick(ROOMS);
        return [(await directory.locate(room))?.incarnation, model.locate(room)?.incarnation];
      },
    };
    for (let step = 0; step < STEPS; step++) {
      const name = pick(Object.keys(steps));
      const [tested, expected] = await steps[name]();
      expect([step, name, tested]).toEqual([step, name, expected]);
    }
  });
}
