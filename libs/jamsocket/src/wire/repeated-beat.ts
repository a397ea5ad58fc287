import { pong } from '../base/protocol.js';

const PONG_REST = pong('').slice(pong('').indexOf(','));
const COMMA = ','.charCodeAt(0);

/** The same beat, and the peer must answer it. @param beat `{"jamsocket":"<token>","handled":<number>}` */
export function asking(beat: string): string {
  return `${beat.slice(0, -1)},"ping":true}`;
}

/** @returns whether the peer's text is the answer to this beat. Compares in pieces, since idle peers send little else. */
export function answers(text: string, beat: string): boolean {
  const start = text.length - PONG_REST.length;
  return beat.charCodeAt(start) === COMMA && text.endsWith(PONG_REST) && text.startsWith(beat.slice(0, start));
}
