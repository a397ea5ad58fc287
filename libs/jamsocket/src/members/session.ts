import { confirmation, controlPrefix } from '../base/protocol.js';

/** The client is told how much has been handled after this many data frames, or bytes of them. */
const ACKNOWLEDGE_EVERY = 32;
const ACKNOWLEDGE_BYTES = 64 * 1024;
/** Without the token. */
const CONFIRMATION_LENGTH = confirmation('').length;

/** What a client of `jamsocket.v1` keeps from one connection to the next. docs/protocol.md describes the protocol. */
export class Session {
  /** The client's id in its room. */
  clientId = 0;
  /** Data frames of the client that have been received. */
  received = 0;
  /** So many of them, the first ones, have had their turns. */
  handled = 0;
  /** Set once the room takes no more data frames of the client: called when all that it took have had their turns. */
  finished: (() => void) | null = null;
  /** When the client was last heard before its connection was lost, on the clock. */
  heardUntil = 0;
  /** For the replay log: the client was a member when the room's broadcast of this number came. */
  firstBroadcast = 0;
  /** For the replay log: frames it got besides the broadcasts, less the broadcasts it did not get. */
  ownFrames = 0;
  /** For the replay log: number of the log's next entry when the client became a member; -1 before that. */
  firstEntry = -1;
  /** The attempt to come back that is under way. */
  attempt: { supersede(): void } | null = null;
  /** Tokens of before, with which the client may come back until it has shown that it has got the present one. */
  #olderTokens: readonly string[] = [];
  #isConfirmed = false;
  #acknowledged = 0;
  /** As `#acknowledged`, but for what is kept back: it may have left. */
  #told = 0;
  #unacknowledgedBytes = 0;
  /** First and last number of each run of frames that have no turns, behind frames that wait for theirs. */
  #skipped: number[] | null = null;

  constructor(public token: string) {}

  /** Every token that the client can come back with. */
  get tokens(): readonly string[] {
    return [...this.#olderTokens, this.token];
  }

  /**
   * Another connection: another token, which the client has to confirm before the others are worthless. Until then it
   * may have the one it presented or, if the connection was made for an earlier attempt, the one issued last.
   */
  renew(token: string, presented: string): void {
    this.#olderTokens = [...new Set([presented, this.token])];
    this.token = token;
    this.#isConfirmed = false;
    this.#acknowledged = this.handled;
    this.#unacknowledgedBytes = 0;
  }

  /** As it was saved; `tokens` begins with the present one. */
  static restored(tokens: readonly string[], handled: number): Session {
    const session = new Session(tokens[0]);
    session.#olderTokens = tokens.slice(1);
    session.received = session.handled = session.#acknowledged = session.#told = handled;
    return session;
  }

  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /** @returns whether this first frame of a connection is the confirmation */
  confirm(frame: string | Buffer): boolean {
    this.#isConfirmed = frame === confirmation(this.token);
    if (this.#isConfirmed) this.#olderTokens = [];
    return this.#isConfirmed;
  }

  /** @returns whether this frame, which is not the first, is the client's heartbeat */
  isHeartbeat(frame: string | Buffer): boolean {
    // Few messages are as long as that, so few have to be compared.
    return frame.length === this.token.length + CONFIRMATION_LENGTH && frame === confirmation(this.token);
  }

  /** The oldest frame that waited has had its turn. @returns whether it is time to acknowledge */
  countHandled(bytes: number): boolean {
    this.handled++;
    if (this.#skipped !== null) this.#passSkipped(this.#skipped);
    this.#unacknowledgedBytes += bytes;
    return this.handled - this.#acknowledged >= ACKNOWLEDGE_EVERY || this.#unacknowledgedBytes >= ACKNOWLEDGE_BYTES;
  }

  /** The frame that was received last has no turn: it is as good as handled when those before it are. */
  skip(): void {
    const number = this.received;
    if (number === this.handled + 1) {
      this.handled = number;
      return;
    }
    const skipped = (this.#skipped ??= []);
    if (skipped.at(-1) === number - 1) skipped[skipped.length - 1] = number;
    else skipped.push(number, number);
  }

  /** The client does not know yet how much has been handled. */
  get isBehind(): boolean {
    return this.handled > this.#acknowledged;
  }

  acknowledge(): string {
    this.#acknowledged = this.handled;
    this.#unacknowledgedBytes = 0;
    return `${controlPrefix(this.token)}"handled":${this.handled}}`;
  }

  /** The client may know by now that so many of its frames have been handled. */
  told(handled: number): void {
    if (handled > this.#told) this.#told = handled;
  }

  /** An acknowledgement that says nothing new: nothing has to be kept back for it. */
  repeatTold(): string {
    return `${controlPrefix(this.token)}"handled":${this.#told}}`;
  }

  #passSkipped(skipped: number[]): void {
    while (skipped[0] === this.handled + 1) {
      this.handled = skipped[1];
      skipped.splice(0, 2);
    }
    if (skipped.length === 0) this.#skipped = null;
  }
}
