/**
 * Most connections never have a `ws` object. The same promises hold for those that have one: these specs run again with a
 * `ws` object for every connection from the start.
 */
import { describe, expect, it } from '@jest/globals';
import { SocketFactory } from '../libs/jamsocket/src/gateway/socket-factory.js';

const { open } = Object.getOwnPropertyDescriptors(SocketFactory.prototype) as {
  open: TypedPropertyDescriptor<SocketFactory['open']>;
};

let made = 0;
SocketFactory.prototype.open = function (this: SocketFactory, request, socket, head, client) {
  const connection = open.value!.call(this, request, socket, head, client);
  if (connection !== undefined) {
    connection.useWs();
    made += 1;
  }
  return connection;
};

await import('./protocol.e2e-spec.js');
await import('./fast-path-model.e2e-spec.js');
await import('./paused-socket.e2e-spec.js');
await import('./shutdown-sockets.e2e-spec.js');

describe('the ws object', () => {
  it('was made for every connection', () => {
    expect(made).toBeGreaterThan(470);
  });
});
