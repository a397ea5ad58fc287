import type { Overview, RoomDetail, Traffic } from './inspector-events.js';
import { parseKey } from './room-directory.js';
import type { PageStream, SiblingPage } from './siblings/sibling-page.js';
import type { Watch } from './room-meters.js';
import { RoomChangesFor, type RoomTable } from './room-table.js';
import { TrafficLog } from './traffic-log.js';

/** One open page. A page that is behind misses readings, and later gets all changes since its last one. */
export class Viewer {
  readonly #changes = new RoomChangesFor();
  /** The room that the page watches, or all rooms of a service, if any. */
  readonly watch: Watch | undefined;

  constructor(
    private readonly stream: PageStream,
    /** Key of the room to watch; `<service>/` watches all rooms of the service. */
    readonly key: string | undefined,
  ) {
    const parsed = key === undefined ? undefined : parseKey(key);
    this.watch = parsed && { ...parsed, log: new TrafficLog(parsed.room === '') };
  }

  get showsCluster(): boolean {
    return this.stream.showsCluster;
  }

  /** Whether it shows the traffic of a service, which has rooms in all workers of the machine. */
  get showsMachine(): boolean {
    return this.showsCluster && this.watch?.room === '';
  }

  get isBehind(): boolean {
    return this.stream.isBehind;
  }

  /**
   * @param detailOf reads the room that the page watches; `room` is missing if the key is invalid. `undefined` if it is told
   * later: `showSibling`
   */
  show(
    overview: Overview,
    table: RoomTable,
    detailOf: (key: string, room: Watch | undefined) => RoomDetail | undefined,
  ): void {
    if (this.stream.isBehind) return;
    this.stream.send('overview', overview);
    this.stream.send('rooms', this.#changes.next(table));
    if (this.key === undefined || this.watch?.room === '') return;
    const detail = detailOf(this.key, this.watch);
    if (detail !== undefined) this.stream.send('room', detail);
  }

  /** Shows what another worker has told of the watched room. */
  showSibling({ room, traffic }: Pick<SiblingPage, 'room' | 'traffic'>): void {
    if (this.stream.isBehind) return;
    if (room !== undefined) this.stream.send('room', room);
    if (traffic !== undefined) this.stream.send('traffic', traffic);
  }

  /** @param ofOthers traffic in other workers of a service that the page watches */
  showTraffic(ofOthers: readonly Traffic[] = []): void {
    for (const traffic of ofOthers) this.watch?.log.include(traffic);
    if (this.stream.isBehind) return;
    const traffic = this.watch?.log.take();
    if (traffic !== undefined) this.stream.send('traffic', traffic);
  }

  end(): void {
    this.showTraffic();
    this.stream.end();
  }
}
