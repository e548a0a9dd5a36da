/** @module */
import { AssertionError } from "./assertion_error.ts";

/**
 * Makes an assertion that `actual` is neither null nor undefined.
 *
 * @param actual The actual value to check.
 * @param msg The optional message to include in the error if the assertion fails.
 */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  const msgSuffix = msg ? `: ${msg}` : ".";
  throw new AssertionError(
    `Expected actual: "${actual}" to not be null or undefined${msgSuffix}`,
  );
}
