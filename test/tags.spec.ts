import { afterEach, expect, it } from '@jest/globals';
import { JamsocketService, OnMessage, tagged, type Client } from 'nestjs-jamsocket';
import { createTestRoom, type TestRoom } from 'nestjs-jamsocket/testing';

@JamsocketService()
class Teams {
  @OnMessage()
  join(client: Client, text: string) {
    const { tag } = JSON.parse(text) as { tag: string };
    try {
      client.tag('seen', tag);
    } catch (error) {
      client.sendMessage(String(error));
    }
    client.sendMessage([...client.tags].join());
  }
}

let room: TestRoom<Teams>;

afterEach(() => room.close());

it('refuses a tag that is not a string, which a client may have sent, and adds none of its call', async () => {
  room = await createTestRoom(Teams);
  const client = await room.connect();
  const mistakes: [unknown, string][] = [
    [5, 'number'],
    [null, 'null'],
    [{ a: 1 }, 'object'],
    [undefined, 'undefined'],
  ];
  for (const [tag, type] of mistakes) {
    client.send(JSON.stringify({ tag }));
    expect(await client.next()).toBe(`TypeError: A tag must be a string, not ${type}.`);
    expect(await client.next()).toBe('');
    expect(() => tagged(tag as never)).toThrow(TypeError);
  }
  client.send('{"tag":"red"}');
  expect(await client.next()).toBe('seen,red');
});
