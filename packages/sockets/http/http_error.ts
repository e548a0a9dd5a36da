/** {@linkcode HttpError}: the peer does not speak HTTP as it should.
 *
 * @module
 */

/** The peer's message breaks RFC 9112, or a limit of ours. Its `name` is "Http", as that of `Deno.errors.Http`. */
export class HttpError extends Error {
  /** The status to answer a client with. */
  readonly status: number;

  /** An error with a sentence of what is wrong.
   *
   * @param status what a server answers: 400, 408, 413, 417, 431, 501, 505.
   */
  constructor(status: number, message: string) {
    super(message);
    this.name = "Http";
    this.status = status;
  }
}
