/** @module */

/**
 * Checks whether byte slices are equal to each other.
 *
 * @param a First byte slice to check equality.
 * @param b Second byte slice to check equality.
 * @returns `true` if the slices hold the same bytes.
 */
export function equals(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}
