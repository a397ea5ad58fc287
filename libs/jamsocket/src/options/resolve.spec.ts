import { describe, expect, it } from '@jest/globals';
import type { JamsocketOptions } from './options.js';
import { resolveOptions, resolveRoomOptions } from './resolve.js';

const MAX = 2 ** 31 - 1;

/** Has all that a store needs, by name. */
const STORE = Object.fromEntries(
  ['claim', 'close', 'commit', 'describe', 'due', 'has', 'list'].map((name) => [name, () => undefined]),
);

describe('options', () => {
  it('have defaults', () => {
    expect(resolveOptions()).toEqual({
      path: '/ws',
      placement: 'local',
      roomIds: 'implicit',
      shutdownAfterMs: 0,
      unjoinedMs: 60_000,
      handlerTimeoutMs: 30_000,
      heartbeat: { intervalMs: 10_000, timeoutMs: 20_000 },
      resume: { windowMs: 30_000, maxLogBytes: 1024 * 1024 },
      origins: 'same-host',
      coalesce: true,
      http: false,
      shutdownGraceMs: 5_000,
      trustProxy: 0,
      flushIntervalMs: 0,
      limits: {
        maxPayloadBytes: 1024 * 1024,
        maxFragments: 64,
        maxBufferedChunks: 1024,
        maxPendingAutoPongs: 60,
        maxBufferedBytes: 4 * 1024 * 1024,
        maxStateBytes: 1024 * 1024,
        mailbox: { maxEvents: 1024, maxBytes: 8 * 1024 * 1024 },
        messagesPerSecond: false,
        bytesPerSecond: false,
        connectsPerSecondPerIp: false,
        maxClientsPerRoom: Infinity,
        maxRooms: Infinity,
        maxRoomIdLength: 128,
        handshakeTimeoutMs: 10_000,
        maxConnections: Infinity,
        maxConnectionsPerIp: Infinity,
      },
    });
  });

  it.each<[JamsocketOptions, object]>([
    [{ shutdown: 'never' }, { shutdownAfterMs: Infinity }],
    [{ shutdown: '30sec' }, { shutdownAfterMs: 30_000 }],
    [{ shutdown: '5min' }, { shutdownAfterMs: 300_000 }],
    [{ shutdown: { afterMs: 7 } }, { shutdownAfterMs: 7 }],
    [{ path: '/' }, { path: '' }],
    [{ path: '/real-time/v1' }, { path: '/real-time/v1' }],
    [{ heartbeat: false }, { heartbeat: false }],
    [{ resume: false }, { resume: { windowMs: 0, maxLogBytes: 1024 * 1024 } }],
    [{ resume: { windowMs: 5_000 } }, { resume: { windowMs: 5_000, maxLogBytes: 1024 * 1024 } }],
    [{ heartbeat: { intervalMs: 1_000, timeoutMs: 3_000 } }, { heartbeat: { intervalMs: 1_000, timeoutMs: 3_000 } }],
    [{ http: false }, { http: false }],
    [{ http: true }, { http: { prefix: '', guards: [], swagger: false } }],
    [{ http: { prefix: '/rt' } }, { http: { prefix: '/rt', guards: [], swagger: false } }],
    [
      { origins: ['https://a.example', 'http://b.example:8080'] },
      { origins: ['https://a.example', 'http://b.example:8080'] },
    ],
    [
      { origins: ['HTTPS://App.example:443', 'https://bücher.example.', 'https://例え.jp', 'http://[::1]:80'] },
      {
        origins: ['https://app.example', 'https://xn--bcher-kva.example', 'https://xn--r8jz45g.jp', 'http://[::1]'],
      },
    ],
    [
      { limits: { messagesPerSecond: 10 } },
      { limits: expect.objectContaining({ messagesPerSecond: { rate: 10, burst: 20, excess: 'close' } }) },
    ],
    [
      { limits: { messagesPerSecond: { rate: 0.1 } } },
      { limits: expect.objectContaining({ messagesPerSecond: { rate: 0.1, burst: 1, excess: 'close' } }) },
    ],
    [{ store: STORE as never }, { store: STORE }],
    [{ limits: { maxRooms: 5 } }, { limits: expect.objectContaining({ maxRooms: 5 }) }],
  ])('%j is understood', (given, expected) => {
    expect(resolveOptions(given)).toMatchObject(expected);
  });

  it.each<[unknown, string]>([
    [{ path: 'ws' }, "options.path is 'ws', but must be a path such as '/ws'"],
    [{ path: '/ws/:room' }, 'options.path is'],
    [{ path: '/ws/' }, 'options.path is'],
    [{ roomIds: 'short2' }, "options.roomIds is 'short2', but must be 'implicit', 'api'"],
    [{ shutdown: 'soon' }, "options.shutdown is 'soon', but must be 'never', 'immediate', a duration"],
    [{ shutdown: { afterMs: -1 } }, 'options.shutdown is { afterMs: -1 }'],
    [{ unjoinedMs: 0 }, 'options.unjoinedMs is 0'],
    [{ handlerTimeoutMs: 1.5 }, 'options.handlerTimeoutMs is 1.5'],
    [{ handlerTimeoutMs: Infinity }, 'options.handlerTimeoutMs is Infinity'],
    [{ resume: { windowMs: -1 } }, 'options.resume.windowMs is -1'],
    [{ resume: true as never }, 'options.resume is true'],
    [{ heartbeat: { intervalMs: 999 } }, 'options.heartbeat.intervalMs is 999'],
    [{ heartbeat: { timeoutMs: 2_999 } }, 'options.heartbeat.timeoutMs is 2999'],
    [
      { heartbeat: { intervalMs: 5_000, timeoutMs: 5_000 } },
      'options.heartbeat.timeoutMs is 5000, but must be more than intervalMs, which is 5000',
    ],
    [{ heartbeat: true }, 'options.heartbeat is true'],
    [{ origins: ['example.com'] }, "options.origins is 'example.com', but must be an origin such as"],
    [{ origins: ['https://a.example/'] }, 'options.origins is'],
    [{ origins: ['https://user@a.example'] }, 'options.origins is'],
    [{ origins: ['https://'] }, 'options.origins is'],
    [{ origins: [null] }, 'options.origins is'],
    [{ origins: 'example.com' }, 'options.origins is'],
    [{ subprotocols: 'chat.v1' }, "options.subprotocols is 'chat.v1', but must be a list of different subprotocols"],
    [{ subprotocols: ['chat v1'] }, 'options.subprotocols is'],
    [{ subprotocols: ['a', 'a'] }, 'options.subprotocols is'],
    [{ coalesce: 1 }, 'options.coalesce is 1, but must be true or false'],
    [{ http: 'on' }, 'options.http is'],
    [{ http: { swagger: 'yes' } }, 'options.http.swagger is'],
    [{ http: { guards: [{}] } }, 'options.http.guards is'],
    [{ http: { prefix: 'x' } }, 'options.http.prefix is'],
    [{ shutdownGraceMs: -1 }, 'options.shutdownGraceMs is -1'],
    [{ flushIntervalMs: 1_001 }, 'options.flushIntervalMs is 1001'],
    [{ limits: { maxPayloadBytes: 2 ** 32 } }, 'options.limits.maxPayloadBytes is 4294967296'],
    [{ limits: { maxPayloadBytes: NaN } }, 'options.limits.maxPayloadBytes is NaN'],
    [{ limits: { maxPayloadBytes: '1' } }, "options.limits.maxPayloadBytes is '1'"],
    [{ limits: { maxFragments: 0 } }, `options.limits.maxFragments is 0, but must be a whole number from 1 to ${MAX}`],
    [{ limits: { maxBufferedChunks: -1 } }, 'options.limits.maxBufferedChunks is -1'],
    [{ limits: { maxPendingAutoPongs: null } }, 'options.limits.maxPendingAutoPongs is null'],
    [{ limits: { maxBufferedBytes: 1 } }, 'options.limits.maxBufferedBytes is 1'],
    [{ limits: { mailbox: { maxEvents: 0 } } }, 'options.limits.mailbox.maxEvents is 0'],
    [{ limits: { mailbox: 5 } }, 'options.limits.mailbox is 5'],
    [{ limits: { messagesPerSecond: -1 } }, 'options.limits.messagesPerSecond is -1'],
    [{ limits: { messagesPerSecond: { rate: 1, burst: 0 } } }, 'options.limits.messagesPerSecond is'],
    [{ limits: { messagesPerSecond: null } }, 'options.limits.messagesPerSecond is null'],
    [{ limits: { messagesPerSecond: { rate: 1, excess: 'kick' } } }, 'options.limits.messagesPerSecond.excess is'],
    [
      { limits: { messagesPerSecond: { rate: 1, brust: 2 } } },
      'options.limits.messagesPerSecond has no option "brust"',
    ],
    [{ limits: { bytesPerSecond: 0 } }, 'options.limits.bytesPerSecond is 0'],
    [{ limits: { connectsPerSecondPerIp: '5' } }, 'options.limits.connectsPerSecondPerIp is'],
    [{ trustProxy: true }, 'options.trustProxy is true'],
    [{ trustProxy: -1 }, 'options.trustProxy is -1'],
    [{ cluster: {} }, 'options.cluster is {}'],
    [{ store: {} }, 'options.store is {}, but must be a RoomStore'],
    [{ store: { ...STORE, has: undefined } }, 'options.store is'],
    [{ placement: 'random' }, "options.placement is 'random'"],
    [{ limits: { maxClientsPerRoom: 0 } }, 'options.limits.maxClientsPerRoom is 0, but must be false (no limit) or'],
    [{ limits: { maxRooms: true } }, 'options.limits.maxRooms is true'],
    [{ limits: { maxConnections: 1.5 } }, 'options.limits.maxConnections is 1.5'],
    [{ limits: { maxConnectionsPerIp: 'x' } }, "options.limits.maxConnectionsPerIp is 'x'"],
    [{ limits: { maxRoomIdLength: 0 } }, 'options.limits.maxRoomIdLength is 0'],
    [{ limits: { handshakeTimeoutMs: 0 } }, 'options.limits.handshakeTimeoutMs is 0'],
    [{ limits: { maxPayload: 1 } }, 'options.limits has no option "maxPayload": it has maxPayloadBytes,'],
    [{ pth: '/ws' }, 'options has no option "pth"'],
    [{ __proto__: null, constructor: 1 }, 'options has no option "constructor"'],
    [[], 'options is []'],
  ])('%j is refused with its path, the value and what is allowed', (given, message) => {
    expect(() => resolveOptions(given as JamsocketOptions)).toThrow(`JamsocketModule.forRoot: ${message}`);
  });

  it('of a class override those of the module, one by one', () => {
    const module: JamsocketOptions = {
      shutdown: '30sec',
      limits: { maxRooms: 9, maxConnections: 7, mailbox: { maxEvents: 5 } },
      heartbeat: { intervalMs: 2_000 },
    };
    const service = {
      shutdown: 'never' as const,
      limits: { maxRooms: 1, mailbox: { maxBytes: 6 } },
      heartbeat: { timeoutMs: 9_000 },
    };
    expect(resolveRoomOptions(module, service, 'here')).toMatchObject({
      shutdownAfterMs: Infinity,
      heartbeat: { intervalMs: 2_000, timeoutMs: 9_000 },
      limits: { maxRooms: 1, mailbox: { maxEvents: 5, maxBytes: 6 } },
    });
    expect(() => resolveRoomOptions({}, { path: '/x' } as never, 'here')).toThrow('here has no option "path"');
  });
});
