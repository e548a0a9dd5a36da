/** {@linkcode IsnGenerator}: initial sequence numbers nobody can guess (RFC 6528), and what else follows from addresses and a secret.
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip";
import type { Random } from "@lightwire/netif";
import { SipHash } from "./siphash.ts";

/** Ticks of M per millisecond: one every 4 µs (RFC 9293 §3.4.1, MUST-8). */
const TICKS_PER_MS = 250;

/** ISN = M + F(localip, localport, remoteip, remoteport, secretkey), F being SipHash-2-4. */
export class IsnGenerator {
  readonly #isnHash: SipHash;
  readonly #timestampHash: SipHash;
  readonly #portHash: SipHash;
  readonly #words: Uint32Array;

  /** Draws its secrets.
   *
   * @param random where the three secrets come from.
   */
  constructor(random: Random) {
    this.#isnHash = newHash(random);
    this.#timestampHash = newHash(random);
    this.#portHash = newHash(random);
    this.#words = new Uint32Array(9);
  }

  /** The ISS for a connection that begins now (RFC 6528 §3). Grows by 250,000 a second for one tuple. */
  isn(
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
    nowMs: number,
  ): number {
    const f = this.#hash(this.#isnHash, localAddress, localPort, remoteAddress, remotePort);
    // The clock wraps after 4.77 hours; reduce before adding, so that no precision is lost in long runs.
    const m = Math.floor(nowMs * TICKS_PER_MS) % 0x1_0000_0000;
    return (f + m) >>> 0;
  }

  /** What to add to the timestamp clock of a connection, so that TSval does not tell the uptime, and still
   * grows from one connection of a tuple to the next (RFC 7323 §5.4). */
  timestampOffset(
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
  ): number {
    return this.#hash(this.#timestampHash, localAddress, localPort, remoteAddress, remotePort);
  }

  /** F of RFC 6056 §3.3.3: where the ephemeral ports towards one destination begin. A mix without a secret would let a server choose
   * a port of its own whose sequence is that of another server. */
  portOffset(localAddress: IpAddress, remoteAddress: IpAddress, remotePort: number): number {
    return this.#hash(this.#portHash, localAddress, 0, remoteAddress, remotePort);
  }

  #hash(
    hash: SipHash,
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
  ): number {
    const words = this.#words;
    words[0] = localAddress.w0;
    words[1] = localAddress.w1;
    words[2] = localAddress.w2;
    words[3] = localAddress.w3;
    words[4] = remoteAddress.w0;
    words[5] = remoteAddress.w1;
    words[6] = remoteAddress.w2;
    words[7] = remoteAddress.w3;
    words[8] = (localPort << 16) | remotePort;
    return hash.hash(words, 9);
  }
}

function newHash(random: Random): SipHash {
  return new SipHash([random.uint32(), random.uint32(), random.uint32(), random.uint32()]);
}
