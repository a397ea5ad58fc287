const TOTAL = / total (-?\d+)$/;

/** Enters amounts into a ledger room, and shows its running total. */
export class LedgerForm {
  #form;
  #total;

  /** `send` is called with the message of each entry. */
  constructor(form, send) {
    this.#form = form;
    this.#total = form.querySelector('output');
    form.onsubmit = (event) => {
      event.preventDefault();
      send(`add ${this.#value('.what')} ${this.#value('.amount')}`);
    };
  }

  /** Each entry comes with the total, so after a join the total is unknown until the next entry. */
  clear() {
    this.#total.textContent = '?';
  }

  heard(text) {
    const [, total] = TOTAL.exec(text) ?? [];
    if (total !== undefined) this.#total.textContent = total;
  }

  #value(selector) {
    return this.#form.querySelector(selector).value;
  }
}
