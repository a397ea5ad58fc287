import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TerminusModule } from '@nestjs/terminus';
import { JamsocketModule } from 'nestjs-jamsocket';
import { JamsocketInspectorModule } from 'nestjs-jamsocket/inspector';
import { JamsocketPrometheusModule } from 'nestjs-jamsocket/prometheus';
import { ClientScript } from './client-script.js';
import { ClusterController } from './cluster.controller.js';
import { DocsController } from './docs.controller.js';
import { DocsSite } from './docs-site.js';
import { HealthController } from './health.controller.js';
import { KillController } from './kill.controller.js';
import { PageController } from './page.controller.js';
import { RoomStorage, RoomStorageModule } from './room-storage.js';
import { BoardRoom } from './rooms/board.room.js';
import { ChatRoom } from './rooms/chat.room.js';
import { ClockRoom } from './rooms/clock.room.js';
import { CounterRoom } from './rooms/counter.room.js';
import { CursorsRoom } from './rooms/cursors.room.js';
import { EchoRoom } from './rooms/echo.room.js';
import { LedgerRoom } from './rooms/ledger.room.js';
import { MembersGuard } from './rooms/members.guard.js';
import { MembersRoom } from './rooms/members.room.js';
import { RelayRoom } from './rooms/relay.room.js';
import { SourceController } from './source.controller.js';

/** The demo's inspector has no guard, so it is not available in production. */
const inspector = process.env.NODE_ENV === 'production' ? [] : [JamsocketInspectorModule.forRoot({ state: true })];

@Module({
  imports: [
    ScheduleModule.forRoot(),
    JamsocketModule.forRootAsync({
      imports: [RoomStorageModule],
      inject: [RoomStorage],
      useFactory: ({ store, cluster }: RoomStorage) => ({ http: true, store, cluster }),
    }),
    JamsocketPrometheusModule.forRoot(),
    TerminusModule.forRoot(),
    ...inspector,
  ],
  controllers: [PageController, SourceController, DocsController, ClusterController, KillController, HealthController],
  providers: [
    BoardRoom,
    ChatRoom,
    CounterRoom,
    LedgerRoom,
    RelayRoom,
    EchoRoom,
    ClockRoom,
    CursorsRoom,
    MembersRoom,
    MembersGuard,
    ClientScript,
    DocsSite,
  ],
})
export class AppModule {}
