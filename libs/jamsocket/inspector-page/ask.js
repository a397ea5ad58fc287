// @ts-check
import { byId, setText } from './dom.js';

/**
 * Asks the operator to confirm an action that cannot be undone, and for a reason to send to the clients.
 *
 * @param {string} title
 * @param {string} text
 * @param {string} action what the button says
 * @returns {Promise<string | null>} the reason, which may be empty; `null` if the operator cancels
 */
export function askForReason(title, text, action) {
  const dialog = byId('ask', HTMLDialogElement);
  const reason = byId('ask-reason', HTMLInputElement);
  setText(byId('ask-title', HTMLElement), title);
  setText(byId('ask-text', HTMLElement), text);
  setText(byId('ask-action', HTMLElement), action);
  reason.value = '';
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'do' ? reason.value.trim() : null), {
      once: true,
    });
  });
}

/** Call it once, when the page starts. */
export function prepareToAsk() {
  const dialog = byId('ask', HTMLDialogElement);
  byId('ask-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    dialog.close('do');
  });
  byId('ask-cancel', HTMLButtonElement).addEventListener('click', () => dialog.close());
}
