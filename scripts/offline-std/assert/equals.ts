/** @module */
import { AssertionError } from "./assertion_error.ts";
import { buildDiff } from "./diff.ts";
import { equal } from "./equal.ts";
import { format } from "./format.ts";

/**
 * Makes an assertion that `actual` and `expected` are equal, deeply.
 *
 * @param actual The actual value to compare.
 * @param expected The expected value to compare.
 * @param msg The optional message to display if the assertion fails.
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  const msgSuffix = msg ? `: ${msg}` : ".";
  const message = `Values are not equal${msgSuffix}`;
  throw new AssertionError(
    `${message}\n${buildDiff(format(actual), format(expected))}`,
  );
}
