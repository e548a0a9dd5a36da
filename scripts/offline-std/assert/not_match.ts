/** @module */
import { AssertionError } from "./assertion_error.ts";

/**
 * Makes an assertion that `actual` does not match the regular expression `expected`.
 *
 * @param actual The actual value to match.
 * @param expected The expected value to not match.
 * @param msg The optional message to display if the assertion fails.
 */
export function assertNotMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (!expected.test(actual)) return;
  const msgSuffix = msg ? `: ${msg}` : ".";
  throw new AssertionError(
    `Expected actual: "${actual}" to not match: "${expected}"${msgSuffix}`,
  );
}
