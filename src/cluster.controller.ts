import { Controller, Get, Header, Query, type Type } from '@nestjs/common';
import { JamsocketCluster } from 'nestjs-jamsocket';
import { BoardRoom } from './rooms/board.room.js';
import { ChatRoom } from './rooms/chat.room.js';
import { ClockRoom } from './rooms/clock.room.js';
import { CounterRoom } from './rooms/counter.room.js';
import { CursorsRoom } from './rooms/cursors.room.js';
import { EchoRoom } from './rooms/echo.room.js';
import { LedgerRoom } from './rooms/ledger.room.js';
import { MembersRoom } from './rooms/members.room.js';
import { RelayRoom } from './rooms/relay.room.js';

const SERVICES: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['board', BoardRoom],
  ['chat', ChatRoom],
  ['counter', CounterRoom],
  ['ledger', LedgerRoom],
  ['relay', RelayRoom],
  ['echo', EchoRoom],
  ['clock', ClockRoom],
  ['cursors', CursorsRoom],
  ['members', MembersRoom],
]);

/** Tells the page which process it talks to, and which one has a room. */
@Controller('cluster')
export class ClusterController {
  constructor(private readonly cluster: JamsocketCluster) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  async where(@Query('service') service?: string, @Query('room') room?: string) {
    const { isOn, self } = this.cluster;
    if (!isOn) return { isOn };
    const type = SERVICES.get(service ?? '');
    const [nodes, owner] = await Promise.all([
      this.cluster.nodes(),
      type && room ? this.cluster.ownerOf(type, room) : undefined,
    ]);
    return { isOn, self: self.name, owner: owner?.name, nodes: nodes.map(({ name }) => name) };
  }
}
