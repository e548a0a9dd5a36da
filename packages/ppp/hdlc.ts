/** Data plane. Octet-stuffed HDLC-like framing of PPP on an asynchronous line (RFC 1662 §4): the sending half.
 *
 * ```text
 *   7e | stuffed( address control protocol information | FCS low, FCS high ) | 7e
 * ```
 *
 * A flag, an escape, and each control character of the ACCM is sent as 7d and the octet with bit 5 inverted. The receiving half
 * is {@linkcode HdlcDecoder}.
 *
 * @module
 */
import { fcs16 } from "@lightwire/pbuf";

/** Begins and ends each frame (RFC 1662 §4.1). */
export const HDLC_FLAG = 0x7e;
/** Announces an octet with bit 5 inverted (RFC 1662 §4.2). */
export const HDLC_ESCAPE = 0x7d;
/** The ACCM of both directions until LCP has agreed on another: every control character is escaped (RFC 1662 §7.1). */
export const DEFAULT_ACCM = 0xffff_ffff;
/** Octets of the FCS. */
export const HDLC_FCS_LENGTH = 2;
/** What an escape inverts (RFC 1662 §4.2). */
export const HDLC_ESCAPE_BIT = 0x20;

/** Marks in a table of 256 the octets that are not sent as they are: flag, escape, and the control characters of `accm`. */
export function markHdlcSpecials(accm: number, into: Uint8Array): void {
  for (let octet = 0; octet < 32; octet++) into[octet] = (accm >>> octet) & 1;
  into[HDLC_FLAG] = 1;
  into[HDLC_ESCAPE] = 1;
}

/** Puts frames into the form for the line. A frame is written in pieces, so that a chain of pbufs needs no copy. */
export class HdlcEncoder {
  readonly #escapes: Uint8Array;
  #accm: number;
  #fcs: number;

  /** Makes an encoder.
   *
   * @param accm Control characters to escape: bit n is for octet n (RFC 1662 §7.1).
   */
  constructor(accm: number = DEFAULT_ACCM) {
    this.#escapes = new Uint8Array(256);
    this.#accm = accm >>> 0;
    this.#fcs = 0xffff;
    markHdlcSpecials(this.#accm, this.#escapes);
  }

  /** Control characters that are escaped, an unsigned number of 32 bits. */
  get accm(): number {
    return this.#accm;
  }

  set accm(accm: number) {
    this.#accm = accm >>> 0;
    markHdlcSpecials(this.#accm, this.#escapes);
  }

  /** Room which a frame of `length` octets (header included, FCS not) needs at most. */
  static maxEncodedLength(length: number): number {
    return 2 * (length + HDLC_FCS_LENGTH) + 2;
  }

  /** Begins a frame.
   *
   * @param into Where to write; has room for {@linkcode HdlcEncoder.maxEncodedLength} octets from `at`.
   * @param hasFlag Whether to send a flag: needless directly behind another frame (RFC 1662 §4.1).
   * @returns Offset behind what was written.
   */
  begin(into: Uint8Array, at: number, hasFlag: boolean): number {
    this.#fcs = 0xffff;
    if (hasFlag) into[at++] = HDLC_FLAG;
    return at;
  }

  /** Writes `bytes[start … end]`, which it copies.
   *
   * @returns Offset behind what was written.
   */
  append(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
    const escapes = this.#escapes;
    this.#fcs = fcs16(bytes, start, end, this.#fcs);
    for (let i = start; i < end; i++) {
      const octet = bytes[i]!;
      if (escapes[octet] === 0) into[at++] = octet;
      else {
        into[at++] = HDLC_ESCAPE;
        into[at++] = octet ^ HDLC_ESCAPE_BIT;
      }
    }
    return at;
  }

  /** Ends the frame: its FCS, least significant octet first (RFC 1662 §3.1), and a flag.
   *
   * @returns Offset behind what was written.
   */
  finish(into: Uint8Array, at: number): number {
    const fcs = this.#fcs ^ 0xffff;
    at = this.#put(fcs & 0xff, into, at);
    at = this.#put(fcs >>> 8, into, at);
    into[at++] = HDLC_FLAG;
    return at;
  }

  /** Writes one whole frame, `bytes[start … end]`; see {@linkcode HdlcEncoder.begin}. */
  encode(
    bytes: Uint8Array,
    start: number,
    end: number,
    into: Uint8Array,
    at: number,
    hasFlag: boolean,
  ): number {
    at = this.begin(into, at, hasFlag);
    at = this.append(bytes, start, end, into, at);
    return this.finish(into, at);
  }

  #put(octet: number, into: Uint8Array, at: number): number {
    if (this.#escapes[octet] === 0) into[at++] = octet;
    else {
      into[at++] = HDLC_ESCAPE;
      into[at++] = octet ^ HDLC_ESCAPE_BIT;
    }
    return at;
  }
}
