import { describe, expect, it } from '@jest/globals';
import { tryOut, putWsOn } from './ws-handover.js';

describe('putting ws on a socket later', () => {
  it('is possible with the ws that is installed', () => {
    expect(tryOut(putWsOn)).toBe(true);
  });

  it.each<[string, typeof putWsOn]>([
    [
      'has no way to do it',
      () => {
        throw new TypeError('ws.setSocket is not a function');
      },
    ],
    [
      'listens to more',
      (socket, options) => {
        const ws = putWsOn(socket, options);
        socket.on('close', () => undefined);
        return ws;
      },
    ],
    [
      'listens to less',
      (socket, options) => {
        const ws = putWsOn(socket, options);
        socket.removeAllListeners('end');
        return ws;
      },
    ],
    [
      'takes its bytes in another way',
      (socket, options) => {
        const ws = putWsOn(socket, options);
        socket.removeAllListeners('data');
        socket.on('data', () => undefined);
        return ws;
      },
    ],
  ])('is found to be impossible where ws %s', (_how, put) => {
    expect(tryOut(put)).toBe(false);
  });
});
