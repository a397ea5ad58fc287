import { Logger } from '@nestjs/common';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { startDemo } from './support/demo-app.js';

/** A possible future `ws`: it listens to its socket in an unknown way. */
const internals = WebSocket.prototype as unknown as { setSocket(socket: Duplex, ...rest: unknown[]): void };
const { setSocket } = internals;
internals.setSocket = function (socket, ...rest) {
  setSocket.call(this, socket, ...rest);
  socket.on('end', () => undefined);
};
const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
afterAll(() => {
  internals.setSocket = setSocket;
  warned.mockRestore();
});

// The protocol still works.
await import('./protocol.e2e-spec.js');

describe('a ws that we do not know', () => {
  it('is left to do everything, and one line in the log says so', async () => {
    const again = await startDemo();
    await again.close();
    expect(warned.mock.calls).toEqual([[expect.stringContaining('This version of ws')]]);
  });
});
