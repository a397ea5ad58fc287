import { expect, it } from '@jest/globals';
import { OtherNodes } from './other-nodes.js';

function others() {
  const events: string[] = [];
  const watch = {
    nodeJoined: (node: string) => void events.push(`joined ${node}`),
    nodeLeft: (node: string) => void events.push(`left ${node}`),
  };
  return { nodes: new OtherNodes('own', watch), events };
}

it('remembers a node that has ended, however it was told, until it is listed again', () => {
  const { nodes, events } = others();
  nodes.listed(['own', 'a', 'b'], false);
  nodes.listed(['own', 'b'], false);
  nodes.ended('b');
  expect([...nodes.alive]).toEqual([]);
  expect([nodes.hasLeft('a'), nodes.hasLeft('b')]).toEqual([true, true]);
  nodes.listed(['own', 'a'], false);
  expect([nodes.hasLeft('a'), nodes.hasLeft('b')]).toEqual([false, true]);
  expect(events).toEqual(['joined a', 'joined b', 'left a', 'left b', 'joined a']);
});

it('knows the end of a node that was never listed: somebody may have a link to it', () => {
  const { nodes, events } = others();
  nodes.ended('brief');
  expect([nodes.hasLeft('brief'), events]).toEqual([true, ['left brief']]);
});
