/** {@linkcode untilClosed}: what comes, one after the other, for `for await`.
 *
 * @module
 */

/** Yields what `next` gives until `isClosed`; the rejection that closing causes ends it quietly, any other is thrown. */
export async function* untilClosed<T>(
  next: () => Promise<T>,
  isClosed: () => boolean,
): AsyncGenerator<T, void, unknown> {
  while (!isClosed()) {
    let value: T;
    try {
      value = await next();
    } catch (error) {
      if (isClosed()) return;
      throw error;
    }
    yield value;
  }
}
