import type { Type } from '@nestjs/common';
import { BoardRoom } from './rooms/board.room.js';
import { ChatRoom } from './rooms/chat.room.js';
import { ClockRoom } from './rooms/clock.room.js';
import { CounterRoom } from './rooms/counter.room.js';
import { CursorsRoom } from './rooms/cursors.room.js';
import { EchoRoom } from './rooms/echo.room.js';
import { LedgerRoom } from './rooms/ledger.room.js';
import { MembersRoom } from './rooms/members.room.js';
import { RelayRoom } from './rooms/relay.room.js';

/** The classes of the rooms, by the names that the page has for them. */
export const SERVICES: ReadonlyMap<string, Type> = new Map<string, Type>([
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
