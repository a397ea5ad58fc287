// Compiled against the packed packages as users have them, without `@types/ws` and with `skipLibCheck: false`.
import { joinRoom, type RoomContract } from 'jamsocket-client';
import { useRoom } from 'jamsocket-client/react';
import { JamsocketModule, JamsocketRooms, type Client, type JamsocketContext } from 'nestjs-jamsocket';
import { JamsocketInspectorModule } from 'nestjs-jamsocket/inspector';
import { JamsocketOpenTelemetryModule } from 'nestjs-jamsocket/opentelemetry';
import { JamsocketPrometheusModule } from 'nestjs-jamsocket/prometheus';
import { createTestRoom, TestClient } from 'nestjs-jamsocket/testing';

class BoardRoom {
  constructor(readonly ctx: JamsocketContext<{ drawn: number }>) {}
  reset(): void {}
  draw(_client: Client, _at: number): string {
    return 'drawn';
  }
}

export function use(rooms: JamsocketRooms): unknown[] {
  const room = joinRoom<RoomContract<typeof BoardRoom>>('/ws/board/lobby');
  room.emit('reset');
  const drawn: Promise<string> = room.request('draw', 1);
  const called: Promise<string> = rooms.invoke(BoardRoom, 'lobby', 'draw', {} as Client, 1);
  const all = [JamsocketModule, JamsocketInspectorModule, JamsocketOpenTelemetryModule, JamsocketPrometheusModule];
  return [drawn, called, createTestRoom, TestClient, useRoom, ...all];
}
