/** @module */
import { AssertionError } from "./assertion_error.ts";

/** Values that are falsy. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/**
 * Makes an assertion: throws {@linkcode AssertionError} if `expr` is truthy.
 *
 * @param expr The expression to test.
 * @param msg The message to display if the assertion fails.
 */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}
