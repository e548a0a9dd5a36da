/** @module */

/**
 * Returns the index of the first occurrence of the needle in the source, or -1.
 *
 * @param source Source array to check.
 * @param needle Needle array to check for.
 * @param start Index at which to begin; negative counts from the end; 0 by default.
 * @returns The index of the first occurrence at or after `start`, or -1.
 */
export function indexOfNeedle(source: Uint8Array, needle: Uint8Array, start = 0): number {
  if (start < 0) start = Math.max(0, start + source.length);
  const first = needle[0];
  if (first === undefined) return -1;
  const last = source.length - needle.length;
  for (let at = source.indexOf(first, start); at >= 0 && at <= last; at = source.indexOf(first, at + 1)) {
    let matched = 1;
    while (matched < needle.length && source[at + matched] === needle[matched]) matched++;
    if (matched === needle.length) return at;
  }
  return -1;
}
