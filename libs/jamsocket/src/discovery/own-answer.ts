import { filter, isObservable } from 'rxjs';
import { after } from './enhancer-chain.js';

/**
 * The result of a call through interceptors, if the method itself returned something. Nobody asks on a connect: an
 * interceptor that wraps results, `undefined` included, must not send each client an answer.
 */
export function ownAnswer(callMethod: () => unknown, intercepted: (call: () => unknown) => unknown): unknown {
  let hasAnswered = false;
  const call = () =>
    after(callMethod(), (value) => {
      hasAnswered ||= value !== undefined && value !== null;
      return value;
    });
  return after(intercepted(call), (result) => {
    if (isObservable(result)) return result.pipe(filter(() => hasAnswered));
    return hasAnswered ? result : undefined;
  });
}
