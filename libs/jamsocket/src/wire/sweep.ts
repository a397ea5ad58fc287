import type { JamsocketClock } from '../base/sources.js';

/** What a sweep keeps in each of its members. */
export interface Swept {
  /** The part that visits it. */
  sweepPart: number;
}

/**
 * Visits each of its members once in a period, with one timer for all, in parts, so that the work is spread over the period.
 * There is no timer while it has no members.
 */
export class Sweep<Member extends Swept> {
  readonly #parts: readonly Set<Member>[];
  /** Members that get a visit between the visits of their own parts. */
  readonly #again: Member[][];
  #nextPart = 0;
  #current = 0;
  #size = 0;
  #timer: NodeJS.Timeout | null = null;
  /** The time up to which the parts have been visited. */
  #sweptUntil = 0;
  #sweptAt = 0;
  /** Silence before this time does not count: the process was stalled, and a peer's bytes may still be unread. */
  listensSince = 0;

  /**
   * @param partCount even
   * @param stallMs a timer that is later than this shows that the process was stalled
   * @param beginPart called before the members of a part are visited
   * @param visit may remove the member. @returns true if the member needs a further visit in half a period
   */
  constructor(
    private readonly clock: JamsocketClock,
    private readonly periodMs: number,
    private readonly partCount: number,
    private readonly stallMs: number,
    private readonly beginPart: (now: number) => void,
    private readonly visit: (member: Member, now: number) => boolean,
  ) {
    this.#parts = Array.from({ length: partCount }, () => new Set<Member>());
    this.#again = Array.from({ length: partCount }, () => []);
  }

  add(member: Member): void {
    member.sweepPart = this.#nextPart;
    this.#parts[this.#nextPart].add(member);
    this.#nextPart = (this.#nextPart + 1) % this.partCount;
    if (this.#size++ > 0) return;
    this.#sweptUntil = this.#sweptAt = this.clock.now();
    this.#timer = this.clock.setInterval(() => this.#sweep(), this.periodMs / this.partCount);
  }

  /** @returns whether it was a member */
  remove(member: Member): boolean {
    if (!this.#parts.at(member.sweepPart)?.delete(member)) return false;
    if (--this.#size > 0 || this.#timer === null) return true;
    this.clock.clearInterval(this.#timer);
    this.#timer = null;
    return true;
  }

  /** Visits all parts that are due: in a busy process the timer fires late, and the delays must not add up. */
  #sweep(): void {
    const now = this.clock.now();
    // Timers run before sockets are read, so after a stall every peer would seem silent.
    if (now - this.#sweptAt > this.stallMs) this.listensSince = now;
    this.#sweptAt = now;
    const partMs = this.periodMs / this.partCount;
    const due = Math.min(this.partCount, Math.max(1, Math.floor((now - this.#sweptUntil) / partMs)));
    this.#sweptUntil = Math.max(this.#sweptUntil + due * partMs, now - partMs);
    for (let visited = 0; visited < due; visited++) this.#visitNextPart(now);
  }

  #visitNextPart(now: number): void {
    this.#current = (this.#current + 1) % this.partCount;
    this.beginPart(now);
    for (const member of this.#parts[this.#current]) this.#visit(member, now);
    const again = this.#again[this.#current];
    this.#again[this.#current] = [];
    for (const member of again) this.#visitAgain(member, now);
  }

  #visit(member: Member, now: number): void {
    if (this.visit(member, now)) this.#again[(this.#current + this.partCount / 2) % this.partCount].push(member);
  }

  #visitAgain(member: Member, now: number): void {
    const own = this.#parts[member.sweepPart];
    // Its own part visits it in half a period. If that is too early, this part becomes its own.
    if (!own.has(member) || this.visit(member, now) || !own.delete(member)) return;
    member.sweepPart = this.#current;
    this.#parts[this.#current].add(member);
  }
}
