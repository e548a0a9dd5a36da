/** @module */

/**
 * Returns `true` if the suffix appears at the end of the source.
 *
 * @param source Source array to check.
 * @param suffix Suffix array to check for.
 * @returns `true` if the suffix appears at the end.
 */
export function endsWith(source: Uint8Array, suffix: Uint8Array): boolean {
  const shift = source.length - suffix.length;
  if (shift < 0) return false;
  for (let i = 0; i < suffix.length; i++) {
    if (source[shift + i] !== suffix[i]) return false;
  }
  return true;
}
