/** {@linkcode EphemeralPorts}: unpredictable local ports.
 *
 * @module
 */
import type { Random } from "@lightwire/netif";

/** First port of the dynamic range (RFC 6335 §6). */
export const EPHEMERAL_PORT_MIN = 49152;
/** Last port of the dynamic range. */
export const EPHEMERAL_PORT_MAX = 65535;

/** Chooses local ports as RFC 6056 §3.3.3 (algorithm 3, simple hash-based) does: the ports that one peer sees follow
 * each other, so none is reused soon, while an observer elsewhere cannot tell where the sequence of another peer is. */
export class EphemeralPorts {
  readonly #secret: number;
  readonly #min: number;
  readonly #count: number;
  #next: number;

  /** A sequence of its own for each key.
   *
   * @param random draws the secret once.
   * @throws {RangeError} when `min` … `max` is not a range of ports.
   */
  constructor(random: Random, min: number = EPHEMERAL_PORT_MIN, max: number = EPHEMERAL_PORT_MAX) {
    if (!(min >= 1 && max <= 65535 && min <= max)) {
      throw new RangeError(`Cannot use ${min} to ${max} as a range of ports`);
    }
    this.#secret = random.uint32();
    this.#next = random.uint32();
    this.#min = min;
    this.#count = max - min + 1;
  }

  /** A port for which `isFree` says true.
   *
   * @param key any number that identifies the peer and our address, like a mix of addresses and the peer's port.
   * @returns `undefined` when the whole range is taken.
   */
  next(isFree: (port: number) => boolean, key: number): number | undefined {
    const offset = mix32(key ^ this.#secret);
    for (let i = 0; i < this.#count; i++) {
      const port = this.#min + ((offset + this.#next++) >>> 0) % this.#count;
      this.#next >>>= 0;
      if (isFree(port)) return port;
    }
    return undefined;
  }
}

/** Spreads 32 bits over 32 bits (the finalizer of MurmurHash3); the result is unsigned. */
export function mix32(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
