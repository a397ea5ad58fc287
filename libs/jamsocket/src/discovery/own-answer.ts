import { filter, isObservable } from 'rxjs';
import { after } from '../base/after.js';

/**
 * The result of a call through interceptors, but only if the method itself returned a value. Without this, an interceptor
 * that wraps every result, even `undefined`, would send a reply to each client that connects.
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
