/** @module */
import { indexOfNeedle } from "./index_of_needle.ts";

/**
 * Determines whether the source contains the needle.
 *
 * @param source Source array to check.
 * @param needle Needle array to check for.
 * @param start Index at which to begin; 0 by default.
 * @returns `true` if the needle occurs at or after `start`.
 */
export function includesNeedle(source: Uint8Array, needle: Uint8Array, start = 0): boolean {
  return indexOfNeedle(source, needle, start) !== -1;
}
