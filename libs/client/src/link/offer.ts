import { PLAIN, PROTOCOL, RESUME_PREFIX, tokenEntry } from '../../../jamsocket/src/base/protocol.js';

/** After this many failed dials the server may not accept any subprotocol. */
const DOUBT_AFTER = 2;

/**
 * Decides which subprotocols to offer. Browsers fail a connection whose server selects none of the offered ones, and do
 * not say why. So a client that has never had a connection makes every third dial without any. If that works, it offers
 * the protocol once more, since the server may just have started. The result applies to one connection: the next dial
 * offers the protocol again, since the network may have caused the failures.
 */
export class Offer {
  #stage: 'ask' | 'guess' | 'verify' | 'plain' = 'ask';
  #dial: 'none' | 'under way' | 'open' = 'none';
  #failures = 0;
  /** No guess is needed: the server has accepted a subprotocol, the token must be sent as one, or none is wanted. */
  #isKnown: boolean;

  constructor(private readonly isWanted: boolean) {
    this.#isKnown = !isWanted;
  }

  /** The subprotocols for the next dial. @param token token to send as one of them */
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

  /** A connection is open. @returns true if it was only a guess: dial again */
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

  /** A connection has ended or failed, or a dial could not start. */
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
