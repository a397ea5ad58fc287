import { confirmation, controlPrefix } from '../base/protocol.js';

/** The client is told how much has been received after this many data frames, or bytes of them. */
const ACKNOWLEDGE_EVERY = 32;
const ACKNOWLEDGE_BYTES = 64 * 1024;
/** Without the token. */
const CONFIRMATION_LENGTH = confirmation('').length;

/** What a client of `jamsocket.v1` keeps from one connection to the next. docs/protocol.md describes the protocol. */
export class Session {
  /** Data frames of the client that have been received. */
  received = 0;
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
  #unacknowledgedBytes = 0;

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
    this.#acknowledged = this.received;
    this.#unacknowledgedBytes = 0;
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

  /** @returns whether it is time to acknowledge */
  countReceived(bytes: number): boolean {
    this.received++;
    this.#unacknowledgedBytes += bytes;
    return this.received - this.#acknowledged >= ACKNOWLEDGE_EVERY || this.#unacknowledgedBytes >= ACKNOWLEDGE_BYTES;
  }

  acknowledge(): string {
    this.#acknowledged = this.received;
    this.#unacknowledgedBytes = 0;
    return `${controlPrefix(this.token)}"received":${this.received}}`;
  }
}
