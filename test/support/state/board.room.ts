import { JamsocketService, OnDisconnect, OnMessage, SharedState, type Client } from 'nestjs-jamsocket';

interface Board {
  players: Record<string, { x: number; y: number }>;
  turn: number;
}

@JamsocketService('board')
export class BoardRoom {
  readonly board = new SharedState<Board>({ players: {}, turn: 0 });

  @OnMessage('move')
  move({ id }: Client, to: { x: number; y: number }) {
    this.board.change((draft) => {
      draft.players[id] = to;
      draft.turn++;
    });
  }

  @OnDisconnect()
  left({ id }: Client) {
    this.board.change(({ players }) => {
      delete players[id];
    });
  }
}
