import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { JamsocketClock } from '../../base/sources.js';
import { Siblings } from '../../node/siblings.js';
import { InspectorStreams, type OpenPage } from '../inspector-streams.js';
import { parseKey } from '../room-directory.js';
import { CollectedPage, READ_CALL, type SiblingPage, type SiblingQuestion } from './sibling-page.js';

/** A page of another worker that is not read any more is closed after so many milliseconds. */
const IDLE_MS = 15_000;

interface Page {
  readonly collected: CollectedPage;
  readonly page: OpenPage;
  timer: NodeJS.Timeout;
}

/** The pages that other workers read for visitors of theirs: each worker shows the rooms of all. */
@Injectable()
export class SiblingPages implements BeforeApplicationShutdown {
  readonly #pages = new Map<string, Page>();

  constructor(
    @Inject(Siblings) siblings: Siblings,
    private readonly streams: InspectorStreams,
    private readonly clock: JamsocketClock,
  ) {
    siblings.answer(READ_CALL, (question: SiblingQuestion, from) => this.#read(question, from));
  }

  beforeApplicationShutdown(): void {
    for (const name of this.#pages.keys()) this.#close(name);
  }

  /** @returns `null` while the application shuts down */
  #read({ page: id, watched }: SiblingQuestion, from: string): SiblingPage | null {
    if (this.streams.isShuttingDown) return null;
    const name = `${from} ${id}`;
    const known = this.#pages.get(name);
    if (known !== undefined) this.clock.clearTimeout(known.timer);
    const timer = this.clock.setTimeout(() => this.#close(name), IDLE_MS);
    if (known !== undefined) {
      known.timer = timer;
      return known.collected.read(() => (isOfService(watched) ? known.page.showTraffic() : known.page.show()));
    }
    const collected = new CollectedPage();
    return collected.read(() => {
      const page = this.streams.openPage(collected, watched);
      this.#pages.set(name, { collected, page, timer });
    });
  }

  #close(name: string): void {
    const page = this.#pages.get(name);
    if (page === undefined) return;
    this.#pages.delete(name);
    this.clock.clearTimeout(page.timer);
    page.page.close();
  }
}

function isOfService(watched: string | undefined): boolean {
  return watched !== undefined && parseKey(watched)?.room === '';
}
