import { describe, expect, it } from '@jest/globals';
import { PathTemplate } from './path-template.js';

describe('the path of a service', () => {
  it.each([
    [undefined, '/:room', 'default', ['room']],
    ['counter', '/counter/:room', 'counter', ['room']],
    ['/counter/', '/counter/:room', 'counter', ['room']],
    ['a/b', '/a/b/:room', 'a/b', ['room']],
    ['games/:game/:room', '/games/:game/:room', 'games', ['game', 'room']],
    [':tenant/boards/:room', '/:tenant/boards/:room', 'boards', ['tenant', 'room']],
  ])('%p is %s', (path, text, service, paramNames) => {
    const template = new PathTemplate(path, 'A');
    expect([template.toString(), template.service, template.paramNames]).toEqual([text, service, paramNames]);
  });

  it.each([
    [':game', 'must end in "/:room"'],
    [':room/more', 'must end in "/:room"'],
    ['a//b', 'neither a word nor a parameter'],
    ['a b', 'neither a word nor a parameter'],
    ['a/*/:room', 'neither a word nor a parameter'],
    ['../:room', 'neither a word nor a parameter'],
    ['a/./:room', 'neither a word nor a parameter'],
    [':__proto__/:room', 'neither a word nor a parameter'],
    [':room/:room', 'same name as another'],
  ])('%p is refused', (path, mistake) => {
    expect(() => new PathTemplate(path, 'ChatRoom')).toThrow(`ChatRoom: `);
    expect(() => new PathTemplate(path, 'ChatRoom')).toThrow(mistake);
  });

  it('has the same shape as another with other names of parameters', () => {
    const [one, other] = ['games/:game/:room', 'games/:kind/:room'].map((path) => new PathTemplate(path, 'A').shape);
    expect(one).toBe(other);
  });
});
