/** @module */

/**
 * Makes a promise rejectable through a signal.
 *
 * @param p The promise to make abortable.
 * @param signal The signal which rejects the returned promise with its reason.
 * @returns A promise that settles as `p` does, or rejects when the signal aborts.
 */
export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([promise, p]).finally(() => signal.removeEventListener("abort", abort));
}
