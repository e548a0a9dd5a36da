/** @module */
import { abortable } from "./abortable.ts";

/** Options for {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Signal used to abort the deadline. */
  signal?: AbortSignal;
}

/**
 * Creates a promise which rejects with a `DOMException` named `TimeoutError` when a delay is exceeded.
 *
 * @param p The promise to make rejectable.
 * @param ms Duration in milliseconds for when the promise should time out.
 * @param options Additional options.
 * @returns A promise that settles as `p` does, if it does so in time.
 */
export async function deadline<T>(p: Promise<T>, ms: number, options: DeadlineOptions = {}): Promise<T> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new DOMException("Signal timed out.", "TimeoutError")), ms);
  const signals = options.signal ? [timeout.signal, options.signal] : [timeout.signal];
  try {
    return await abortable(p, AbortSignal.any(signals));
  } finally {
    clearTimeout(timer);
  }
}
