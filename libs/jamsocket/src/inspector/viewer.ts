import type { EventStream } from './event-stream.js';
import type { Overview, RoomDetail } from './inspector-events.js';
import { parseKey } from './room-directory.js';
import type { Watch } from './room-meters.js';
import { RoomChangesFor, type RoomTable } from './room-table.js';
import { TrafficLog } from './traffic-log.js';

/** One open page. A page that is behind misses readings, and later gets all changes since its last one. */
export class Viewer {
  readonly #changes = new RoomChangesFor();
  /** The room that the page watches, or all rooms of a service, if any. */
  readonly watch: Watch | undefined;

  constructor(
    private readonly stream: EventStream,
    /** Key of the room to watch; `<service>/` watches all rooms of the service. */
    private readonly key: string | undefined,
  ) {
    const parsed = key === undefined ? undefined : parseKey(key);
    this.watch = parsed && { ...parsed, log: new TrafficLog(parsed.room === '') };
  }

  /** @param detailOf reads the room that the page watches; `room` is missing if the key is invalid */
  show(overview: Overview, table: RoomTable, detailOf: (key: string, room: Watch | undefined) => RoomDetail): void {
    if (this.stream.isBehind) return;
    this.stream.send('overview', overview);
    this.stream.send('rooms', this.#changes.next(table));
    if (this.key === undefined || this.watch?.room === '') return;
    this.stream.send('room', detailOf(this.key, this.watch));
  }

  showTraffic(): void {
    if (this.stream.isBehind) return;
    const traffic = this.watch?.log.take();
    if (traffic !== undefined) this.stream.send('traffic', traffic);
  }

  end(): void {
    this.showTraffic();
    this.stream.end();
  }
}
