/** Options and counters of a {@linkcode NeighborCache}.
 *
 * @module
 */

/** Options of a {@linkcode NeighborCache}; the defaults are the constants of RFC 4861 §10. */
export interface NeighborCacheOptions {
  /** Most entries of all interfaces together, static ones not counted. Default 1024. */
  readonly entriesMax?: number;
  /** Most entries that are being resolved (`INCOMPLETE`), so that a scan cannot evict the others. Default 256. */
  readonly incompleteMax?: number;
  /** Packets that wait for one neighbour. Default 64, so that the 45 fragments of a datagram of 64 KiB survive until
   * the answer comes (Linux keeps 200 kB); lwIP keeps 3, RFC 1122 §2.3.2.2 wants at least 1. */
  readonly queuePerNeighbor?: number;
  /** Packets that wait for all neighbours together. Default 256. */
  readonly queueTotal?: number;
  /** Which packet gives way when the queue of a neighbour is full. Default "oldest" (RFC 4861 §7.2.2); esp-lwip
   * drops the "newest". */
  readonly queueDrop?: "oldest" | "newest";
  /** Mean time that a confirmation holds, drawn anew from half to one and a half of it. Default 30,000. */
  readonly baseReachableTimeMs?: number;
  /** Between solicitations. Default 1000. */
  readonly retransTimerMs?: number;
  /** In `DELAY`. Default 5000. */
  readonly delayFirstProbeTimeMs?: number;
  /** Solicitations to all before giving up. Default 3. */
  readonly maxMulticastSolicit?: number;
  /** Solicitations to the station before giving up. Default 3. */
  readonly maxUnicastSolicit?: number;
}

/** Counters of a {@linkcode NeighborCache}. */
export interface NeighborCounters {
  /** Solicitations sent. */
  solicitations: number;
  /** Neighbours found. */
  resolved: number;
  /** Neighbours given up. */
  failed: number;
  /** Entries that gave way to others because of a bound. */
  evicted: number;
  /** Packets dropped because a queue was full. */
  queueDropped: number;
  /** Packets given back because their neighbour does not answer. */
  unresolvedDropped: number;
}

/** Fills in the defaults. */
export function resolveNeighborOptions(o: NeighborCacheOptions): Required<NeighborCacheOptions> {
  return {
    entriesMax: o.entriesMax ?? 1024,
    incompleteMax: o.incompleteMax ?? 256,
    queuePerNeighbor: o.queuePerNeighbor ?? 3,
    queueTotal: o.queueTotal ?? 256,
    queueDrop: o.queueDrop ?? "oldest",
    baseReachableTimeMs: o.baseReachableTimeMs ?? 30_000,
    retransTimerMs: o.retransTimerMs ?? 1000,
    delayFirstProbeTimeMs: o.delayFirstProbeTimeMs ?? 5000,
    maxMulticastSolicit: o.maxMulticastSolicit ?? 3,
    maxUnicastSolicit: o.maxUnicastSolicit ?? 3,
  };
}
