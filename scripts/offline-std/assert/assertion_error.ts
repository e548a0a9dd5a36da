/**
 * Error thrown when an assertion fails.
 *
 * @module
 */

/** Error thrown when an assertion fails. */
export class AssertionError extends Error {
  /**
   * @param message The error message.
   * @param options Additional options, `cause` among them.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}
