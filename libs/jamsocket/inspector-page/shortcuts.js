// @ts-check

/**
 * Each returns false if there was nothing to do.
 *
 * @typedef {object} Shortcuts
 * @property {() => boolean} focusFilter `/`: focuses the filter of the current view
 * @property {() => boolean} goBack Escape, except in a field
 * @property {() => boolean} togglePause space, except on a button and in a field
 */

/** @param {Shortcuts} shortcuts */
export function listenToShortcuts({ focusFilter, goBack, togglePause }) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const { key, target } = event;
    const isField = target instanceof HTMLElement && target.matches('input, textarea, select');
    let isDone = false;
    if (key === 'Escape') isDone = isField ? leave(target) : goBack();
    else if (isField) return;
    else if (key === '/') isDone = focusFilter();
    else if (key === ' ' && !(target instanceof HTMLButtonElement)) isDone = togglePause();
    if (isDone) event.preventDefault();
  });
}

/**
 * The first Escape clears a filter, the next one leaves the field.
 *
 * @param {HTMLElement} field
 */
function leave(field) {
  const isFilled = field instanceof HTMLInputElement && field.type === 'search' && field.value !== '';
  if (!isFilled) {
    field.blur();
    return true;
  }
  field.value = '';
  field.dispatchEvent(new Event('input', { bubbles: true }));
  return true;
}
