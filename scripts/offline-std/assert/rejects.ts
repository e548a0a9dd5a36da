/** @module */
import { AssertionError } from "./assertion_error.ts";
import { assertIsError } from "./is_error.ts";

// deno-lint-ignore no-explicit-any
type ErrorConstructorOf<E extends Error> = abstract new (...args: any[]) => E;

/**
 * Executes a function which returns a promise, expecting it to reject.
 *
 * @param fn The function to execute.
 * @param msg The optional message to display if the assertion fails.
 * @returns The promise which resolves to the rejection's reason.
 */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * Executes a function which returns a promise, expecting it to reject with an error of a class.
 *
 * @param fn The function to execute.
 * @param ErrorClass The error class to assert.
 * @param msgIncludes The string that should be included in the error message.
 * @param msg The optional message to display if the assertion fails.
 * @returns The promise which resolves to the error.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorConstructorOf<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorConstructorOf<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<E | Error | unknown> {
  const ErrorClass = typeof errorClassOrMsg === "string" ? undefined : errorClassOrMsg;
  const text = typeof errorClassOrMsg === "string" ? errorClassOrMsg : msg;
  const msgSuffix = text ? `: ${text}` : ".";
  let returned: unknown;
  try {
    returned = fn();
  } catch (error) {
    throw new AssertionError(
      `Function throws when expected to reject${msgSuffix}`,
      { cause: error },
    );
  }
  if (
    typeof (returned as PromiseLike<unknown> | undefined)?.then !== "function"
  ) {
    throw new AssertionError(`Function did not return a promise${msgSuffix}`);
  }
  try {
    await returned;
  } catch (error) {
    if (!ErrorClass) return error;
    if (!(error instanceof Error)) {
      throw new AssertionError(`A non-Error object was rejected${msgSuffix}`, {
        cause: error,
      });
    }
    assertIsError(error, ErrorClass, msgIncludes, text);
    return error;
  }
  throw new AssertionError(`Expected function to reject${msgSuffix}`);
}
