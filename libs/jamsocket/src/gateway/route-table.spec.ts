import { describe, expect, it } from '@jest/globals';
import type { ServiceDefinition } from '../discovery/definitions.js';
import { PathTemplate } from '../discovery/path-template.js';
import { RouteTable } from './route-table.js';

function tableOf(prefix: string, ...paths: (string | undefined)[]): RouteTable {
  const definitions = paths.map((path) => {
    const template = new PathTemplate(path, 'A');
    const { service, paramNames } = template;
    return {
      template,
      service,
      paramNames,
      options: { limits: { maxRoomIdLength: 128 } },
    } as unknown as ServiceDefinition;
  });
  return new RouteTable(prefix, definitions);
}

const table = tableOf('/ws', undefined, 'counter', 'games/:game/:room', 'games/chess/:room', 'a.b/:room');

describe('the route table', () => {
  it.each([
    ['/ws/lobby', 'default', 'lobby', 'lobby'],
    ['/ws/lobby?token=a/b', 'default', 'lobby', 'lobby'],
    ['/ws/lobby#part', 'default', 'lobby', 'lobby'],
    ['/ws/counter/one', 'counter', 'one', 'one'],
    ['/ws/counter', 'default', 'counter', 'counter'],
    ['/ws/games/go/one', 'games', 'one', 'go/one'],
    ['/ws/games/chess/one', 'games/chess', 'one', 'one'],
    ['/ws/a.b/one', 'a.b', 'one', 'one'],
    ['/ws/%C3%BCber', 'default', 'über', 'über'],
    ['/ws/a%2Fb', 'default', 'a/b', 'a/b'],
    ['/ws/games/a%2Fb/c', 'games', 'c', 'a%2Fb/c'],
    ['/ws/lobby/', 'default', 'lobby', 'lobby'],
    ['/ws/lobby/?token=a', 'default', 'lobby', 'lobby'],
    ['/ws/counter/one/', 'counter', 'one', 'one'],
    ['/ws/games/go/one/', 'games', 'one', 'go/one'],
    ['/ws/...', 'default', '...', '...'],
    ['/ws/%F0%9F%98%80', 'default', '😀', '😀'],
    ['/ws/__proto__', 'default', '__proto__', '__proto__'],
    ['/ws/constructor', 'default', 'constructor', 'constructor'],
  ])('%s is for the service %s, room %s', (url, service, roomId, key) => {
    const { definition, address } = table.find(url);
    expect([definition.service, address.roomId, address.key]).toEqual([service, roomId, key]);
  });

  it.each([
    ['/ws/', 'no_such_service'],
    ['/ws/a/b/c/d', 'no_such_service'],
    ['/ws/counter/', 'no_such_service'],
    // A parameter is missing: it must not become the room "counter" of the default service.
    ['/ws/games/go/', 'no_such_service'],
    ['/ws//lobby', 'no_such_service'],
    ['/ws/lobby//', 'no_such_service'],
    ['/ws//', 'no_such_service'],
    ['/ws/.', 'bad_room_id'],
    ['/ws/..', 'bad_room_id'],
    ['/ws/%2E%2e', 'bad_room_id'],
    ['/ws/games/../one', 'bad_room_id'],
    ['/ws/%', 'bad_url'],
    ['/ws/%ff', 'bad_url'],
    ['/ws/a%00b', 'bad_room_id'],
    ['/ws/a%C2%85b', 'bad_room_id'],
    [`/ws/${'x'.repeat(129)}`, 'bad_room_id'],
    [`/ws/games/${'x'.repeat(129)}/a`, 'bad_room_id'],
  ])('%s is refused: %s', (url, code) => {
    expect(() => table.find(url)).toThrow(expect.objectContaining({ code }));
  });

  it('counts the characters of a room id, not those of its encoding', () => {
    const id = 'ü'.repeat(128);
    expect(table.find(`/ws/${encodeURIComponent(id)}`).address.roomId).toBe(id);
  });

  it('owns what is below its prefix and nothing else', () => {
    for (const url of ['/ws/a', '/ws/a/b/c', '/ws/?x']) expect([url, table.owns(url)]).toEqual([url, true]);
    for (const url of ['/', '/ws', '/wsx/a', '/other/ws/a', 'ws/a', '']) {
      expect([url, table.owns(url)]).toEqual([url, false]);
    }
  });

  it('without a prefix owns only what matches a service', () => {
    const bare = tableOf('', 'counter');
    expect(bare.owns('/counter/one')).toBe(true);
    expect(bare.owns('/counter/one/')).toBe(true);
    expect(bare.owns('/counter/')).toBe(false);
    expect(bare.owns('/socket.io/')).toBe(false);
    expect(bare.find('/counter/one').address.roomId).toBe('one');
  });
});
