/** @module */
import { AssertionError } from "./assertion_error.ts";

/**
 * Makes an assertion that `actual` includes `expected`.
 *
 * @param actual The actual string to check.
 * @param expected The expected string to be found.
 * @param msg The optional message to display if the assertion fails.
 */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  const msgSuffix = msg ? `: ${msg}` : ".";
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${msgSuffix}`,
  );
}
