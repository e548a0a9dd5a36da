/** The effective send MSS (RFC 9293 §3.7.1) and path MTU discovery (RFC 1191); how larger ones are found, and black holes, is in `plpmtud.ts`.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { MtuSearch } from "./mtu_search.ts";
import type { Tcb } from "./tcb.ts";
import { TCP_HEADER_LENGTH } from "./tcp_header.ts";
import { MAX_OPTIONS_LENGTH, TIMESTAMPS_LENGTH } from "./tcp_options.ts";

/** Bytes of the fixed IP header. */
export function ipHeaderLength(tcb: Tcb): number {
  const options = tcb.tx.options;
  return (tcb.remoteAddress.family === 4 ? 20 : 40) + (options === undefined ? 0 : options.length);
}

/** Bytes of the option that signs the segments of a connection, 0 for none. */
export function signatureLength(tcb: Tcb): number {
  const { authentication } = tcb.layer;
  return authentication === undefined ? 0 : authentication.of(tcb)?.optionLength ?? 0;
}

/** Bytes of options behind our own: the user's, and the signature, which is written last.
 *
 * @param p is released if the user's hook throws.
 */
export function extraLength(tcb: Tcb, internalLength: number, p?: Pbuf): number {
  const { hooks, authentication } = tcb.layer;
  if (hooks.tcpOutOptions === undefined && authentication === undefined) return 0;
  const length = signatureLength(tcb);
  return length + hookLength(tcb, internalLength + length, p);
}

function hookLength(tcb: Tcb, internalLength: number, p: Pbuf | undefined): number {
  const hook = tcb.layer.hooks.tcpOutOptions;
  if (hook === undefined) return 0;
  try {
    const length = hook.length(tcb.connection, internalLength);
    if (length >= 0 && (length & 3) === 0 && internalLength + length <= MAX_OPTIONS_LENGTH) return length;
    throw new RangeError(
      `tcpOutOptions.length() must be a multiple of 4 that fits in the header: got ${length}`,
    );
  } catch (error) {
    p?.release();
    throw error;
  }
}

/** Writes the user's options at `at` of `p`, which is released if his hook throws. */
export function writeUserOptions(tcb: Tcb, p: Pbuf, at: number): void {
  try {
    tcb.layer.hooks.tcpOutOptions?.write(tcb.connection, p.view, at);
  } catch (error) {
    p.release();
    throw error;
  }
}

/** Computes SMSS anew: min(peer's MSS, path MTU − headers) less the options every segment carries
 * (RFC 6691 §2, RFC 7323 appendix A), and tells congestion control. */
export function updateSmss(tcb: Tcb): void {
  const { config } = tcb.layer;
  const { pathMtu } = tcb.tx;
  const isGrown = tcb.smssPathMtu > 0 && pathMtu > tcb.smssPathMtu;
  if (isGrown && tcb.mtuSearch === undefined && tcb.hasSack && config.mtuProbing !== "off") {
    // What a router said is old. A probe finds out whether it still holds, without a loss of a window if it does.
    tcb.mtuSearch = new MtuSearch(tcb.smssPathMtu, pathMtu);
  }
  const mtu = tcb.mtuSearch === undefined ? pathMtu : tcb.mtuSearch.limit(pathMtu);
  let mss = mtu - ipHeaderLength(tcb) - TCP_HEADER_LENGTH;
  if (tcb.peerMss < mss) mss = tcb.peerMss;
  const limit = tcb.config.maxSegmentBytes;
  if (limit > 0 && limit < mss) mss = limit;
  if (mss < config.minSegmentBytes) mss = config.minSegmentBytes;
  if (tcb.hasTimestamps) mss -= TIMESTAMPS_LENGTH;
  mss -= extraLength(tcb, tcb.hasTimestamps ? TIMESTAMPS_LENGTH : 0);
  tcb.smssPathMtu = pathMtu;
  if (mss === tcb.smss) return;
  tcb.smss = mss;
  tcb.congestion.setMss(mss);
  tcb.sent?.setMss(mss);
}

/** Octets of text per segment right now: SMSS, but never more than half the largest window the peer has ever
 * shown (TC-40), and less by the SACK option the segments carry.
 *
 * @param sackLength bytes of that option.
 */
export function segmentBytes(tcb: Tcb, sackLength: number): number {
  const largest = tcb.maxSndWnd;
  const half = largest > 536 ? largest >>> 1 : largest;
  const mss = half < tcb.smss && half > 0 ? half : tcb.smss;
  return mss - sackLength > 8 ? mss - sackLength : 8;
}

/** Octets of text that a super-segment holds: whole segments of `mss`; a single one if each must be signed. */
export function superSegmentBytes(tcb: Tcb, mss: number): number {
  if (signatureLength(tcb) > 0) return mss;
  const limit = tcb.tx.gsoMaxBytes < 65535 ? tcb.tx.gsoMaxBytes : 65535;
  const room = limit - ipHeaderLength(tcb) - TCP_HEADER_LENGTH - MAX_OPTIONS_LENGTH;
  return room > mss ? room - room % mss : mss;
}
