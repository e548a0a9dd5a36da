/** {@linkcode writablePbuf}: received packets that are about to be changed.
 *
 * @module
 */
import { clone, type Pbuf } from "@lightwire/pbuf";

/** The packet itself, or a copy where its memory must not be written: it is shared, or not ours. Takes ownership.
 *
 * @returns `undefined` when memory is short; the packet has been released then.
 */
export function writablePbuf(p: Pbuf): Pbuf | undefined {
  if (p.kind !== "ROM" && p.kind !== "REF" && p.refCount === 1) return p;
  const copy = clone(p);
  p.release();
  return copy;
}
