/** {@linkcode equalsConstantTime}: comparing secrets.
 *
 * @module
 */

/** Whether two byte strings are equal, in a time that depends on their lengths only and not on where they differ (lwIP's
 * `memcmp_consttime`): for authenticators and message digests.
 *
 * @example Comparing a digest with the expected one
 * ```ts
 * import { equalsConstantTime } from "@lightwire/pbuf";
 * import assert from "node:assert/strict";
 *
 * assert(equalsConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2)));
 * assert(!equalsConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 3)));
 * ```
 */
export function equalsConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
