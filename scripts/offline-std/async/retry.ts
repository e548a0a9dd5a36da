/** @module */
import { delay } from "./delay.ts";

/** Error thrown in {@linkcode retry} once the maximum number of failed attempts has been reached. */
export class RetryError extends Error {
  /**
   * @param cause The cause for this error.
   * @param attempts The number of retry attempts made.
   */
  constructor(cause: unknown, attempts: number) {
    super(`Retrying exceeded the maxAttempts (${attempts}).`, { cause });
    this.name = "RetryError";
  }
}

/** Options for {@linkcode retry}. */
export interface RetryOptions {
  /** How much to back off after each retry; 2 by default. */
  multiplier?: number;
  /** The maximum milliseconds between attempts; 60,000 by default. */
  maxTimeout?: number;
  /** The maximum amount of attempts until failure; 5 by default. */
  maxAttempts?: number;
  /** The initial and minimum amount of milliseconds between attempts; 1,000 by default. */
  minTimeout?: number;
  /** Amount of jitter to introduce to the time between attempts, 0 to 1; 1 by default. */
  jitter?: number;
  /** Tells whether an error is worth another attempt; all are by default. */
  isRetriable?: (err: unknown) => boolean;
}

/**
 * Calls a function until it does not throw, at most `maxAttempts` times.
 *
 * @param fn The function to retry.
 * @param options Additional options.
 * @returns What the function returned.
 * @throws {RetryError} If the function fails after `maxAttempts` attempts.
 */
export async function retry<T>(fn: (() => Promise<T>) | (() => T), options?: RetryOptions): Promise<T> {
  const { multiplier = 2, maxTimeout = 60_000, maxAttempts = 5, minTimeout = 1000, jitter = 1 } = options ??
    {};
  if (minTimeout > maxTimeout) {
    throw new RangeError(
      `Cannot retry as 'minTimeout' must be <= 'maxTimeout': ` +
        `current values 'minTimeout=${minTimeout}', 'maxTimeout=${maxTimeout}'`,
    );
  }
  if (jitter < 0 || jitter > 1) {
    throw new RangeError(`Cannot retry as 'jitter' must be between 0 and 1: current value is ${jitter}`);
  }
  for (let attempt = 0;; attempt++) {
    try {
      return await fn();
    } catch (error) {
      if (options?.isRetriable?.(error) === false) throw error;
      if (attempt + 1 >= maxAttempts) throw new RetryError(error, maxAttempts);
      const backoff = Math.min(maxTimeout, minTimeout * multiplier ** attempt);
      await delay((1 - jitter * Math.random()) * backoff);
    }
  }
}
