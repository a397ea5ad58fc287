import { TokenBucket } from '../base/limits/token-bucket.js';

interface Limit {
  readonly rate: number;
  readonly burst: number;
  readonly excess: 'close' | 'drop';
}

export interface InboundRateLimits {
  readonly messagesPerSecond: false | Limit;
  readonly bytesPerSecond: false | Limit;
}

/** Limits one client's messages and bytes a second. */
export class InboundRate {
  readonly #messages: TokenBucket | null;
  readonly #bytes: TokenBucket | null;

  private constructor(
    private readonly limits: InboundRateLimits,
    now: number,
  ) {
    const { messagesPerSecond, bytesPerSecond } = limits;
    this.#messages = messagesPerSecond ? new TokenBucket(messagesPerSecond.rate, messagesPerSecond.burst, now) : null;
    this.#bytes = bytesPerSecond ? new TokenBucket(bytesPerSecond.rate, bytesPerSecond.burst, now) : null;
  }

  /** `null` without a limit, so that it costs nothing. */
  static of(limits: InboundRateLimits, now: number): InboundRate | null {
    return limits.messagesPerSecond || limits.bytesPerSecond ? new InboundRate(limits, now) : null;
  }

  /** The client was away since `since` and sends now what it could not send meanwhile. */
  returned(since: number, now: number): void {
    this.#messages?.saveSince(since, now);
    this.#bytes?.saveSince(since, now);
  }

  /** Counts a message. @returns what to do with a message that exceeds a limit */
  excessOf(bytes: number, now: number): 'close' | 'drop' | undefined {
    const { messagesPerSecond, bytesPerSecond } = this.limits;
    if (messagesPerSecond && !this.#messages!.take(now)) return messagesPerSecond.excess;
    if (bytesPerSecond && !this.#bytes!.take(now, bytes)) return bytesPerSecond.excess;
    return undefined;
  }
}
