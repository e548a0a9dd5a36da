/** {@linkcode MtuSearch}: the search for the largest packet that a path takes, by packets of its own (RFC 4821 §7.3, RFC 8899 §5.3).
 *
 * ```text
 *        low                    probe                high            the interface's MTU
 *   ──────┼───────────────────────┼───────────────────┼───────────────────┼──────▶ bytes
 *   this passes     perhaps: packets of this size are tried     two probes of this size were lost
 * ```
 *
 * Sizes are those of IP packets. The first probe is as large as can be, since most black holes are false alarms; then come
 * sizes that links and tunnels have, by halves. Without one of those left between the bounds, a rest of less than
 * {@linkcode SEARCH_GRANULARITY} bytes is not worth a probe.
 *
 * @module
 */

/** Search floor of IPv4 (RFC 8899 §5.1.2, BASE_PLPMTU). */
export const BASE_MTU_V4 = 1200;
/** Search floor of IPv6: every link takes it (RFC 8200 §5). */
export const BASE_MTU_V6 = 1280;
/** What remains when IPv4 packets of {@linkcode BASE_MTU_V4} bytes do not pass: every host takes it (RFC 1122 §3.3.2). */
export const LEAST_MTU_V4 = 576;
/** Probes of one size that must be lost before it counts as too large. Deviation: MAX_PROBES of RFC 8899 §5.1.2 is 3; of ours, text
 * behind the probe has been acknowledged each time, which a datagram's sender does not know. */
export const MAX_PROBES = 2;
/** Bounds closer than this end the search. */
export const SEARCH_GRANULARITY = 32;

/** MTUs of links and tunnels: jumbo frames, FDDI, Ethernet, PPPoE, GRE, IPsec, WireGuard, cellular networks, IPv6's least. */
const COMMON_MTUS = [
  17_914,
  9216,
  9000,
  8166,
  4464,
  4352,
  2048,
  2002,
  1500,
  1492,
  1480,
  1472,
  1460,
  1452,
  1440,
  1430,
  1420,
  1412,
  1400,
  1380,
  1360,
  1340,
  1320,
  1300,
  1280,
  1240,
  1200,
  1024,
  1006,
];

/** One connection's search. */
export class MtuSearch {
  /** search_low: packets of this size pass, as far as is known; the size in use. */
  low: number;
  /** search_high: larger ones do not, or are not to be tried. */
  high: number;
  /** Size of the probe that is outstanding, 0 for none. */
  probeMtu: number;
  /** First octet of it. */
  probeStart: number;
  /** Octet after it. */
  probeEnd: number;
  /** Probes of the present size that were lost. */
  failures: number;
  /** A size was found too large: the path is narrower than our own link. */
  hasFailed: boolean;
  /** When the search ended, −1 while it goes on. */
  completedAtMs: number;

  /** A search that begins.
   *
   * @param low a size that passes.
   * @param high the largest size to try.
   */
  constructor(low: number, high: number) {
    this.low = low;
    this.high = high;
    this.probeMtu = 0;
    this.probeStart = 0;
    this.probeEnd = 0;
    this.failures = 0;
    this.hasFailed = false;
    this.completedAtMs = -1;
  }

  /** What is used under a path MTU that `ip` knows of: a router that tells of a smaller one is believed, and ends the search. */
  limit(pathMtu: number): number {
    if (pathMtu < this.low) {
      this.low = pathMtu;
      this.high = pathMtu;
      this.probeMtu = 0;
    } else if (pathMtu > this.low && pathMtu < this.high) {
      this.high = pathMtu;
    }
    return this.low;
  }

  /** A black hole: begins anew from a smaller size. */
  fall(low: number, high: number): void {
    this.low = low;
    this.restart(high);
    this.hasFailed = false;
  }

  /** Looks for more, up to `high`. */
  restart(high: number): void {
    this.high = high > this.low ? high : this.low;
    this.probeMtu = 0;
    this.failures = 0;
    this.completedAtMs = -1;
  }

  /** Size of the next probe, 0 when there is nothing left to find out. */
  next(): number {
    const { low, high } = this;
    if (high <= low) return 0;
    if (!this.hasFailed) return high;
    let first = -1;
    let count = 0;
    for (let i = 0; i < COMMON_MTUS.length; i++) {
      const mtu = COMMON_MTUS[i]!;
      if (mtu > high || mtu <= low) continue;
      if (first < 0) first = i;
      count++;
    }
    if (count > 0) return COMMON_MTUS[first + (count >> 1)]!;
    return high - low < SEARCH_GRANULARITY ? 0 : (low + high + 1) >> 1;
  }

  /** A probe was sent. */
  sent(mtu: number, start: number, end: number): void {
    this.probeMtu = mtu;
    this.probeStart = start;
    this.probeEnd = end;
  }

  /** The probe arrived (RFC 4821 §7.6.1). */
  succeeded(): void {
    this.low = this.probeMtu;
    if (this.high < this.low) this.high = this.low;
    this.probeMtu = 0;
    this.failures = 0;
  }

  /** The probe alone was lost (RFC 4821 §7.6.2).
   *
   * @returns whether its size is ruled out by that.
   */
  failed(): boolean {
    const size = this.probeMtu;
    this.probeMtu = 0;
    if (++this.failures < MAX_PROBES) return false;
    this.failures = 0;
    this.high = size - 1;
    this.hasFailed = true;
    return true;
  }

  /** Nobody can tell what became of the probe (RFC 4821 §7.6.3, §7.6.4). */
  cancel(): void {
    this.probeMtu = 0;
  }
}
