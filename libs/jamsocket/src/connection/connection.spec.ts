import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { Connection } from './connection.js';
import { NO_HEARTBEAT } from './heartbeat.js';
import type { RoomSocket, RoomSocketOwner } from './room-socket.js';

const MAX_BUFFERED_BYTES = 1_000;

/** A socket of which the operating system takes nothing any more. */
class StuckSocket extends EventEmitter {
  writableLength = 0;
  readonly written: string[] = [];

  write(bytes: Buffer): boolean {
    this.writableLength += bytes.length;
    this.written.push(bytes.toString());
    return false;
  }
}

class StubbedWs extends EventEmitter {
  isOpen = true;
  #owner: RoomSocketOwner | undefined;

  constructor(private readonly socket: StuckSocket) {
    super();
  }

  attach(owner: RoomSocketOwner): void {
    this.#owner = owner;
  }

  close(code: number): void {
    this.#owner!.closing();
    this.isOpen = false;
    this.socket.write(Buffer.from(`close ${code}`));
  }
}

describe('a connection whose peer does not read', () => {
  function stuck({ keepsVolatile = false } = {}) {
    const socket = new StuckSocket();
    const ws = new StubbedWs(socket);
    const closed: number[] = [];
    const behind = { told: 0 };
    const sink = {
      receiveText: () => undefined,
      receiveBinary: () => undefined,
      chunkRead: () => undefined,
      connectionBehind: () => behind.told++,
      connectionClosing: () => undefined,
      connectionClosed: (code: number) => closed.push(code),
    };
    const connection = new Connection(
      socket as unknown as Duplex,
      sink,
      { maxPayloadBytes: 1_000, maxBufferedBytes: MAX_BUFFERED_BYTES, maxPendingAutoPongs: 1 },
      NO_HEARTBEAT,
      ws as unknown as RoomSocket,
    );
    connection.keepsVolatile = keepsVolatile;
    for (const text of ['first', 'second', 'third', 'fourth']) connection.write(Buffer.from(text));
    return { socket, connection, closed, behind };
  }

  it('lets go of what waits for it when it is dropped', () => {
    const { socket, connection, closed } = stuck();
    expect(connection.write(Buffer.alloc(MAX_BUFFERED_BYTES))).toBe(false);
    const waiting = connection.bufferedBytes;
    connection.drop(1013, 'too slow');
    expect(socket.written).toEqual(['first', 'second', 'close 1013']);
    expect(connection.bufferedBytes).toBe(waiting - 'thirdfourth'.length + 'close 1013'.length);
    expect(closed).toEqual([1013]);
  });

  it('tells that it is behind where its room has to know, and nowhere else', () => {
    expect(stuck({ keepsVolatile: true }).behind.told).toBeGreaterThan(0);
    expect(stuck().behind.told).toBe(0);
  });

  it('closes behind everything that was sent', () => {
    const { socket, connection, closed } = stuck();
    connection.close(1000);
    expect(socket.written.join(' ')).toBe('first second thirdfourth close 1000');
    expect(closed).toEqual([1000]);
  });
});
