import { confirmation, controlPrefix, type Lost } from '../base/protocol.js';

/** Acknowledge after this many handled data frames, or this many bytes of them. */
const ACKNOWLEDGE_EVERY = 32;
const ACKNOWLEDGE_BYTES = 64 * 1024;
/** Length without the token. */
const CONFIRMATION_LENGTH = confirmation('').length;

/** The state of a client that speaks `jamsocket.v1`, kept across connections. docs/protocol.md describes the protocol. */
export class Session {
  /** The client's id in its room. */
  clientId = 0;
  /** Number of data frames received from the client. */
  received = 0;
  /** Number of these frames that have been handled, in order. */
  handled = 0;
  /** Set when the room takes no more data frames from the client. Called when all frames taken before have been handled. */
  finished: (() => void) | null = null;
  /** When the client was last heard before its connection was lost, on the clock. */
  heardUntil = 0;
  /** For the replay log: number of the first broadcast that the client gets. */
  firstBroadcast = 0;
  /** For the replay log: number of direct messages, minus the number of broadcasts that excluded the client. */
  ownFrames = 0;
  /** For the replay log: number of the log's next entry when the client became a member; -1 before that. */
  firstEntry = -1;
  /** Why its client's resume failed. */
  lost: Lost | undefined = undefined;
  /** The present attempt to resume. */
  attempt: { supersede(): void } | null = null;
  /** Earlier tokens. They are valid for a resume until the client has confirmed the present token. */
  #olderTokens: readonly string[] = [];
  #isConfirmed = false;
  /** The client knows data frames that are not counted, and beats that are empty texts. */
  takesUncounted = false;
  #acknowledged = 0;
  /** The number that has really left the server; `#acknowledged` includes frames that wait for a commit. */
  #told = 0;
  #unacknowledgedBytes = 0;
  /** How the client's answers to `askAuth` begin; `null` before the first question on this connection. */
  #answerPrefix: string | null = null;
  /** Runs of frames (first and last number) that need no turn, received while earlier frames still wait for theirs. */
  #skipped: number[] | null = null;

  constructor(public token: string) {}

  /** Every token that the client can resume with. */
  get tokens(): readonly string[] {
    return [...this.#olderTokens, this.token];
  }

  /**
   * A new connection gets a new token. Until the client confirms it, the client may know only the token it presented, or,
   * if this connection belongs to an earlier attempt, the one issued last. So both stay valid.
   */
  renew(token: string, presented: string): void {
    this.#olderTokens = [...new Set([presented, this.token])];
    this.token = token;
    this.#isConfirmed = false;
    this.takesUncounted = false;
    this.#answerPrefix = null;
    this.#acknowledged = this.handled;
    this.#unacknowledgedBytes = 0;
  }

  /** Restores a saved session. @param tokens the present token first */
  static restored(tokens: readonly string[], handled: number): Session {
    const session = new Session(tokens[0]);
    session.#olderTokens = tokens.slice(1);
    session.received = session.handled = session.#acknowledged = session.#told = handled;
    return session;
  }

  /** The connection has stayed the same while the room has moved. */
  keepConnection(takesUncounted: boolean): void {
    this.#isConfirmed = true;
    this.takesUncounted = takesUncounted;
    this.#olderTokens = [];
    // The client may have been asked by the instance before.
    this.#answerPrefix = `${controlPrefix(this.token)}"auth":`;
  }

  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /** @returns whether this first frame of a connection is the confirmation */
  confirm(frame: string | Buffer): boolean {
    this.takesUncounted = frame === confirmation(this.token, true);
    this.#isConfirmed = this.takesUncounted || frame === confirmation(this.token);
    if (this.#isConfirmed) this.#olderTokens = [];
    return this.#isConfirmed;
  }

  /** @returns whether this frame, which is not the first, is the client's heartbeat */
  isHeartbeat(frame: string | Buffer): boolean {
    // Compare lengths first: it is cheaper, and few messages have this length.
    return frame.length === this.token.length + CONFIRMATION_LENGTH && frame === confirmation(this.token);
  }

  /** Counts the oldest waiting frame as handled. @returns whether it is time to acknowledge */
  countHandled(bytes: number): boolean {
    this.handled++;
    if (this.#skipped !== null) this.#passSkipped(this.#skipped);
    this.#unacknowledgedBytes += bytes;
    return this.handled - this.#acknowledged >= ACKNOWLEDGE_EVERY || this.#unacknowledgedBytes >= ACKNOWLEDGE_BYTES;
  }

  /** The latest frame gets no turn: it counts as handled when all frames before it are. */
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

  /** There are handled frames that the client has not been told of. */
  get hasUnacknowledged(): boolean {
    return this.handled > this.#acknowledged;
  }

  acknowledge(): string {
    this.#acknowledged = this.handled;
    this.#unacknowledgedBytes = 0;
    return `${controlPrefix(this.token)}"handled":${this.handled}}`;
  }

  /** A frame with this number has left the server. */
  told(handled: number): void {
    if (handled > this.#told) this.#told = handled;
  }

  /** All messages of the client are handled, and it has been told. */
  get hasToldAll(): boolean {
    return this.#told === this.received;
  }

  /** Repeats the last acknowledgement that has left: it reveals nothing new, so it need not wait for a commit. */
  repeatTold(): string {
    return `${controlPrefix(this.token)}"handled":${this.#told}}`;
  }

  /** Announces that the next data frame is not counted. */
  announceUncounted(): string {
    return `${controlPrefix(this.token)}"uncounted":true}`;
  }

  /** Asks the client for a new token. */
  askAuth(): string {
    const prefix = controlPrefix(this.token);
    this.#answerPrefix = `${prefix}"auth":`;
    return `${prefix}"auth":true}`;
  }

  /** @returns whether this frame answers `askAuth`, at once or late */
  isAuthAnswer(frame: string | Buffer): frame is string {
    return this.#answerPrefix !== null && typeof frame === 'string' && frame.startsWith(this.#answerPrefix);
  }

  #passSkipped(skipped: number[]): void {
    while (skipped[0] === this.handled + 1) {
      this.handled = skipped[1];
      skipped.splice(0, 2);
    }
    if (skipped.length === 0) this.#skipped = null;
  }
}
