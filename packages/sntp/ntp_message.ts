/** The NTP header (RFC 5905 §7.3), which SNTP has in common with NTP (RFC 4330 §4).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |LI | VN  |Mode |    Stratum    |     Poll      |   Precision   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                          Root delay                           |
 * |                        Root dispersion                        |
 * |                         Reference id                          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                     Reference timestamp (64)                  |
 * |                     Originate timestamp (64)                  |
 * |                      Receive timestamp (64)                   |
 * |                      Transmit timestamp (64)                  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 *
 * Extension fields and a message authentication code may follow; they are not looked at.
 *
 * @module
 */
import {
  emitNtpTimestamp,
  formatNtpTimestamp,
  NTP_UNKNOWN,
  type NtpTimestamp,
  parseNtpTimestamp,
} from "./ntp_timestamp.ts";

/** Octets of the header. */
export const NTP_HEADER_LENGTH = 48;
/** The version that requests have (RFC 5905 §7.3). */
export const NTP_VERSION = 4;

/** Association modes (RFC 5905 §7.3, figure 10). */
export const NTP_MODE = { client: 3, server: 4, broadcast: 5 } as const;

/** What the leap indicator says (RFC 5905 §7.3, figure 9): the last minute of the month has 61 or 59 seconds; or the clock was
 * never synchronized. */
export type NtpLeap = "none" | "insert" | "delete" | "unsynchronized";

const LEAPS: readonly NtpLeap[] = ["none", "insert", "delete", "unsynchronized"];
const SHORT_UNITS_PER_MS = 65.536; // 16.16 fixed point seconds

/** A parsed header. */
export interface NtpMessage {
  /** Leap indicator. */
  readonly leap: NtpLeap;
  /** Version, 1 … 7. */
  readonly version: number;
  /** Association mode, 0 … 7; see {@linkcode NTP_MODE}. */
  readonly mode: number;
  /** Distance from a reference clock: 1 has one, 2 … 15 are so many servers away, 0 is a kiss-o'-death, 16 unsynchronized. */
  readonly stratum: number;
  /** Poll interval as exponent of two, in seconds. */
  readonly poll: number;
  /** Precision of the clock as exponent of two, in seconds. */
  readonly precision: number;
  /** Round trip to the reference clock, in milliseconds. */
  readonly rootDelayMs: number;
  /** Error with respect to the reference clock, in milliseconds. */
  readonly rootDispersionMs: number;
  /** Reference id, an unsigned 32-bit integer; see {@linkcode formatReferenceId}. */
  readonly referenceId: number;
  /** When the clock was last set. */
  readonly reference: NtpTimestamp;
  /** When the request left, as it said itself. */
  readonly originate: NtpTimestamp;
  /** When the request arrived. */
  readonly receive: NtpTimestamp;
  /** When this message left. */
  readonly transmit: NtpTimestamp;
}

/** Why octets are no NTP message. */
export type NtpParseFailure = "too-short" | "bad-version";

/** A client's request. RFC 5905 §9.2 wants of it version, mode and transmit timestamp; everything else is zero, so that it tells
 * nothing about the client (draft-ietf-ntp-data-minimization).
 *
 * @param transmit comes back as the reply's originate timestamp: the time, or better a number that nobody can guess.
 */
export function ntpRequest(transmit: NtpTimestamp): NtpMessage {
  return {
    leap: "none",
    version: NTP_VERSION,
    mode: NTP_MODE.client,
    stratum: 0,
    poll: 0,
    precision: 0,
    rootDelayMs: 0,
    rootDispersionMs: 0,
    referenceId: 0,
    reference: NTP_UNKNOWN,
    originate: NTP_UNKNOWN,
    receive: NTP_UNKNOWN,
    transmit,
  };
}

/** Reads a header.
 *
 * @param view the octets.
 * @param offset where the message begins.
 * @param length octets of the message; what follows the header is not looked at.
 * @returns the message, or why it is none.
 */
export function parseNtpMessage(
  view: DataView,
  offset: number = 0,
  length: number = view.byteLength - offset,
): NtpMessage | NtpParseFailure {
  if (length < NTP_HEADER_LENGTH || offset + NTP_HEADER_LENGTH > view.byteLength) return "too-short";
  const first = view.getUint8(offset);
  const version = (first >>> 3) & 7;
  if (version === 0) return "bad-version";
  return {
    leap: LEAPS[first >>> 6]!,
    version,
    mode: first & 7,
    stratum: view.getUint8(offset + 1),
    poll: view.getInt8(offset + 2),
    precision: view.getInt8(offset + 3),
    rootDelayMs: view.getUint32(offset + 4) / SHORT_UNITS_PER_MS,
    rootDispersionMs: view.getUint32(offset + 8) / SHORT_UNITS_PER_MS,
    referenceId: view.getUint32(offset + 12),
    reference: parseNtpTimestamp(view, offset + 16)!,
    originate: parseNtpTimestamp(view, offset + 24)!,
    receive: parseNtpTimestamp(view, offset + 32)!,
    transmit: parseNtpTimestamp(view, offset + 40)!,
  };
}

/** Writes a header.
 *
 * @returns its {@linkcode NTP_HEADER_LENGTH} octets.
 */
export function emitNtpMessage(message: NtpMessage): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NTP_HEADER_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, LEAPS.indexOf(message.leap) << 6 | (message.version & 7) << 3 | (message.mode & 7));
  view.setUint8(1, message.stratum);
  view.setInt8(2, message.poll);
  view.setInt8(3, message.precision);
  view.setUint32(4, toShort(message.rootDelayMs));
  view.setUint32(8, toShort(message.rootDispersionMs));
  view.setUint32(12, message.referenceId);
  emitNtpTimestamp(view, 16, message.reference);
  emitNtpTimestamp(view, 24, message.originate);
  emitNtpTimestamp(view, 32, message.receive);
  emitNtpTimestamp(view, 40, message.transmit);
  return bytes;
}

/** A reference id as text: the name of a reference clock or a kiss code for stratum 0 and 1 ("GPS", "RATE"), else an address, or
 * what is left of a digest of one (RFC 5905 §7.3).
 *
 * @returns printable ASCII.
 */
export function formatReferenceId(stratum: number, referenceId: number): string {
  const octets = [24, 16, 8, 0].map((shift) => (referenceId >>> shift) & 0xff);
  if (stratum > 1) return octets.join(".");
  const end = octets.findLastIndex((octet) => octet !== 0) + 1;
  const isText = octets.slice(0, end).every((octet) => octet > 0x20 && octet < 0x7f);
  if (!isText) return `0x${referenceId.toString(16).padStart(8, "0")}`;
  return String.fromCharCode(...octets.slice(0, end));
}

/** Prints a message on one line. */
export function formatNtpMessage(m: NtpMessage): string {
  const name =
    ["reserved", "active", "passive", "client", "server", "broadcast", "control", "private"][m.mode];
  const times = `org ${formatNtpTimestamp(m.originate)}, rec ${formatNtpTimestamp(m.receive)}, ` +
    `xmt ${formatNtpTimestamp(m.transmit)}`;
  if (m.mode === NTP_MODE.client) return `NTPv${m.version} ${name}, xmt ${formatNtpTimestamp(m.transmit)}`;
  return `NTPv${m.version} ${name}, leap ${m.leap}, stratum ${m.stratum}, ` +
    `refid ${formatReferenceId(m.stratum, m.referenceId)}, ${times}`;
}

function toShort(ms: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.round(ms * SHORT_UNITS_PER_MS)));
}
