/** @module */
import { AssertionError } from "./assertion_error.ts";

/**
 * Use this to assert unreachable code.
 *
 * @param reason Why the code is unreachable.
 */
export function unreachable(reason?: string): never {
  let msg = "Unreachable.";
  if (reason !== undefined) {
    msg = `Reason for reaching this unreachable code: ${reason}`;
  }
  throw new AssertionError(msg);
}
