/** @module */
import { AssertionError } from "./assertion_error.ts";

/**
 * Makes an assertion: throws {@linkcode AssertionError} if `expr` is not truthy.
 *
 * @param expr The expression to test.
 * @param msg The message to display if the assertion fails.
 */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}
