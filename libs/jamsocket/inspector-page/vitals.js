// @ts-check
/** @import { Overview } from '../src/inspector/inspector-events.js' */
/** @import { FeedState } from './feed.js' */
/** @import { Rates } from './rooms-store.js' */
import { byId, setAttribute, setText } from './dom.js';
import { formatBytes, formatCount, formatDelay, formatDuration, formatRate } from './format.js';
import { Sparkline } from './sparkline.js';
import { visibleName } from './visible.js';

/** @type {Readonly<Record<FeedState, string>>} */
const STATES = {
  connecting: 'Connecting …',
  live: 'Live',
  ended: 'Shut down, reconnecting …',
  away: 'Server away, reconnecting …',
};

/** Users notice an event-loop delay of this length. */
const SLOW_MS = 50;

/** The header: the state of the process, and whether the page is up to date. */
export class Vitals {
  #lines = {
    in: new Sparkline(byId('in-line', SVGSVGElement)),
    out: new Sparkline(byId('out-line', SVGSVGElement)),
  };

  /** @param {FeedState} state */
  showState(state) {
    const shown = byId('connection', HTMLElement);
    setText(shown, STATES[state]);
    shown.dataset.state = state;
    document.body.dataset.feed = state;
  }

  /** @param {Overview} overview */
  show({ uptimeS, memory, eventLoopDelayMs, connections, store }) {
    setText(byId('uptime', HTMLElement), formatDuration(uptimeS * 1000));
    const shownMemory = byId('memory', HTMLElement);
    setText(shownMemory, formatBytes(memory.rss));
    setAttribute(shownMemory, 'title', `${formatBytes(memory.heapUsed)} of it used by the heap`);
    const delay = byId('delay', HTMLElement);
    setText(delay, formatDelay(eventLoopDelayMs.mean));
    setAttribute(delay, 'title', `at most ${formatDelay(eventLoopDelayMs.max)}`);
    setText(byId('delay-max', HTMLElement), `max ${formatDelay(eventLoopDelayMs.max)}`);
    setAttribute(delay, 'data-level', eventLoopDelayMs.mean >= SLOW_MS ? 'trouble' : 'some');
    setText(byId('connections', HTMLElement), formatCount(connections));
    this.#showStore(store);
  }

  /** @param {Overview['store']} store */
  #showStore(store) {
    const isAway = store?.outage !== undefined;
    byId('store-vital', HTMLElement).hidden = store === undefined;
    const shown = byId('store', HTMLElement);
    setText(shown, isAway ? 'away' : 'works');
    setAttribute(shown, 'data-level', isAway ? 'trouble' : 'some');
    const outage = byId('outage', HTMLElement);
    outage.hidden = !isAway;
    setText(outage, isAway ? `Durable rooms cannot be saved. ${visibleName(store.outage)}` : '');
  }

  /**
   * @param {Rates} rates of all rooms
   * @param {boolean} isWholeInterval false for the first reading of a stream, which would be a dip in the lines
   */
  showRates(rates, isWholeInterval) {
    setText(byId('in-rate', HTMLElement), `${formatRate(rates.in)}/s`);
    setText(byId('out-rate', HTMLElement), `${formatRate(rates.out)}/s`);
    if (!isWholeInterval) return;
    for (const way of /** @type {const} */ (['in', 'out'])) {
      this.#lines[way].push(rates[way]);
      setText(byId(`${way}-max`, HTMLElement), `max ${formatRate(this.#lines[way].highest)}`);
    }
  }
}
