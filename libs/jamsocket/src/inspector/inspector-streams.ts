import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { ServerResponse } from 'node:http';
import { JamsocketClock } from '../base/sources.js';
import { DURABILITY, type Durability } from '../durable/durability.js';
import { JamsocketObservers } from '../observe/jamsocket-observers.js';
import { Siblings } from '../node/siblings.js';
import { ThisNode } from '../node/this-node.js';
import { EventStream } from './event-stream.js';
import { injectedBy } from './injected.js';
import { Inspection } from './inspection.js';
import { INSPECTOR_OPTIONS, type ResolvedInspectorOptions } from './inspector-options.js';
import { RoomDirectory } from './room-directory.js';
import type { PageStream } from './siblings/sibling-page.js';
import { Viewer } from './viewer.js';

/** Pages that can be open at the same time: each one costs memory and time. */
const MAX_STREAMS = 20;

/** A page that somebody reads. */
export interface OpenPage {
  /** Sends everything that has changed, now. */
  show(): void;
  /** Sends the traffic since the last call. */
  showTraffic(): void;
  close(): void;
}

/** The streams of all open pages. Without an open page, nothing is observed, counted or timed. */
@Injectable()
export class InspectorStreams implements BeforeApplicationShutdown {
  isShuttingDown = false;
  #inspection: Inspection | null = null;
  #streams = 0;

  constructor(
    @Inject(INSPECTOR_OPTIONS) private readonly options: ResolvedInspectorOptions,
    private readonly directory: RoomDirectory,
    private readonly observers: JamsocketObservers,
    private readonly clock: JamsocketClock,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(DURABILITY) private readonly durability: Durability | null,
    @Inject(ThisNode) private readonly node: ThisNode | null,
    @Inject(Siblings) private readonly siblings: Siblings,
  ) {
    if (node !== null) node.inspector = options.url;
  }

  get canOpen(): boolean {
    return !this.isShuttingDown && this.#streams < MAX_STREAMS;
  }

  /** @param watched key of a room to watch, or `<service>/` */
  open(response: ServerResponse, watched: string | undefined): void {
    const stream = new EventStream(response);
    const page = this.openPage(stream, watched);
    this.#streams++;
    stream.onClose(() => {
      this.#streams--;
      page.close();
    });
  }

  /** Opens a page for whoever reads the stream. */
  openPage(stream: PageStream, watched: string | undefined): OpenPage {
    const viewer = new Viewer(stream, watched);
    const inspection = (this.#inspection ??= this.#begin());
    inspection.add(viewer);
    return {
      show: () => {
        inspection.show(viewer);
        viewer.showTraffic();
      },
      showTraffic: () => viewer.showTraffic(),
      close: () => {
        inspection.remove(viewer);
        if (inspection.size > 0 || inspection !== this.#inspection) return;
        inspection.stop();
        this.#inspection = null;
      },
    };
  }

  /** Runs when the rooms have drained, before the server waits for its connections to close. */
  beforeApplicationShutdown(): void {
    this.isShuttingDown = true;
    this.#inspection?.end();
    this.#inspection = null;
  }

  #begin(): Inspection {
    const { options, directory, observers, clock, modules, durability, node, siblings } = this;
    return new Inspection({
      options,
      directory,
      observers,
      clock,
      durability,
      cluster: node,
      siblings,
      isInjected: options.state ? injectedBy(modules) : null,
    });
  }
}
