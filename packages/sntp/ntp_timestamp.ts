/** Timestamps of NTP, and what four of them say (RFC 5905 §6, §8).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                            seconds                            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                            fraction                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 *
 * @module
 */

/** Seconds from 1900-01-01 to 1970-01-01, both 00:00 UTC: 70 years, 17 of them leap years. */
export const NTP_UNIX_OFFSET_SECONDS = 2_208_988_800;

/** Bytes of a timestamp on the wire. */
export const NTP_TIMESTAMP_LENGTH = 8;

const SECONDS_PER_ERA = 0x1_0000_0000;

/** A point in time with a resolution of 233 ps, in an era that has to be guessed (RFC 5905 §6). */
export interface NtpTimestamp {
  /** Seconds since the era began, an unsigned 32-bit integer. Era 0 began 1900-01-01, era 1 begins 2036-02-07. */
  readonly seconds: number;
  /** Fraction of a second in units of 2^−32 s, an unsigned 32-bit integer. */
  readonly fraction: number;
}

/** The timestamp whose 64 bits are zero: "unknown" or "unsynchronized" (RFC 5905 §6). */
export const NTP_UNKNOWN: NtpTimestamp = Object.freeze({ seconds: 0, fraction: 0 });

/** Whether a timestamp says that the time is not known.
 *
 * @param t The timestamp.
 * @returns Whether all 64 bits are zero.
 */
export function isUnknownNtp(t: NtpTimestamp): boolean {
  return t.seconds === 0 && t.fraction === 0;
}

/** Converts Unix time to a timestamp; the era is dropped, as on the wire.
 *
 * @param unixMs Milliseconds since 1970-01-01 00:00 UTC, fractions allowed; negative before that.
 * @returns The nearest timestamp.
 * @throws {RangeError} If `unixMs` is not finite.
 *
 * @example The epoch of Unix in NTP
 * ```ts
 * import { ntpFromUnixMs } from "@lightwire/sntp";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(ntpFromUnixMs(500), { seconds: 2_208_988_800, fraction: 0x8000_0000 });
 * ```
 */
export function ntpFromUnixMs(unixMs: number): NtpTimestamp {
  if (!Number.isFinite(unixMs)) throw new RangeError(`Cannot convert ${unixMs} ms to an NTP timestamp`);
  let seconds = Math.floor(unixMs / 1000);
  let fraction = Math.round((unixMs - seconds * 1000) * (SECONDS_PER_ERA / 1000));
  if (fraction === SECONDS_PER_ERA) {
    fraction = 0;
    seconds++;
  }
  return { seconds: modulo(seconds + NTP_UNIX_OFFSET_SECONDS), fraction };
}

/** Converts a timestamp to Unix time, in the era that lies nearest to a known time.
 *
 * @param t The timestamp.
 * @param nearMs Unix time in milliseconds that is known to be less than 68 years away. Without it, timestamps whose
 * highest bit is set are of 1968–2036 and others of 2036–2104 (RFC 4330 §3).
 * @returns Milliseconds since 1970-01-01 00:00 UTC, with fractions; exact to 0.3 µs, which is what a `number` of this
 * size holds.
 *
 * @example A timestamp after the era changes
 * ```ts
 * import { unixMsFromNtp } from "@lightwire/sntp";
 * import assert from "node:assert/strict";
 *
 * assert.equal(new Date(unixMsFromNtp({ seconds: 0, fraction: 1 })).toISOString(), "2036-02-07T06:28:16.000Z");
 * ```
 */
export function unixMsFromNtp(t: NtpTimestamp, nearMs?: number): number {
  const sinceUnix = t.seconds - NTP_UNIX_OFFSET_SECONDS + t.fraction / SECONDS_PER_ERA;
  if (nearMs === undefined) {
    return (t.seconds >= 0x8000_0000 ? sinceUnix : sinceUnix + SECONDS_PER_ERA) * 1000;
  }
  const era = Math.round((nearMs / 1000 - sinceUnix) / SECONDS_PER_ERA);
  return (sinceUnix + era * SECONDS_PER_ERA) * 1000;
}

/** Reads a timestamp in network byte order.
 *
 * @param view The bytes of a message.
 * @param offset Offset of the timestamp in bytes from the start of `view`.
 * @returns The timestamp, or `undefined` when fewer than 8 bytes are left.
 */
export function parseNtpTimestamp(view: DataView, offset: number): NtpTimestamp | undefined {
  if (offset < 0 || offset + NTP_TIMESTAMP_LENGTH > view.byteLength) return undefined;
  return { seconds: view.getUint32(offset), fraction: view.getUint32(offset + 4) };
}

/** Writes a timestamp in network byte order, all 8 bytes of it.
 *
 * @param view The bytes of a message.
 * @param offset Offset of the timestamp in bytes from the start of `view`.
 * @param t The timestamp.
 * @throws {RangeError} If fewer than 8 bytes are left.
 */
export function emitNtpTimestamp(view: DataView, offset: number, t: NtpTimestamp): void {
  view.setUint32(offset, t.seconds);
  view.setUint32(offset + 4, t.fraction);
}

/** Signed difference of two timestamps less than 68 years apart, across the change of eras.
 *
 * @param a The one timestamp.
 * @param b The other.
 * @returns `a − b` in milliseconds.
 */
export function ntpDifferenceMs(a: NtpTimestamp, b: NtpTimestamp): number {
  return ((a.seconds - b.seconds) | 0) * 1000 + (a.fraction - b.fraction) / (SECONDS_PER_ERA / 1000);
}

/** What one exchange says about the server's clock (RFC 5905 §8). */
export interface NtpMeasurement {
  /** The server's clock minus ours, in milliseconds: `((T2 − T1) + (T3 − T4)) / 2`. */
  readonly offsetMs: number;
  /** The round trip without the server's own time, in milliseconds: `(T4 − T1) − (T3 − T2)`, 0 when negative. */
  readonly delayMs: number;
}

/** Computes offset and delay from the four timestamps of an exchange (RFC 5905 §8).
 *
 * @param t1 When the request left, by our clock.
 * @param t2 When it arrived, by the server's clock.
 * @param t3 When the reply left, by the server's clock.
 * @param t4 When it arrived, by our clock.
 * @returns The measurement.
 *
 * @example A server 5 s ahead, 40 ms away
 * ```ts
 * import { measureNtp, ntpFromUnixMs } from "@lightwire/sntp";
 * import assert from "node:assert/strict";
 *
 * const at = [0, 5020, 5021, 41].map((ms) => ntpFromUnixMs(ms));
 * const { offsetMs, delayMs } = measureNtp(at[0]!, at[1]!, at[2]!, at[3]!);
 * assert.deepEqual([Math.round(offsetMs), Math.round(delayMs)], [5000, 40]);
 * ```
 */
export function measureNtp(
  t1: NtpTimestamp,
  t2: NtpTimestamp,
  t3: NtpTimestamp,
  t4: NtpTimestamp,
): NtpMeasurement {
  const there = ntpDifferenceMs(t2, t1);
  const back = ntpDifferenceMs(t3, t4);
  // The delay can only be negative by the clocks' own resolution (RFC 5905 §8).
  return { offsetMs: (there + back) / 2, delayMs: Math.max(0, there - back) };
}

/** Prints a timestamp as hexadecimal words, as `ntpq` does: `83aa7e80.80000000`.
 *
 * @param t The timestamp.
 * @returns The text.
 */
export function formatNtpTimestamp(t: NtpTimestamp): string {
  return `${t.seconds.toString(16).padStart(8, "0")}.${t.fraction.toString(16).padStart(8, "0")}`;
}

function modulo(seconds: number): number {
  return ((seconds % SECONDS_PER_ERA) + SECONDS_PER_ERA) % SECONDS_PER_ERA;
}
