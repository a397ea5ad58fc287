import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type {
  InspectorEvents,
  Overview,
  RoomDetail,
  RoomRow,
  TrafficEntry,
} from '../../libs/jamsocket/src/inspector/inspector-events.js';

const PAGE = join(import.meta.dirname, '..', '..', 'libs', 'jamsocket', 'inspector-page');
const BASE = '/inspector';
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A server that sends the inspector's page the events that a spec chooses. */
export class FakeInspector {
  readonly actions: { path: string; body: unknown; header: unknown }[] = [];
  /** Keys of the rooms that pages have asked to watch, in order. */
  readonly watched: string[] = [];
  /** The store in the next overview; `undefined` without one. */
  store: Overview['store'] = undefined;
  /** The cluster in the next overview; `undefined` without one. */
  cluster: Overview['cluster'] = undefined;
  readonly #rooms = new Map<string, RoomRow>();
  readonly #streams = new Map<ServerResponse, { key: string | null }>();
  readonly #server = createServer((request, response) => this.#answer(request, response));
  #now = Date.UTC(2026, 0, 1, 12);

  static async start(): Promise<FakeInspector> {
    const fake = new FakeInspector();
    await fake.listen(0);
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}${BASE}`;
  }

  /** What each open stream watches: the key of a room, or `null` for none. */
  get openStreams(): (string | null)[] {
    return [...this.#streams.values()].map(({ key }) => key);
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#streams.clear();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Changes and removes rooms, and tells every page. */
  change(rows: readonly RoomRow[], gone: readonly string[] = []): void {
    for (const row of rows) this.#rooms.set(row.key, row);
    for (const key of gone) this.#rooms.delete(key);
    this.#now += 1_000;
    for (const stream of this.#streams.keys()) {
      this.#sendOverview(stream);
      send(stream, 'rooms', { isFull: false, rooms: rows, gone });
    }
  }

  /** Sends an event to the pages that watch the room. */
  detail(detail: RoomDetail): void {
    for (const [stream, { key }] of this.#streams) if (key === detail.key) send(stream, 'room', detail);
  }

  traffic(entries: readonly TrafficEntry[], dropped = 0): void {
    for (const [stream, { key }] of this.#streams) if (key !== null) send(stream, 'traffic', { entries, dropped });
  }

  end(): void {
    for (const stream of this.#streams.keys()) send(stream, 'end', {});
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://fake');
    if (request.method === 'POST') this.#act(url.pathname, request, response);
    else if (url.pathname === `${BASE}/events`) this.#open(url.searchParams.get('room'), response);
    else if (url.pathname === BASE) {
      response.setHeader('content-security-policy', CSP);
      answerFile(response, 'index.html');
    } else answerFile(response, url.pathname.replace(`${BASE}/assets/`, ''));
  }

  #open(key: string | null, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 200\n\n');
    this.#streams.set(response, { key });
    response.on('close', () => this.#streams.delete(response));
    if (key !== null) this.watched.push(key);
    this.#sendOverview(response);
    this.#sendAll(response);
  }

  #act(path: string, request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      this.actions.push({ path, body: JSON.parse(body), header: request.headers['x-jamsocket-inspector'] });
      response.writeHead(204).end();
    });
  }

  #sendAll(stream: ServerResponse): void {
    send(stream, 'rooms', { isFull: true, rooms: [...this.#rooms.values()], gone: [] });
  }

  #sendOverview(stream: ServerResponse): void {
    const rooms = [...this.#rooms.values()];
    const names = [...new Set(['chat', ...rooms.map(({ service }) => service)])];
    send(stream, 'overview', {
      at: this.#now,
      intervalMs: 1_000,
      uptimeS: 3_725,
      memory: { rss: 180 * 1024 ** 2, heapUsed: 64 * 1024 ** 2 },
      eventLoopDelayMs: { mean: 0.4, max: 3.1 },
      connections: rooms.reduce((sum, { clients }) => sum + clients, 0),
      services: names.map((name) => {
        const own = rooms.filter(({ service }) => service === name);
        return {
          name,
          path: `/ws/${name}/:room`,
          rooms: own.length,
          clients: own.reduce((sum, { clients }) => sum + clients, 0),
        };
      }),
      isStateShown: true,
      store: this.store,
      cluster: this.cluster,
    });
  }
}

/** A room without activity, except for the given values. */
export function row(service: string, room: string, given: Partial<RoomRow> = {}): RoomRow {
  const key = `${encodeURIComponent(service)}/${encodeURIComponent(room)}`;
  const quiet = { away: 0, in: 0, out: 0, bytesIn: 0, bytesOut: 0, mailbox: 0, buffered: 0, timers: 0 };
  return { key, service, room, clients: 1, ...quiet, startedAt: Date.UTC(2026, 0, 1, 11, 58), ...given };
}

function send<E extends keyof InspectorEvents>(stream: ServerResponse, event: E, data: InspectorEvents[E]): void {
  stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

const NAMES = new Set(readdirSync(PAGE));
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' };

function answerFile(response: ServerResponse, name: string): void {
  if (!NAMES.has(name)) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('content-type', TYPES[extname(name)] ?? 'text/plain');
  response.end(readFileSync(join(PAGE, name), 'utf8').replaceAll('%BASE%', BASE));
}
