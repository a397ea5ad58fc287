// @ts-check
import { byId, setText } from './dom.js';

const SHOWN_MS = 6_000;

let hiding = 0;

/**
 * Says what has come of something the operator did, aloud too.
 *
 * @param {string} text
 */
export function notify(text) {
  const notice = byId('notice', HTMLElement);
  setText(notice, text);
  clearTimeout(hiding);
  hiding = setTimeout(() => setText(notice, ''), SHOWN_MS);
}
