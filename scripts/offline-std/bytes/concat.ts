/** @module */

/**
 * Concatenates byte slices into a new slice.
 *
 * @param buffers Array of byte slices to concatenate.
 * @returns A new byte slice which holds the bytes of all of them.
 */
export function concat(buffers: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const buffer of buffers) length += buffer.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const buffer of buffers) {
    out.set(buffer, at);
    at += buffer.length;
  }
  return out;
}
