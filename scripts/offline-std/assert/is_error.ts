/** @module */
import { AssertionError } from "./assertion_error.ts";

/**
 * Makes an assertion that `error` is an `Error`, of the given class and with the given message part.
 *
 * @param error The error to assert.
 * @param ErrorClass The optional error class to assert.
 * @param msgMatches The optional string or pattern that the message has to contain.
 * @param msg The optional message to display if the assertion fails.
 */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  // deno-lint-ignore no-explicit-any
  ErrorClass?: abstract new (...args: any[]) => E,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  const msgSuffix = msg ? `: ${msg}` : ".";
  if (!(error instanceof Error)) {
    throw new AssertionError(
      `Expected "error" to be an Error object${msgSuffix}`,
    );
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    const got = error?.constructor?.name;
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${got}"${msgSuffix}\n${
        error.stack ?? ""
      }`,
    );
  }
  if (msgMatches === undefined) return;
  const fits = typeof msgMatches === "string"
    ? error.message.includes(msgMatches)
    : msgMatches.test(error.message);
  if (fits) return;
  const verb = typeof msgMatches === "string" ? "include" : "match";
  throw new AssertionError(
    `Expected error message to ${verb} ${Deno.inspect(msgMatches)}, but got ${
      Deno.inspect(error.message)
    }${msgSuffix}`,
  );
}
