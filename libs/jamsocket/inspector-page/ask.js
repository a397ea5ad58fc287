// @ts-check
/** @import { NodeDetail } from '../src/inspector/inspector-events.js' */
import { byId, setText } from './dom.js';
import { visibleName } from './visible.js';

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

/**
 * Asks the operator for another process of the cluster.
 *
 * @param {string} text
 * @param {readonly NodeDetail[]} nodes
 * @returns {Promise<string | null>} the id of the process; `null` if the operator cancels
 */
export function askForNode(text, nodes) {
  const dialog = byId('move', HTMLDialogElement);
  const choice = byId('move-to', HTMLSelectElement);
  setText(byId('move-text', HTMLElement), text);
  choice.replaceChildren(...nodes.map(({ id, name }) => new Option(visibleName(name), id)));
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'do' ? choice.value : null), { once: true });
  });
}

/** Call it once, when the page starts. */
export function prepareToAsk() {
  prepareDialog('ask');
  prepareDialog('move');
}

/** @param {string} id */
function prepareDialog(id) {
  const dialog = byId(id, HTMLDialogElement);
  byId(`${id}-form`, HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    dialog.close('do');
  });
  byId(`${id}-cancel`, HTMLButtonElement).addEventListener('click', () => dialog.close());
}
