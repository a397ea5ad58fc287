import type { KeptPlace } from '../rooms/reservation.js';

/** The attempts of clients to resume in rooms of other nodes that are under way here, by token. */
export class RemoteAttempts {
  readonly #underWay = new Map<string, KeptPlace['attempt']>();

  /** Tokens differ between the attempts of one client only if a welcome was on its way. */
  placeOf(token: string, isKeptThere: () => Promise<boolean>): KeptPlace {
    const underWay = this.#underWay;
    return {
      isKeptThere,
      get attempt() {
        return underWay.get(token) ?? null;
      },
      set attempt(attempt) {
        if (attempt === null) underWay.delete(token);
        else underWay.set(token, attempt);
      },
    };
  }
}
