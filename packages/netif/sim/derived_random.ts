/** `deriveRandom`: a random stream from a seed and a name.
 *
 * @module
 */
import type { Random } from "../random.ts";

/** xoshiro128**, seeded from a number and a name. */
export function deriveRandom(seed: number | string, name: string): Random {
  let h = 0x811c9dc5;
  for (const c of `${seed}/${name}`) h = Math.imul(h ^ c.codePointAt(0)!, 0x01000193);
  const next = () => {
    h = (h + 0x9e3779b9) | 0;
    let z = h;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [next(), next(), next(), next()];
  return {
    uint32(): number {
      const r = Math.imul(b!, 5);
      const result = Math.imul((r << 7) | (r >>> 25), 9) >>> 0;
      const t = b! << 9;
      c! ^= a!;
      d! ^= b!;
      b! ^= c!;
      a! ^= d!;
      c! ^= t;
      d = (d! << 11) | (d! >>> 21);
      return result;
    },
  };
}
