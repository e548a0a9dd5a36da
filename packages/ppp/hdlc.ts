/** Data plane. Octet-stuffed HDLC-like framing of PPP on an asynchronous line (RFC 1662 §4).
 *
 * ```text
 *   7e | stuffed( address control protocol information | FCS low, FCS high ) | 7e
 * ```
 *
 * A flag, an escape, and each control character of the ACCM is sent as 7d and the octet with bit 5 inverted. Whatever comes
 * before the first flag (a modem's text), is too short, too long, aborted by 7d 7e, or has a wrong FCS is counted and
 * dropped; the flag that ends it begins the next frame, so one bad frame costs at most the one behind it.
 *
 * @module
 */
import { fcs16, FCS16_GOOD } from "@lightwire/pbuf";

/** Begins and ends each frame (RFC 1662 §4.1). */
export const HDLC_FLAG = 0x7e;
/** Announces an octet with bit 5 inverted (RFC 1662 §4.2). */
export const HDLC_ESCAPE = 0x7d;
/** The ACCM of both directions until LCP has agreed on another: every control character is escaped (RFC 1662 §7.1). */
export const DEFAULT_ACCM = 0xffff_ffff;
/** Frame octets, FCS excluded, that a decoder takes by default: 1500 of information, the header, and what some peers add. */
export const DEFAULT_MAX_FRAME_BYTES = 1664;

const FCS_LENGTH = 2;
/** Shortest frame that is not garbage: one octet of protocol (ACFC and PFC in use) and the FCS would be 3; with less than 4
 * octets RFC 1662 §3.1 calls it invalid, and no compressed frame is shorter either, for none is empty. */
const MIN_STUFFED_LENGTH = 4;
const BIT_5 = 0x20;

function controlTable(accm: number, into: Uint8Array): void {
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
    controlTable(this.#accm, this.#escapes);
  }

  /** Control characters that are escaped, an unsigned number of 32 bits. */
  get accm(): number {
    return this.#accm;
  }

  set accm(accm: number) {
    this.#accm = accm >>> 0;
    controlTable(this.#accm, this.#escapes);
  }

  /** Room which a frame of `length` octets (header included, FCS not) needs at most. */
  static maxEncodedLength(length: number): number {
    return 2 * (length + FCS_LENGTH) + 2;
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
        into[at++] = octet ^ BIT_5;
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
      into[at++] = octet ^ BIT_5;
    }
    return at;
  }
}

/** Who a decoder hands frames to. */
export interface HdlcSink {
  /** A frame with a good FCS: `bytes[start … end]` without it, borrowed until the call returns. */
  hdlcInput(bytes: Uint8Array, start: number, end: number): void;
  /** A frame was dropped: a wrong FCS, too short, too long, aborted. Frames come and go in the order of the line. */
  hdlcDamaged?(): void;
}

/** What a decoder has seen. */
export interface HdlcCounters {
  /** Octets handed in. */
  octets: number;
  /** Good frames. */
  frames: number;
  /** Frames whose FCS was wrong. */
  badFcs: number;
  /** Frames of one to three octets (RFC 1662 §3.1). */
  tooShort: number;
  /** Frames longer than the limit. */
  tooLong: number;
  /** Frames that their sender gave up by 7d 7e (RFC 1662 §4.3). */
  aborted: number;
  /** Octets before the first flag. */
  garbage: number;
  /** Control characters of the receive ACCM that were not escaped: something on the line put them in (RFC 1662 §7.1). */
  strayControls: number;
}

/** Finds the frames in what arrives, however it is cut. */
export class HdlcDecoder {
  /** What happened so far. */
  readonly counters: HdlcCounters;
  readonly #sink: HdlcSink;
  readonly #specials: Uint8Array;
  readonly #buffer: Uint8Array;
  #length: number;
  #isInSync: boolean;
  #isEscaped: boolean;
  #isTooLong: boolean;

  /** Makes a decoder that waits for a flag.
   *
   * @param sink Gets the frames.
   * @param maxFrameBytes Longest frame, FCS excluded.
   */
  constructor(sink: HdlcSink, maxFrameBytes: number = DEFAULT_MAX_FRAME_BYTES) {
    this.counters = {
      octets: 0,
      frames: 0,
      badFcs: 0,
      tooShort: 0,
      tooLong: 0,
      aborted: 0,
      garbage: 0,
      strayControls: 0,
    };
    this.#sink = sink;
    this.#specials = new Uint8Array(256);
    this.#buffer = new Uint8Array(maxFrameBytes + FCS_LENGTH);
    this.#length = 0;
    this.#isInSync = false;
    this.#isEscaped = false;
    this.#isTooLong = false;
    controlTable(0, this.#specials);
  }

  /** Sets which control characters the peer escapes, so that others put in by the line are dropped (RFC 1662 §7.1). 0 by
   * default: everything is taken, because peers exist that escape less than they agreed to. */
  setReceiveAccm(accm: number): void {
    controlTable(accm >>> 0, this.#specials);
  }

  /** Forgets a frame begun, and waits for a flag. */
  reset(): void {
    this.#length = 0;
    this.#isInSync = false;
    this.#isEscaped = false;
    this.#isTooLong = false;
  }

  /** Takes `bytes[start … end]`, which it does not keep. Frames go to the sink before it returns. */
  input(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    const specials = this.#specials;
    this.counters.octets += end - start;
    let i = start;
    if (!this.#isInSync) i = this.#findFlag(bytes, i, end);
    if (this.#isTooLong) i = this.#skipRest(bytes, i, end);
    while (i < end) {
      if (this.#isEscaped) {
        this.#inputEscaped(bytes[i++]!);
        if (this.#isTooLong) i = this.#skipRest(bytes, i, end);
        continue;
      }
      i = this.#takeOrdinary(bytes, i, end);
      if (i === end) return;
      const octet = bytes[i++]!;
      if (octet === HDLC_FLAG) this.#frameEnds();
      else if (octet === HDLC_ESCAPE) this.#isEscaped = true;
      else if (specials[octet] !== 0) this.counters.strayControls++;
      else this.#isTooLong = true;
      if (this.#isTooLong) i = this.#skipRest(bytes, i, end);
    }
  }

  /** Takes octets, escaped ones included, up to the next that means something else. This loop is the cost of a byte
   * (hdlc_bench.ts).
   *
   * @returns Offset of the octet that it has not taken.
   */
  #takeOrdinary(bytes: Uint8Array, start: number, end: number): number {
    const specials = this.#specials;
    const buffer = this.#buffer;
    const most = buffer.length;
    let length = this.#length;
    let i = start;
    while (i < end && length < most) {
      const octet = bytes[i]!;
      if (specials[octet] === 0) {
        buffer[length++] = octet;
        i++;
        continue;
      }
      if (octet !== HDLC_ESCAPE || i + 1 === end) break;
      const escaped = bytes[i + 1]!;
      if (specials[escaped] !== 0) break;
      buffer[length++] = escaped ^ BIT_5;
      i += 2;
    }
    this.#length = length;
    return i;
  }

  #findFlag(bytes: Uint8Array, start: number, end: number): number {
    for (let i = start; i < end; i++) {
      if (bytes[i] !== HDLC_FLAG) continue;
      this.counters.garbage += i - start;
      this.#isInSync = true;
      return i + 1;
    }
    this.counters.garbage += end - start;
    return end;
  }

  #inputEscaped(octet: number): void {
    this.#isEscaped = false;
    if (octet === HDLC_FLAG) {
      this.counters.aborted++;
      this.#length = 0;
      this.#sink.hdlcDamaged?.();
      return;
    }
    if (this.#specials[octet] !== 0 && octet < BIT_5) {
      this.#isEscaped = true;
      this.counters.strayControls++;
    } else if (this.#length < this.#buffer.length) this.#buffer[this.#length++] = octet ^ BIT_5;
    else this.#isTooLong = true;
  }

  /** Drops a frame that is too long, up to and with its flag. */
  #skipRest(bytes: Uint8Array, start: number, end: number): number {
    this.#length = 0;
    for (let i = start; i < end; i++) {
      if (bytes[i] !== HDLC_FLAG) continue;
      this.#isTooLong = false;
      this.counters.tooLong++;
      this.#sink.hdlcDamaged?.();
      return i + 1;
    }
    return end;
  }

  #frameEnds(): void {
    const length = this.#length;
    const counters = this.counters;
    this.#length = 0;
    if (length === 0) return; // one flag may end a frame and begin another, or fill the time
    if (length < MIN_STUFFED_LENGTH) {
      counters.tooShort++;
      this.#sink.hdlcDamaged?.();
      return;
    }
    if (fcs16(this.#buffer, 0, length) !== FCS16_GOOD) {
      counters.badFcs++;
      this.#sink.hdlcDamaged?.();
      return;
    }
    counters.frames++;
    this.#sink.hdlcInput(this.#buffer, 0, length - FCS_LENGTH);
  }
}
