import {
  everyoneExcept,
  JamsocketContext,
  JamsocketService,
  OnConnect,
  OnDisconnect,
  OnMessage,
  type Client,
} from 'nestjs-jamsocket';
import { z } from 'zod';

const Position = z.object({ x: z.number(), y: z.number() });
type Position = z.infer<typeof Position>;

/** Everyone sees the cursors of the others. Messages are JSON events with data that a schema validates. */
@JamsocketService('cursors')
export class CursorsRoom {
  constructor(private readonly ctx: JamsocketContext) {}

  @OnConnect()
  connect(client: Client) {
    this.ctx.emit(everyoneExcept(client), 'joined', { id: client.id });
  }

  @OnMessage('move', Position)
  move(client: Client, { x, y }: Position) {
    this.ctx.emit(everyoneExcept(client), 'move', { id: client.id, x, y });
  }

  @OnDisconnect()
  disconnect(client: Client) {
    this.ctx.emit(everyoneExcept(client), 'left', { id: client.id });
  }
}
