import { jest } from '@jest/globals';

/**
 * From here on `setTimeout` waits for `jest.advanceTimersByTime`, and nothing else does: sockets, promises and
 * `node:timers/promises` go on. `jest.useRealTimers` ends it.
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
