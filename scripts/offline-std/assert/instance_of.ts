/** @module */
import { AssertionError } from "./assertion_error.ts";

/** Any constructor. */
// deno-lint-ignore no-explicit-any
export type AnyConstructor = new (...args: any[]) => any;
/** Gets the instance type of a constructor. */
export type GetConstructorType<T extends AnyConstructor> = InstanceType<T>;

function describe(actual: unknown): string {
  if (actual === null) return "null";
  if (actual === undefined) return "undefined";
  if (typeof actual === "object") return actual.constructor?.name ?? "Object";
  return typeof actual;
}

/**
 * Makes an assertion that `actual` is an instance of `expectedType`.
 *
 * @param actual The object to check.
 * @param expectedType The expected class constructor.
 * @param msg The optional message to display if the assertion fails.
 */
export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const msgSuffix = msg ? `: ${msg}` : ".";
  const expectedName = expectedType.name;
  const actualName = describe(actual);
  if (expectedName === actualName) {
    throw new AssertionError(
      `Expected object to be an instance of "${expectedName}"${msgSuffix}`,
    );
  }
  const what = actualName === "function" || typeof actual !== "object" || actual === null
    ? actualName
    : `"${actualName}"`;
  throw new AssertionError(
    `Expected object to be an instance of "${expectedName}" but was ${what}${msgSuffix}`,
  );
}
