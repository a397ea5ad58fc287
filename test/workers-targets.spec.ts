import { expect, it } from '@jest/globals';
import { RoomTargets } from '../libs/jamsocket/src/workers/hand-over/room-targets.js';

const room = { service: 'board', key: 'a' };

function targets() {
  const world = { owner: undefined as string | undefined, taking: new Set(['one', 'two']), now: 0 };
  const made = new RoomTargets(
    () => world.owner,
    (node) => world.taking.has(node),
    () => world.now,
  );
  return { world, ask: (forNew: string, owner?: string | null) => made.targetOf({ room, forNew, owner }) };
}

it('all clients of a new room meet at the worker that was named first, for as long as a connect may take', () => {
  const { world, ask } = targets();
  expect([ask('one'), ask('two'), ask('one')]).toEqual(['one', 'one', 'one']);
  world.now = 9_999;
  expect(ask('two')).toBe('one');
  world.now = 10_000;
  expect(ask('two')).toBe('two');
});

it('the owner of a room counts more than what was promised, whether the primary or another directory knows it', () => {
  const { world, ask } = targets();
  expect(ask('one')).toBe('one');
  world.owner = 'two';
  expect(ask('one')).toBe('two');
  world.owner = undefined;
  expect(ask('two')).toBe('two');
  expect(ask('one', 'one')).toBe('one');
});

it('a client whose worker looked before the room began follows those whose workers looked later', () => {
  const { world, ask } = targets();
  expect(ask('two', 'one')).toBe('one');
  expect(ask('two', null)).toBe('one');
  world.now = 10_000;
  expect(ask('two', null)).toBe('two');
});

it('names no worker that takes no sockets: another one begins the room', () => {
  const { world, ask } = targets();
  expect(ask('three')).toBeUndefined();
  expect(ask('one')).toBe('one');
  world.taking.delete('one');
  expect(ask('two')).toBe('two');
  world.owner = 'one';
  expect(ask('two')).toBeUndefined();
});
