// @ts-check
import { byId, setText } from './dom.js';

const SHOWN_MS = 6_000;

let hiding = 0;

/**
 * Shows the result of the operator's action. Screen readers announce it.
 *
 * @param {string} text
 */
export function notify(text) {
  const notice = byId('notice', HTMLElement);
  setText(notice, text);
  clearTimeout(hiding);
  hiding = setTimeout(() => setText(notice, ''), SHOWN_MS);
}
