/** Data plane. The header in front of the information of a PPP frame (RFC 1662 §3.1, RFC 1661 §2).
 *
 * ```text
 *   +----------+----------+---------------------+
 *   | ff       | 03       | protocol, 8 or 16 b |
 *   +----------+----------+---------------------+
 *    absent: ACFC          one octet, odd: PFC
 * ```
 *
 * Both compressed forms are understood at any time, whether agreed on or not: a frame cannot be mistaken for another by it.
 * A parse fails on a frame that ends inside of its header, and on a protocol number whose last octet is even or whose first
 * is odd (RFC 1661 §2).
 *
 * @module
 */

/** Address field: all stations (RFC 1662 §3.1). */
export const PPP_ADDRESS = 0xff;
/** Control field: unnumbered information (RFC 1662 §3.1). */
export const PPP_CONTROL = 0x03;
/** Longest header, in octets. */
export const PPP_HEADER_LENGTH = 4;
/** What {@linkcode parsePppHeader} gives for a frame without a valid header. */
export const PPP_HEADER_INVALID: number = -1;

/** Reads the header at `bytes[start … end]`.
 *
 * @returns The protocol number in bits 0 to 15 and the header's length in bits 16 up (see {@linkcode pppProtocolOf}), or
 * {@linkcode PPP_HEADER_INVALID}. One number, because an object for each frame would be garbage.
 */
export function parsePppHeader(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  // ff 03 cannot be a protocol: 0x00ff is not assigned for this reason (RFC 1661 §6.6).
  if (end - i >= 2 && bytes[i] === PPP_ADDRESS && bytes[i + 1] === PPP_CONTROL) i += 2;
  if (i >= end) return PPP_HEADER_INVALID;
  let protocol = bytes[i++]!;
  if ((protocol & 1) === 0) {
    if (i >= end) return PPP_HEADER_INVALID;
    protocol = (protocol << 8) | bytes[i++]!;
    if ((protocol & 1) === 0) return PPP_HEADER_INVALID;
  }
  return ((i - start) << 16) | protocol;
}

/** The protocol number in what {@linkcode parsePppHeader} gave. */
export function pppProtocolOf(header: number): number {
  return header & 0xffff;
}

/** The length of the header in what {@linkcode parsePppHeader} gave, in octets. */
export function pppHeaderLengthOf(header: number): number {
  return header >>> 16;
}

/** Writes a header at `into[at]`, at most {@linkcode PPP_HEADER_LENGTH} octets.
 *
 * @param isAcfc Leave out address and control; never for LCP (RFC 1661 §6.6).
 * @param isPfc Send protocols below 0x100 in one octet; LCP's number is not one (RFC 1661 §6.5).
 * @returns Offset behind the header.
 */
export function emitPppHeader(
  into: Uint8Array,
  at: number,
  protocol: number,
  isAcfc: boolean,
  isPfc: boolean,
): number {
  if (!isAcfc) {
    into[at++] = PPP_ADDRESS;
    into[at++] = PPP_CONTROL;
  }
  if (!isPfc || protocol > 0xff) into[at++] = protocol >>> 8;
  into[at++] = protocol & 0xff;
  return at;
}
