import { PROTOCOL, RESUME_PREFIX } from '../../jamsocket/src/base/protocol.js';

/**
 * Offered before the protocol. Servers that know no subprotocols of ours and take the first they are offered (those
 * made with `ws`, Nest's among them) take this one, and so tell that there will be no welcome.
 */
export const PLAIN = 'jamsocket.plain';
/** Failed dials in a row after which it may be that the server takes no subprotocol at all. */
const DOUBT_AFTER = 2;

/**
 * Which subprotocols to offer. Browsers fail a connection whose server selects none of those offered, and do not say
 * why. So a client that was never welcomed tries every third dial without any; if that works, it gives the protocol
 * one more chance, lest a server that has just come up is taken for one that does not speak it.
 */
export class Offer {
  #stage: 'ask' | 'guess' | 'verify' | 'plain' = 'ask';
  #failures = 0;
  #isKnown = false;

  constructor(isWanted: boolean) {
    if (!isWanted) this.#stage = 'plain';
  }

  /** What to offer in the next dial. */
  protocols(resumeToken: string | undefined, received: number): string[] | null {
    if (this.#stage === 'guess' || this.#stage === 'plain') return null;
    const offered = [PLAIN, PROTOCOL];
    if (resumeToken !== undefined) offered.push(`${RESUME_PREFIX}${resumeToken}.${received}`);
    return offered;
  }

  /** A dial has failed before the connection was open. */
  failed(): void {
    if (this.#stage === 'verify') this.#stage = 'plain';
    else if (this.#stage === 'guess') this.#stage = 'ask';
    else if (this.#stage === 'ask' && !this.#isKnown && ++this.#failures % DOUBT_AFTER === 0) this.#stage = 'guess';
  }

  /** A connection is open. @returns whether it was a guess only: dial anew. */
  opened(): boolean {
    if (this.#stage === 'guess') {
      this.#stage = 'verify';
      return true;
    }
    if (this.#stage === 'verify') this.#stage = 'ask';
    this.#isKnown = true;
    return false;
  }
}
