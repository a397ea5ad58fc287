// @ts-check
/** @import { PersonDetail } from '../src/inspector/inspector-events.js' */
import { byId, element, setText } from './dom.js';
import { formatCount } from './format.js';
import { visibleName } from './visible.js';

const MAX_VALUE = 200;

/** Who is in the presence of the room. Hidden for rooms without `@Presence()`. */
export class PeoplePanel {
  #panel = byId('people-panel', HTMLElement);
  #count = byId('people-count', HTMLElement);
  #list = byId('people', HTMLElement);
  #empty = byId('people-empty', HTMLElement);

  /** @param {readonly PersonDetail[] | undefined} people */
  show(people) {
    this.#panel.hidden = people === undefined;
    if (people === undefined) return;
    this.#empty.hidden = people.length > 0;
    setText(this.#count, people.length > 0 ? formatCount(people.length) : '');
    this.#list.replaceChildren(...people.map(itemOf));
  }
}

/** @param {PersonDetail} person */
function itemOf({ user, clients, isAway, value }) {
  const name = user === undefined ? 'no user' : visibleName(user);
  const ids = `${clients.length === 1 ? 'client' : 'clients'} ${clients.join(', ')}`;
  const shown = value === undefined ? '' : visibleName(JSON.stringify(value));
  const text = shown.length > MAX_VALUE ? `${shown.slice(0, MAX_VALUE)} …` : shown;
  const item = element(
    'li',
    '',
    element('span', user === undefined ? 'name soft' : 'name', name),
    element('span', 'soft', isAway ? `${ids}, away` : ids),
    element('code', 'value', text),
  );
  item.title = shown;
  return item;
}
