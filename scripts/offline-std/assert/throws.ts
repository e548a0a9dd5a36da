/** @module */
import { AssertionError } from "./assertion_error.ts";
import { assertIsError } from "./is_error.ts";

// deno-lint-ignore no-explicit-any
type ErrorConstructorOf<E extends Error> = abstract new (...args: any[]) => E;

/**
 * Executes a function and expects it to throw.
 *
 * @param fn The function to execute.
 * @param msg The optional message to display if the assertion fails.
 * @returns The thrown value.
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Executes a function and expects it to throw an error of a class.
 *
 * @param fn The function to execute.
 * @param ErrorClass The error class to assert.
 * @param msgIncludes The string that should be included in the error message.
 * @param msg The optional message to display if the assertion fails.
 * @returns The thrown error.
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorConstructorOf<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClassOrMsg?: ErrorConstructorOf<E> | string,
  msgIncludes?: string,
  msg?: string,
): E | Error | unknown {
  const ErrorClass = typeof errorClassOrMsg === "string" ? undefined : errorClassOrMsg;
  const text = typeof errorClassOrMsg === "string" ? errorClassOrMsg : msg;
  const msgSuffix = text ? `: ${text}` : ".";
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    if (!ErrorClass) return thrown;
    if (!(error instanceof Error)) {
      throw new AssertionError(`A non-Error object was thrown${msgSuffix}`, {
        cause: error,
      });
    }
    assertIsError(error, ErrorClass, msgIncludes, text);
    return thrown;
  }
  throw new AssertionError(`Expected function to throw${msgSuffix}`);
}
