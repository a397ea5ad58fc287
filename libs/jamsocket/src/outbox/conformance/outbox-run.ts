import { Frame } from '../../wire/frame.js';
import type { DropMember, Outbox, Outlet } from '../outbox.js';
import { MemoryLink } from './memory-link.js';
import type { Step } from './outbox-steps.js';
import { RecordingSink } from './recording-sink.js';

export interface TestedOutbox {
  readonly outbox: Outbox;
  /** Writes out all that was sent so far. */
  settle(): void;
}

export type CreateOutbox = (dropMember: DropMember) => TestedOutbox;

/** Takes random steps with an outbox, and notes what each member should get. */
export class OutboxRun {
  readonly links: MemoryLink[];
  readonly wanted: string[][];
  readonly #outlets: Outlet[];
  readonly #joined: Set<number>;
  readonly #tested: TestedOutbox;

  /** @param crowd how many of the links, the last ones, are members from the start */
  constructor(create: CreateOutbox, count: number, crowd: number) {
    this.#tested = create(() => {
      throw new Error('No member was behind.');
    });
    this.links = Array.from({ length: count }, () => new MemoryLink(new RecordingSink()));
    this.wanted = this.links.map(() => []);
    this.#outlets = this.links.map((link) => this.#tested.outbox.join(link));
    this.#joined = new Set(this.links.keys());
    for (let number = 0; number < count - crowd; number++) this.#leave(number);
  }

  take(steps: readonly Step[]): this {
    for (const step of steps) this.#take(step);
    this.#tested.settle();
    for (const link of this.links) link.startReading();
    return this;
  }

  #take(step: Step): void {
    const { outbox, settle } = this.#tested;
    const outlets = step.members.map((number) => this.#outlets[number]);
    const [number] = step.members;
    const text = () => Frame.text(step.text, step.isVolatile);
    switch (step.do) {
      case 'settle':
        return settle();
      case 'flush to':
        return outlets.forEach((outlet) => outbox.flushTo(outlet));
      case 'chunk read':
        return outlets.forEach((outlet) => outbox.chunkRead(outlet));
      case 'join':
        return step.members.forEach((member) => this.#join(member));
      case 'leave':
        return step.members.forEach((member) => this.#leave(member));
      case 'stop reading':
        // A member that is behind when a message is sent is still behind when it is written.
        settle();
        return step.members.forEach((member) => this.links[member].stopReading());
      case 'broadcast':
        this.#want([...this.#joined], step);
        return outbox.broadcast(text());
      case 'except':
        this.#want(
          [...this.#joined].filter((member) => !step.members.includes(member)),
          step,
        );
        return outbox.broadcastExcept(text(), outlets);
      case 'send':
        this.#want(step.members, step);
        return outbox.send(text(), outlets);
      case 'text':
        if (number === undefined) return;
        this.#want([number], { ...step, isVolatile: false });
        return outbox.sendText(step.text, outlets[0]);
      case 'send all':
        if (number === undefined) return;
        this.#want([number], step);
        this.#want([number], { ...step, text: 'and another', isVolatile: false });
        return outbox.sendAll([text(), Frame.text('and another')], outlets[0]);
    }
  }

  #join(number: number): void {
    if (this.#joined.has(number)) return;
    this.#joined.add(number);
    this.#outlets[number] = this.#tested.outbox.join(this.links[number]);
  }

  /** A member leaves when its connection has closed: messages that are still queued for it do not count. */
  #leave(number: number): void {
    this.#tested.settle();
    this.#joined.delete(number);
    this.#tested.outbox.leave(this.#outlets[number]);
  }

  #want(members: readonly number[], { text, isVolatile }: Pick<Step, 'text' | 'isVolatile'>): void {
    for (const number of members) {
      if (!this.#joined.has(number) || (isVolatile && this.links[number].skipsVolatile)) continue;
      this.wanted[number].push(text);
    }
  }
}
