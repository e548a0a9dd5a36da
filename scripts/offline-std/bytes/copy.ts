/** @module */

/**
 * Copies bytes from `src` to `dst`, as many as fit behind the offset.
 *
 * @param src Source byte slice to copy from.
 * @param dst Destination byte slice to copy to.
 * @param offset Offset in the destination at which to start; 0 by default.
 * @returns Number of bytes copied.
 */
export function copy(src: Uint8Array, dst: Uint8Array, offset = 0): number {
  const at = Math.max(0, Math.min(offset, dst.byteLength));
  const count = Math.min(src.byteLength, dst.byteLength - at);
  dst.set(count === src.byteLength ? src : src.subarray(0, count), at);
  return count;
}
