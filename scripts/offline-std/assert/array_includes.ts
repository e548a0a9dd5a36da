/** @module */
import { AssertionError } from "./assertion_error.ts";
import { equal } from "./equal.ts";
import { format } from "./format.ts";

/**
 * Makes an assertion that `actual` includes every value of `expected`.
 *
 * @param actual The array-like object to check for.
 * @param expected The array-like object to check for.
 * @param msg The optional message to display if the assertion fails.
 */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T> & object,
  expected: ArrayLike<T> & object,
  msg?: string,
): void {
  const haystack = Array.from(actual);
  const missing = Array.from(expected).filter((want) => !haystack.some((have) => equal(want, have)));
  if (missing.length === 0) return;
  const msgSuffix = msg ? `: ${msg}` : ".";
  throw new AssertionError(
    `Expected actual: "${format(actual)}" to include: "${format(expected)}"${msgSuffix}\nmissing: ${
      format(missing)
    }`,
  );
}
