import { describeError, isInstance } from '../../base/foreign-value.js';
import { DirectoryError } from '../../cluster/directory-error.js';
import type { Answer, Ask } from '../messages.js';

/** The answer to a worker: what `run` returns or throws. */
export function answerTo({ id }: Ask, run: () => unknown): Answer {
  try {
    return { jamsocket: 'answer', id, result: run() };
  } catch (error) {
    const code = isInstance(error, DirectoryError) ? error.code : 'directory_failed';
    return { jamsocket: 'answer', id, error: { code, message: describeError(error).message } };
  }
}
