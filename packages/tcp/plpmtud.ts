/** Packetization layer path MTU discovery (RFC 4821 §7, with RFC 8899's constants), and the black holes that make it necessary: paths
 * on which large packets vanish, while no router says so, or no firewall lets its word through.
 *
 * - *Detection* (RFC 8899 §4.3): a full segment has timed out twice in a row. The segment goes out again in pieces that fit
 *   into {@linkcode BASE_MTU_V4}; if not even these arrive, into {@linkcode LEAST_MTU_V4}.
 * - *Search*: segments of the user's text, larger than the others, are sent as probes, one at a time, while nothing is being repaired
 *   and text follows them. The acknowledgment of one makes all segments as large. A probe that is missing while what was sent after it
 *   has arrived is sent again in pieces, and leaves the congestion window alone (RFC 4821 §7.6.2).
 * - *Memory*: what a search has found out counts for all connections to the host: it is in `ip`'s table of path MTUs for ten
 *   minutes. Then a connection that lives on tries again to get more.
 *
 * Why `"blackhole"` is the default, and not `"off"` as in Linux: a connection that meets a black hole works no more without; one that does
 * not never notices. What a false alarm costs (two timeouts in a row, which a bad radio link does have) are a few segments which are smaller
 * by a fifth: the first probe has the full size again. `"always"` begins each connection with small segments, which helps where
 * black holes are the rule, and costs a connection of a few packets some of its speed.
 *
 * Probing needs SACK, to be sure that the probe and nothing else was lost. Without it a connection keeps the size that passes.
 *
 * @module
 */
import { BASE_MTU_V4, BASE_MTU_V6, LEAST_MTU_V4, MtuSearch } from "./mtu_search.ts";
import { extraLength, ipHeaderLength, updateSmss } from "./path_mtu.ts";
import { seqDiff, seqGeq } from "./seq.ts";
import type { Tcb } from "./tcb.ts";
import { TCP_HEADER_LENGTH } from "./tcp_header.ts";
import { TIMESTAMPS_LENGTH } from "./tcp_options.ts";

/** How long a connection is content with what it has found (RFC 4821 §7.5, RFC 8899's PMTU_RAISE_TIMER). */
export const RAISE_INTERVAL_MS = 600_000;
/** Timeouts in a row that mean a black hole. */
const BLACK_HOLE_TIMEOUTS = 2;
/** The same for a search that is at its floor already. */
const FLOOR_TIMEOUTS = 4;
/** The same when segments of the least size have been tried twice, too. */
const OUTAGE_TIMEOUTS = 6;
/** Segments of text that must follow a probe, so that their acknowledgments show its loss. */
const FOLLOWERS = 3;

/** Options of {@linkcode TcpOptions.mtuProbing}. */
export type MtuProbing = "off" | "blackhole" | "always";

/** The largest packet there is a point in trying. */
function ceiling(tcb: Tcb): number {
  const { netif } = tcb.tx;
  const headers = ipHeaderLength(tcb) + TCP_HEADER_LENGTH;
  let mtu = netif === undefined ? tcb.tx.pathMtu : netif.mtu;
  if (tcb.peerMss + headers < mtu) mtu = tcb.peerMss + headers;
  const limit = tcb.config.maxSegmentBytes;
  return limit > 0 && limit + headers < mtu ? limit + headers : mtu;
}

function baseMtu(tcb: Tcb): number {
  return tcb.remoteAddress.family === 4 ? BASE_MTU_V4 : BASE_MTU_V6;
}

/** The retransmission timer has expired once more: perhaps because the segment is too large for the path (RFC 8899 §4.3).
 * `retransmitCount` does not include this time yet. */
export function detectBlackHole(tcb: Tcb): void {
  const { sent, layer } = tcb;
  if (layer.config.mtuProbing === "off" || sent === undefined || sent.count === 0 || tcb.sndWnd === 0) return;
  const timeouts = tcb.retransmitCount + 1;
  let search = tcb.mtuSearch;
  search?.cancel();
  if (timeouts < BLACK_HOLE_TIMEOUTS) return;
  const isAtFloor = search !== undefined && search.low <= baseMtu(tcb);
  const floor = isAtFloor ? LEAST_MTU_V4 : baseMtu(tcb);
  if (isAtFloor && (timeouts < FLOOR_TIMEOUTS || tcb.remoteAddress.family !== 4)) return;
  const length = seqDiff(sent.endAt(0), tcb.sndUna);
  if (segmentOf(tcb, floor, 0) >= (length < tcb.smss ? length : tcb.smss)) return;
  layer.counters.blackHoles++;
  if (search === undefined) search = tcb.mtuSearch = new MtuSearch(floor, ceiling(tcb));
  else search.fall(floor, ceiling(tcb));
  updateSmss(tcb);
}

/** An acknowledgment has come after timeouts. Segments of the least size had timed out like the larger ones before them: it was an outage,
 * and no black hole. With SACK the first probe finds that out; without, nothing would (see above). */
export function blackHoleWasNone(tcb: Tcb): void {
  if (tcb.hasSack || tcb.retransmitCount < OUTAGE_TIMEOUTS) return;
  tcb.mtuSearch = undefined;
  updateSmss(tcb);
}

/** With `"always"`, a connection begins at the floor (RFC 8899 §5.2, BASE). */
export function beginSearch(tcb: Tcb): void {
  const mtu = ceiling(tcb);
  const base = baseMtu(tcb) < tcb.tx.pathMtu ? baseMtu(tcb) : tcb.tx.pathMtu;
  if (!tcb.hasSack || mtu <= base) return;
  tcb.mtuSearch = new MtuSearch(base, mtu);
  updateSmss(tcb);
}

/** Octets of text in a packet of `mtu` bytes. */
function segmentOf(tcb: Tcb, mtu: number, sackLength: number): number {
  const timestamps = tcb.hasTimestamps ? TIMESTAMPS_LENGTH : 0;
  return mtu - ipHeaderLength(tcb) - TCP_HEADER_LENGTH - sackLength - timestamps -
    extraLength(tcb, timestamps);
}

/** What to do about a probe before text from `nxt` on is sent (RFC 4821 §7.3, §7.4).
 *
 * @param end where the text ends.
 * @param room what the congestion window has room for.
 * @returns octets of the probe to be sent now; 0: none; −1: nothing at all should be sent, so that room for a probe comes about.
 */
export function nextProbe(
  tcb: Tcb,
  search: MtuSearch,
  nxt: number,
  end: number,
  sackLength: number,
  room: number,
): number {
  const { sent, layer } = tcb;
  if (search.probeMtu > 0 || tcb.phase !== "NONE" || !tcb.hasSack || tcb.isProbeOutstanding) return 0;
  if (sent !== undefined && (sent.sackedBytes > 0 || sent.lostBytes > 0)) return 0;
  if (search.completedAtMs >= 0) {
    if (layer.clock.now() - search.completedAtMs < RAISE_INTERVAL_MS) return 0;
    search.hasFailed = false;
    search.restart(ceiling(tcb));
  }
  const mtu = search.next();
  if (mtu === 0) {
    complete(tcb, search);
    return 0;
  }
  const octets = segmentOf(tcb, mtu, sackLength);
  const needed = octets + FOLLOWERS * tcb.smss;
  const flight = seqDiff(nxt, tcb.sndUna);
  if (seqDiff(end, nxt) < needed || tcb.sndWnd - flight < needed || tcb.maxSndWnd < 2 * octets) return 0;
  if (tcb.congestion.cwnd < needed + tcb.smss) return 0;
  if (room >= octets) return octets;
  return flight > 0 ? -1 : 0;
}

/** Nothing is left to find out: all connections to this host profit, and this one does not look again for a while. */
function complete(tcb: Tcb, search: MtuSearch): void {
  search.completedAtMs = tcb.layer.clock.now();
  if (search.hasFailed) remember(tcb, search);
  else if (search.low >= tcb.tx.pathMtu) tcb.mtuSearch = undefined;
}

/** Tells `ip`, for other connections to this host. */
function remember(tcb: Tcb, search: MtuSearch): void {
  const { tx, layer } = tcb;
  layer.ip.pathMtu.learn(tx.destination, search.low, tx.netif === undefined ? 0 : tx.netif.mtu);
  layer.ip.prepare(tx);
}

/** SND.UNA has moved: perhaps over a probe, which has arrived then. */
export function mtuProbeAcknowledged(tcb: Tcb, search: MtuSearch): void {
  if (search.probeMtu === 0 || !seqGeq(tcb.sndUna, search.probeEnd)) return;
  search.succeeded();
  tcb.layer.counters.mtuProbeSuccesses++;
  // What is known of less counts no more.
  if (search.low > tcb.tx.pathMtu) remember(tcb, search);
  updateSmss(tcb);
}

/** Whether the probe is lost, and nothing else (RFC 4821 §7.6.2). If more is, that says nothing about the probe (§7.6.3).
 *
 * @returns whether the probe alone is to be sent again, in smaller pieces.
 */
export function mtuProbeLost(tcb: Tcb, search: MtuSearch): boolean {
  const { sent } = tcb;
  if (search.probeMtu === 0 || sent === undefined) return false;
  const { probeStart, probeEnd } = search;
  if (sent.lostBytes !== seqDiff(probeEnd, probeStart) || !sent.isLost(probeStart, probeEnd)) {
    search.cancel();
    return false;
  }
  tcb.layer.counters.mtuProbeFailures++;
  search.failed();
  return true;
}
