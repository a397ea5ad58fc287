// @ts-check
/** @import { Actions } from './actions.js' */
/** @import { ClientDetail, NodeDetail } from '../src/inspector/inspector-events.js' */
import { askForNode, askForReason } from './ask.js';
import { formatAddress, formatCounted } from './format.js';
import { notify } from './notice.js';
import { partsOf } from './view-address.js';
import { visibleName } from './visible.js';

/** What somebody orders for a room or one of its clients: it is done after a question, and the outcome is shown. */
export class RoomOrders {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
  }

  /**
   * @param {string} key of the room
   * @param {readonly NodeDetail[]} targets
   */
  async move(key, targets) {
    const { service, room } = partsOf(key);
    const text = `${service} / ${visibleName(room)} goes on there, with what is saved of it. Clients connected to this process are disconnected and resume.`;
    const to = await askForNode(text, targets);
    if (to === null) return;
    await this.#act(() => this.actions.moveRoom(key, to), `Room ${visibleName(room)} has moved.`);
  }

  /**
   * @param {string} key of the room
   * @param {number} clients that are disconnected
   */
  async close(key, clients) {
    const { service, room } = partsOf(key);
    const text = `${service} / ${visibleName(room)}: ${formatCounted(clients, 'client')} ${clients === 1 ? 'is' : 'are'} disconnected, and the room stops.`;
    const reason = await askForReason('Close this room?', text, 'Close room');
    if (reason === null) return;
    await this.#act(() => this.actions.closeRoom(key, reason), `Room ${visibleName(room)} is closed.`);
  }

  /**
   * @param {string} key of the room
   * @param {ClientDetail} client
   */
  async kick(key, { id, address }) {
    const reason = await askForReason(
      'Kick this client?',
      `Client ${id} at ${formatAddress(address)} is disconnected.`,
      'Kick',
    );
    if (reason === null) return;
    await this.#act(() => this.actions.kick(key, id, reason), `Client ${id} is disconnected.`);
  }

  /**
   * @param {() => Promise<void>} action
   * @param {string} done
   */
  async #act(action, done) {
    try {
      await action();
      notify(done);
    } catch (error) {
      notify(error instanceof Error ? error.message : String(error));
    }
  }
}
