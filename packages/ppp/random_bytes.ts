/** {@linkcode randomBytes}: challenges.
 *
 * @module
 */
import type { Random } from "@lightwire/netif";

/** Octets that are as unpredictable as their source. */
export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.uint32() >>> 24);
}
