import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeRelay } from 'nestjs-jamsocket/testing';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SocketRelay } from '../libs/jamsocket/src/workers/socket-relay.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jamsocket-relay-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describeRelay('Unix sockets', { open: () => new SocketRelay(folder) });

describe('a relay of Unix sockets', () => {
  it('drops a sender whose message is larger than any, and removes its socket when it is closed', async () => {
    const relay = new SocketRelay(folder);
    const received: string[] = [];
    await relay.open('strict', (bytes) => received.push(String(bytes)));
    const [name] = readdirSync(folder);
    const stranger = connect(join(folder, name));
    stranger.on('error', () => undefined);
    stranger.write(Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.from('ok'), Buffer.alloc(64, 255)]));
    await once(stranger, 'close');
    expect(received).toEqual(['ok']);
    await relay.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});
