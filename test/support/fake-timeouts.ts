import { jest } from '@jest/globals';

/**
 * Makes `setTimeout` wait for `jest.advanceTimersByTime`. Sockets, promises and `node:timers/promises` stay real.
 * `jest.useRealTimers` ends it.
 */
export function fakeTimeouts(): void {
  jest.useFakeTimers({
    doNotFake: [
      'Date',
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
    ],
  });
}
