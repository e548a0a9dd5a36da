/** @module */

/** Options for {@linkcode delay}. */
export interface DelayOptions {
  /** Signal used to abort the delay. */
  signal?: AbortSignal;
  /** Whether the process keeps running for the sake of this delay; `true` by default. */
  persistent?: boolean;
}

/**
 * Resolves after a number of milliseconds.
 *
 * @param ms Duration in milliseconds for how long the delay should last.
 * @param options Additional options.
 * @returns A promise which resolves after the delay, or rejects with the signal's reason.
 */
export function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const { signal, persistent = true } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
    if (!persistent) Deno.unrefTimer(timer);
  });
}
