import { joinRoom, type Room, type RoomState, type WebSocketClass } from 'jamsocket-client';
import { WebSocket } from 'ws';
import { Tally } from '../crowd.js';

const ADDED = /^added (\S+) (-?\d+) by (\d+) #(\d+) total (-?\d+)$/;
/** Shorter than the defaults, so that a run has many restarts. */
const BACKOFF = { minMs: 20, maxMs: 100 };
/** More than a server takes to start on a busy machine. */
const QUEUE = 1_000;

/** A room's message about one entry. */
export interface Entry {
  readonly id: string;
  readonly n: number;
  readonly by: number;
  readonly seq: number;
  readonly total: number;
}

/** A client of `jamsocket-client` in a ledger room, which remembers what it sent and received. */
export class LedgerClient {
  readonly room: Room;
  readonly heard: Entry[] = [];
  /** When each of `heard` arrived, by `performance.now()`. */
  readonly heardAt: number[] = [];
  /** Ids and numbers, in the order in which they were sent. */
  readonly sent: { readonly id: string; readonly n: number }[] = [];
  /** Its own entries among `heard`. */
  ownHeard = 0;
  /** Ids that the server has given to it. */
  readonly ids = new Set<number>();
  /** How often it has come into the room, resumed or not. */
  opens = 0;
  /** How often it had to join as a new client, and why. */
  readonly lost = new Tally();
  anew = 0;
  /** Close codes and reasons of its connections. */
  readonly ends = new Tally();
  /** Texts that a ledger does not send. */
  readonly strange: string[] = [];
  #socket: WebSocket | undefined;

  /** @param placeOf returns the current port of the server on this host, or its host and port; asked at each connect */
  constructor(
    readonly name: string,
    readonly roomName: string,
    placeOf: () => number | string,
  ) {
    this.room = joinRoom(`ws://127.0.0.1:1/ws/ledger/${roomName}`, {
      WebSocket: redirected(placeOf, (socket) => (this.#socket = socket)),
      backoff: BACKOFF,
      maxQueuedMessages: QUEUE,
    });
    this.room.onText((text) => this.#hear(text));
    this.room.onStatus((state) => this.#changed(state));
  }

  get isOpen(): boolean {
    return this.room.status === 'open';
  }

  /** Number of its own entries that have not come back yet. */
  get waiting(): number {
    return this.sent.length - this.ownHeard;
  }

  add(n: number): void {
    const id = `${this.name}-${this.sent.length + 1}`;
    this.room.send(`add ${id} ${n}`);
    this.sent.push({ id, n });
  }

  /** Its connection is lost, and it knows. */
  cut(): void {
    this.#socket?.terminate();
  }

  close(): void {
    this.room.close();
  }

  #hear(text: string): void {
    const [, id, n, by, seq, total] = ADDED.exec(text) ?? [];
    if (id === undefined) return void this.strange.push(text);
    this.heard.push({ id, n: Number(n), by: Number(by), seq: Number(seq), total: Number(total) });
    this.heardAt.push(performance.now());
    if (id.startsWith(`${this.name}-`)) this.ownHeard++;
  }

  #changed(state: RoomState): void {
    if (state.status === 'open') {
      this.opens++;
      this.ids.add(state.clientId ?? -1);
      if (this.opens === 1 || state.resumed) return;
      this.anew++;
      this.lost.add(state.lost ?? 'no reason');
    } else if (state.status === 'reconnecting') this.ends.add(endOf(state.code, state.reason));
    else if (state.status === 'closed' && state.cause !== 'left')
      this.lost.add(`closed for good: ${endOf(state.code, state.reason)}`);
  }
}

function endOf(code: number, reason: string): string {
  return code === 1006 ? `${code}` : `${code} ${reason}`.trim();
}

/** The client keeps its URL, but each server has its own address. */
function redirected(placeOf: () => number | string, made: (socket: WebSocket) => void): WebSocketClass {
  return class extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      const place = placeOf();
      super(url.replace('127.0.0.1:1/', `${typeof place === 'number' ? `127.0.0.1:${place}` : place}/`), protocols);
      made(this);
    }
  } as unknown as WebSocketClass;
}
