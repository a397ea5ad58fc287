import { PLAIN, PROTOCOL, RESUME_PREFIX, tokenEntry } from '../../jamsocket/src/base/protocol.js';

/** Failed dials in a row after which it may be that the server takes no subprotocol at all. */
const DOUBT_AFTER = 2;

/**
 * Which subprotocols to offer. Browsers fail a connection whose server selects none of those offered, and do not say
 * why. So a client that was never welcomed tries every third dial without any; if that works, it gives the protocol
 * one more chance, lest a server that has just come up is taken for one that does not speak it. A verdict holds for one
 * connection: the next dial offers the protocol again, since the failures may have been the network's.
 */
export class Offer {
  #stage: 'ask' | 'guess' | 'verify' | 'plain' = 'ask';
  #dial: 'none' | 'under way' | 'open' = 'none';
  #failures = 0;
  /** There is nothing to guess: the server has taken a subprotocol, or is to find the token there, or none is wanted. */
  #isKnown: boolean;

  constructor(private readonly isWanted: boolean) {
    this.#isKnown = !isWanted;
  }

  /** What to offer in the dial that begins. `token` is one that is to be sent this way. */
  protocols(resumeToken: string | undefined, received: number, token: string | undefined): string[] | null {
    this.#dial = 'under way';
    this.#isKnown ||= token !== undefined;
    const isAsking = this.isWanted && this.#stage !== 'guess' && this.#stage !== 'plain';
    if (!isAsking && token === undefined) return null;
    const offered = [PLAIN];
    if (isAsking) offered.push(PROTOCOL);
    if (isAsking && resumeToken !== undefined) offered.push(`${RESUME_PREFIX}${resumeToken}.${received}`);
    if (token !== undefined) offered.push(tokenEntry(token));
    return offered;
  }

  /** A connection is open. @returns whether it was a guess only: dial anew. */
  opened(): boolean {
    this.#dial = 'open';
    if (this.#stage === 'guess') {
      this.#stage = 'verify';
      return true;
    }
    if (this.#stage === 'plain') return false;
    this.#stage = 'ask';
    this.#isKnown = true;
    return false;
  }

  /** A connection has ended or could not be made, or a dial has not even begun. */
  ended(): void {
    const dial = this.#dial;
    this.#dial = 'none';
    if (dial === 'none') return;
    if (this.#stage === 'plain') this.#stage = 'verify';
    else if (dial === 'open') return;
    else if (this.#stage === 'verify') this.#stage = 'plain';
    else if (this.#stage === 'guess') this.#stage = 'ask';
    else if (!this.#isKnown && ++this.#failures % DOUBT_AFTER === 0) this.#stage = 'guess';
  }
}
