/** Data plane. The Timestamps option at work (RFC 7323): the clock, round-trip times, PAWS and TS.Recent.
 *
 * @module
 */
import { seqLeq } from "./seq.ts";

/** After this long without a segment TS.Recent is not to be trusted any more: 24 days (RFC 7323 §5.5). */
export const TS_RECENT_EXPIRY_MS: number = 24 * 24 * 3600 * 1000;

/** TSval at `nowMs`: a clock of one tick a millisecond (RFC 7323 §5.4) plus the connection's `offset`. */
export function timestampAt(nowMs: number, offset: number): number {
  return (Math.floor(nowMs) % 0x1_0000_0000 + offset) >>> 0;
}

/** The round-trip time that TSecr tells, in milliseconds (RFC 7323 §4.1), or −1 when it cannot be: the echo
 * lies in the future, or more than `limitMs` in the past. */
export function rttFromEcho(tsEcr: number, nowTimestamp: number, limitMs: number = 0x7fff_ffff): number {
  const elapsed = (nowTimestamp - tsEcr) | 0;
  return elapsed < 0 || elapsed > limitMs ? -1 : elapsed;
}

/** Whether timestamp `a` is older than `b`, modulo 2^32. */
export function timestampLt(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** PAWS (RFC 7323 §5.3, R1): whether a segment with this TSval is an old duplicate. Never ask for a RST (§5.3) or a SYN.
 *
 * @param tsRecentAtMs when TS.Recent was last updated.
 */
export function isPawsViolation(
  tsVal: number,
  tsRecent: number,
  tsRecentAtMs: number,
  nowMs: number,
): boolean {
  return ((tsVal - tsRecent) | 0) < 0 && nowMs - tsRecentAtMs < TS_RECENT_EXPIRY_MS;
}

/** Whether TS.Recent becomes SEG.TSval (RFC 7323 §4.3 and §5.3, R3): the segment reaches back to what was
 * acknowledged last, and its timestamp is not older. A TS.Recent past its expiry is replaced in any case.
 *
 * @param tsRecentAtMs when TS.Recent was last updated.
 */
export function shouldUpdateTsRecent(
  tsVal: number,
  tsRecent: number,
  seq: number,
  lastAckSent: number,
  tsRecentAtMs: number,
  nowMs: number,
): boolean {
  if (!seqLeq(seq, lastAckSent)) return false;
  return ((tsVal - tsRecent) | 0) >= 0 || nowMs - tsRecentAtMs >= TS_RECENT_EXPIRY_MS;
}
