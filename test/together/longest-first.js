import Sequencer from '@jest/test-sequencer';
import { parts } from './parts.js';

/** By default jest goes by the sizes of the files, then by how long they took last time: in every run another order. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const at = parts.findIndex((part) => path.endsWith(part));
      return at < 0 ? parts.length : at;
    };
    return [...tests].sort((one, other) => place(one) - place(other) || (one.path < other.path ? -1 : 1));
  }
}
