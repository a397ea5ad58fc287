// @ts-check
/** @import { ServiceTotals } from '../src/inspector/inspector-events.js' */
/** @import { Rates } from './rooms-store.js' */
import { button, byId, element, setAttribute, setText } from './dom.js';
import { formatCount, formatRate, nounFor } from './format.js';

/** @typedef {{ item: HTMLElement, toggle: HTMLButtonElement, numbers: HTMLElement[], labels: HTMLElement[] }} Card */

const LABELS = ['rooms', 'clients', 'in/s', 'out/s'];

/** The services with their totals. Choosing one shows only its rooms. */
export class ServicesBar {
  /** @type {Map<string, Card>} */
  #cards = new Map();
  #list = byId('services', HTMLElement);

  /** @param {(service: string) => void} onChoose with the empty string for all */
  constructor(onChoose) {
    this.onChoose = onChoose;
  }

  /**
   * @param {readonly ServiceTotals[]} services
   * @param {ReadonlyMap<string, Rates>} rates
   * @param {string} chosen
   */
  show(services, rates, chosen) {
    for (const service of services) {
      const card = this.#cards.get(service.name) ?? this.#add(service);
      const rate = rates.get(service.name) ?? { in: 0, out: 0 };
      const numbers = [
        formatCount(service.rooms),
        formatCount(service.clients),
        formatRate(rate.in),
        formatRate(rate.out),
      ];
      for (const [index, number] of card.numbers.entries()) setText(number, numbers[index]);
      setText(card.labels[0], nounFor(service.rooms, 'room'));
      setText(card.labels[1], nounFor(service.clients, 'client'));
      setAttribute(card.toggle, 'aria-pressed', String(service.name === chosen));
    }
    for (const [name, { item }] of this.#cards) {
      if (services.some((service) => service.name === name)) continue;
      item.remove();
      this.#cards.delete(name);
    }
  }

  /**
   * @param {ServiceTotals} service
   * @returns {Card}
   */
  #add({ name, path }) {
    const toggle = button('', 'service', () => {
      this.onChoose(toggle.getAttribute('aria-pressed') === 'true' ? '' : name);
    });
    const numbers = LABELS.map(() => element('b'));
    const labels = LABELS.map((label) => element('span', '', label));
    const totals = LABELS.map((_, index) => element('span', '', numbers[index], ' ', labels[index]));
    const address = element('code', '', path);
    address.title = path;
    toggle.append(element('strong', '', name), address, element('span', 'totals', ...totals));
    const card = { item: element('li', '', toggle), toggle, numbers, labels };
    this.#list.append(card.item);
    this.#cards.set(name, card);
    return card;
  }
}
