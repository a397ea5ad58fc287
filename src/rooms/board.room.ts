import { JamsocketService, OnMessage, Presence, SharedState, type Client, type MessageData } from 'nestjs-jamsocket';
import { board, MAX_LINES, MAX_POINTS, Person, type Drawing } from './board.contract.js';

/** A whiteboard. Everyone sees the others' cursors, and each line while it is drawn. It survives `kill -9`. */
@JamsocketService({ path: 'board', contract: board, durable: { save: 'turn' } })
@Presence(Person)
export class BoardRoom {
  readonly drawing = new SharedState<Drawing>({ lines: {} });

  @OnMessage('draw')
  draw({ id }: Client, { line, color, points }: MessageData<typeof board, 'draw'>): number {
    const name = nameOf(id, line);
    this.drawing.change(({ lines }) => {
      lines[name] ??= { color, points: [] };
      lines[name].points.push(...points.slice(0, MAX_POINTS - lines[name].points.length));
      const names = Object.keys(lines);
      if (names.length > MAX_LINES) delete lines[names[0]];
    });
    return this.drawing.value.lines[name].points.length;
  }

  /** Takes back the last line of the client that asks. */
  @OnMessage('undo')
  undo({ id }: Client) {
    const names = Object.keys(this.drawing.value.lines);
    const last = names.findLast((name) => name.startsWith(nameOf(id, '')));
    if (last !== undefined) this.drawing.change(({ lines }) => void delete lines[last]);
  }

  @OnMessage('clear')
  clear() {
    this.drawing.set({ lines: {} });
  }
}

function nameOf(clientId: number, line: number | string): string {
  return `client${clientId}:${line}`;
}
