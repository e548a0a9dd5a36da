/** @module */
import { AssertionError } from "./assertion_error.ts";
import { buildDiff } from "./diff.ts";
import { format } from "./format.ts";

/**
 * Makes an assertion that `actual` and `expected` are strictly equal, using `Object.is`.
 *
 * @param actual The actual value to compare.
 * @param expected The expected value to compare.
 * @param msg The optional message to display if the assertion fails.
 */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const msgSuffix = msg ? `: ${msg}` : ".";
  const actualString = format(actual);
  const expectedString = format(expected);
  if (actualString === expectedString) {
    const withOffset = actualString.split("\n").map((line) => `    ${line}`)
      .join("\n");
    throw new AssertionError(
      `Values have the same structure but are not reference-equal${msgSuffix}\n\n${withOffset}\n`,
    );
  }
  throw new AssertionError(
    `Values are not strictly equal${msgSuffix}\n${buildDiff(actualString, expectedString)}`,
  );
}
