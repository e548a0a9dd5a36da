/** {@linkcode checkSntpReply}: what is wrong with a reply (RFC 5905 §8, §9.2, RFC 4330 §5).
 *
 * @module
 */
import { formatReferenceId, NTP_MODE, type NtpMessage } from "./ntp_message.ts";
import { isUnknownNtp, ntpDifferenceMs, type NtpTimestamp } from "./ntp_timestamp.ts";

/** Largest root distance that counts as synchronized, in milliseconds: MAXDISP (RFC 5905 §7.2). */
export const SNTP_MAX_ROOT_DISTANCE_MS = 16_000;

/** Stratum of a server that is not synchronized: MAXSTRAT (RFC 5905 §7.2). */
const MAX_STRATUM = 16;

/** Why a reply is no use. The first three may be anybody's: whoever waits for the reply goes on waiting. The others come from who
 * has seen the request, and end the wait. */
export type SntpRefusal =
  | "not-a-server" // mode is not 4
  | "bad-version" // version is not 1 … 4
  | "wrong-origin" // its originate timestamp is none that we sent (RFC 5905 §8, test 2: bogus)
  | "kiss-of-death" // stratum 0 (RFC 5905 §7.4)
  | "unsynchronized" // leap indicator 3, or stratum 16 and up
  | "no-time" // receive or transmit timestamp is zero (RFC 5905 §8, test 3)
  | "time-goes-back" // transmitted before it was received, or before its clock was set
  | "root-distance" // too far from any reference clock
  | "impossible-delay"; // the server claims to have spent more time on it than we have waited

/** What a reply is compared with. */
export interface SntpReplyExpectation {
  /** Transmit timestamps of the requests that may be answered. */
  readonly origins: readonly NtpTimestamp[];
  /** Milliseconds from request to reply, by our clock; of the request whose origin it is. */
  readonly elapsedMs: (index: number) => number;
  /** Default {@linkcode SNTP_MAX_ROOT_DISTANCE_MS}. */
  readonly maxRootDistanceMs?: number | undefined;
}

/** Whether a refusal may be anybody's doing: the reply does not show that its sender has seen the request. */
export function isForeignReply(refusal: SntpRefusal): boolean {
  return refusal === "not-a-server" || refusal === "bad-version" || refusal === "wrong-origin";
}

/** Checks a reply.
 *
 * @returns the index of the request in `origins` that it answers, or what is wrong with it.
 */
export function checkSntpReply(m: NtpMessage, expected: SntpReplyExpectation): number | SntpRefusal {
  if (m.mode !== NTP_MODE.server) return "not-a-server";
  if (m.version > 4) return "bad-version";
  const index = expected.origins.findIndex((o) =>
    o.seconds === m.originate.seconds && o.fraction === m.originate.fraction
  );
  if (index < 0) return "wrong-origin";
  // A kiss counts only with the right origin: else anybody could take a server away from us.
  // Without one, stratum 0 is what chronyd says that does not know the time.
  if (m.stratum === 0) return hasKissCode(m) ? "kiss-of-death" : "unsynchronized";
  if (m.leap === "unsynchronized" || m.stratum >= MAX_STRATUM) return "unsynchronized";
  if (isUnknownNtp(m.transmit) || isUnknownNtp(m.receive)) return "no-time";
  if (ntpDifferenceMs(m.transmit, m.receive) < 0) return "time-goes-back";
  const isReferenceLater = !isUnknownNtp(m.reference) && ntpDifferenceMs(m.transmit, m.reference) < 0;
  if (isReferenceLater) return "time-goes-back";
  const maxDistanceMs = expected.maxRootDistanceMs ?? SNTP_MAX_ROOT_DISTANCE_MS;
  if (m.rootDelayMs / 2 + m.rootDispersionMs >= maxDistanceMs) return "root-distance";
  if (delayOf(m, expected.elapsedMs(index)) < -toleranceMs(m)) return "impossible-delay";
  return index;
}

/** The round trip without the server's own time, in milliseconds: `(T4 − T1) − (T3 − T2)` (RFC 5905 §8); negative by the clocks'
 * resolution at most. */
export function delayOf(m: NtpMessage, elapsedMs: number): number {
  return elapsedMs - ntpDifferenceMs(m.transmit, m.receive);
}

/** The four characters of a kiss (RFC 5905 §7.4). */
export function kissCodeOf(m: NtpMessage): string {
  return formatReferenceId(0, m.referenceId);
}

/** Whether the reference id is four printable characters (RFC 5905 §7.4). */
function hasKissCode(m: NtpMessage): boolean {
  return /^[!-~]{4}$/.test(kissCodeOf(m));
}

/** What a kiss asks for: "stop" using the server, ask it "less" often, or nothing that this client could do ("other")
 * (RFC 5905 §7.4). */
export function kissMeaning(kissCode: string): "stop" | "less" | "other" {
  if (kissCode === "DENY" || kissCode === "RSTR") return "stop";
  return kissCode === "RATE" ? "less" : "other";
}

/** Resolution of both clocks: the server's by its own word, ours a millisecond. */
function toleranceMs(m: NtpMessage): number {
  return 1 + 1000 * 2 ** Math.min(0, m.precision);
}
