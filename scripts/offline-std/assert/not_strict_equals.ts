/** @module */
import { AssertionError } from "./assertion_error.ts";
import { format } from "./format.ts";

/**
 * Makes an assertion that `actual` and `expected` are not strictly equal, using `Object.is`.
 *
 * @param actual The actual value to compare.
 * @param expected The expected value to compare.
 * @param msg The optional message to display if the assertion fails.
 */
export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!Object.is(actual, expected)) return;
  const msgSuffix = msg ? `: ${msg}` : ".";
  throw new AssertionError(
    `Expected "actual" to not be strictly equal to: ${format(actual)}${msgSuffix}\n`,
  );
}
