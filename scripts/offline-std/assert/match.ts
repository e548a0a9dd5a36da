/** @module */
import { AssertionError } from "./assertion_error.ts";

/**
 * Makes an assertion that `actual` matches the regular expression `expected`.
 *
 * @param actual The actual value to be matched.
 * @param expected The expected pattern to match.
 * @param msg The optional message to display if the assertion fails.
 */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  const msgSuffix = msg ? `: ${msg}` : ".";
  throw new AssertionError(
    `Expected actual: "${actual}" to match: "${expected}"${msgSuffix}`,
  );
}
