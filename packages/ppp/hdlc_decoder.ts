/** Data plane. {@linkcode HdlcDecoder}: finds the frames in what a serial line delivers (RFC 1662 §4).
 *
 * Whatever comes before the first flag (a modem's text), is too short, too long, aborted by 7d 7e, or has a wrong FCS is
 * counted and dropped; the flag that ends it begins the next frame, so one bad frame costs at most the one behind it.
 *
 * Deviation: RFC 1662 §7.1 drops control characters of the receive ACCM before the FCS is looked at. Peers exist that escape
 * less than they agreed to, so a frame is first tried with them, and only if its FCS is wrong without them.
 *
 * @module
 */
import { fcs16, FCS16_GOOD } from "@lightwire/pbuf";
import { DEFAULT_ACCM, HDLC_ESCAPE, HDLC_FCS_LENGTH, HDLC_FLAG, markHdlcSpecials } from "./hdlc.ts";
import { HdlcLineProfile } from "./hdlc_line_profile.ts";

/** Frame octets, FCS excluded, that a decoder takes by default: 1500 of information, the header, and what some peers add. */
export const DEFAULT_MAX_FRAME_BYTES = 1664;
/** Unescaped control characters in one frame that can be taken out again; further ones are dropped at once. */
export const MAX_STRAY_CONTROLS = 64;
/** Octets at the beginning that go into the profile of the line. */
export const PROFILE_BEGINNING_OCTETS = 4096;
/** Octets behind a frame with a wrong FCS that go into the profile of the line. */
export const PROFILE_DAMAGE_OCTETS = 2048;
/** Number of classes in {@linkcode HdlcCounters.framesByLength}. */
export const HDLC_LENGTH_CLASSES = 8;

/** Shortest frame that is not garbage: one octet of protocol (ACFC and PFC in use) and the FCS would be 3; with less than 4
 * octets RFC 1662 §3.1 calls it invalid, and no compressed frame is shorter either, for none is empty. */
const MIN_STUFFED_LENGTH = 4;

/** Kinds of octets: 0 for those that are taken as they are, */
const KIND_ESCAPE = 1;
/** and flags, and control characters that the peer should have escaped. */
const KIND_SPECIAL = 2;
/** From an escape's kind to the bit that it inverts (RFC 1662 §4.2). */
const ESCAPE_SHIFT = 5;

/** Class of a frame's length, FCS included: 0 below 32 octets, 1 below 64, 2 below 128, … 6 below 2048, 7 above. */
export function hdlcLengthClass(length: number): number {
  return Math.min(32 - Math.clz32(length >>> 5), HDLC_LENGTH_CLASSES - 1);
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
  /** Control characters of the receive ACCM that something on the line had put in: dropped (RFC 1662 §7.1). */
  strayControls: number;
  /** Control characters of the receive ACCM that the peer had sent without escaping them: kept. */
  unescapedControls: number;
  /** Good frames by length, see {@linkcode hdlcLengthClass}. */
  readonly framesByLength: number[];
  /** Frames whose FCS was wrong, likewise: where only long ones suffer, octets are lost because nobody stops the sender. */
  readonly badFcsByLength: number[];
}

/** Finds the frames in what arrives, however it is cut. */
export class HdlcDecoder {
  /** What happened so far. */
  readonly counters: HdlcCounters;
  /** What kind of octets the line delivers. */
  readonly profile: HdlcLineProfile;
  readonly #sink: HdlcSink;
  readonly #kinds: Uint8Array;
  readonly #buffer: Uint8Array;
  readonly #strays: Uint16Array;
  #strayCount: number;
  #length: number;
  #profileLeft: number;
  #isInSync: boolean;
  #hasBeenInSync: boolean;
  #isEscaped: boolean;
  #isTooLong: boolean;

  /** Makes a decoder that waits for a flag.
   *
   * @param sink Gets the frames.
   * @param maxFrameBytes Longest frame, FCS excluded; below 65,000.
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
      unescapedControls: 0,
      framesByLength: new Array<number>(HDLC_LENGTH_CLASSES).fill(0),
      badFcsByLength: new Array<number>(HDLC_LENGTH_CLASSES).fill(0),
    };
    this.profile = new HdlcLineProfile();
    this.#sink = sink;
    this.#kinds = new Uint8Array(256);
    this.#buffer = new Uint8Array(maxFrameBytes + HDLC_FCS_LENGTH);
    this.#strays = new Uint16Array(MAX_STRAY_CONTROLS);
    this.#strayCount = 0;
    this.#length = 0;
    this.#profileLeft = PROFILE_BEGINNING_OCTETS;
    this.#isInSync = false;
    this.#hasBeenInSync = false;
    this.#isEscaped = false;
    this.#isTooLong = false;
    this.setReceiveAccm(DEFAULT_ACCM);
  }

  /** Sets which control characters the peer escapes, so that others put in by the line are dropped (RFC 1662 §7.1);
   * {@linkcode DEFAULT_ACCM} at first. */
  setReceiveAccm(accm: number): void {
    const kinds = this.#kinds;
    markHdlcSpecials(accm >>> 0, kinds);
    for (let octet = 0; octet < 256; octet++) kinds[octet]! *= KIND_SPECIAL;
    kinds[HDLC_ESCAPE] = KIND_ESCAPE;
  }

  /** Forgets a frame begun, and waits for a flag. */
  reset(): void {
    this.#length = 0;
    this.#strayCount = 0;
    this.#isInSync = false;
    this.#isEscaped = false;
    this.#isTooLong = false;
  }

  /** Takes `bytes[start … end]`, which it does not keep. Frames go to the sink before it returns. */
  input(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    this.counters.octets += end - start;
    let i = start;
    if (!this.#isInSync) i = this.#findFlag(bytes, i, end);
    if (this.#profileLeft > 0) this.#profileInput(bytes, i, end);
    if (this.#isTooLong) i = this.#skipRest(bytes, i, end);
    while (i < end) {
      i = this.#takeOrdinary(bytes, i, end);
      if (i === end) return;
      const octet = bytes[i++]!;
      if (octet === HDLC_FLAG) this.#inputFlag();
      else if (this.#kinds[octet] === KIND_SPECIAL) this.#inputStray(octet);
      else if (octet === HDLC_ESCAPE && !this.#isEscaped) this.#isEscaped = true; // perhaps to abort a frame of just the limit
      else i = this.#skipRest(bytes, i, end);
    }
  }

  /** Takes octets, escaped ones included, up to the next that means something else, or does not fit. This loop is the cost of a
   * byte (hdlc_bench.ts): escapes come at random, so that they must not be branches.
   *
   * @returns Offset of the octet that it has not taken.
   */
  #takeOrdinary(bytes: Uint8Array, start: number, end: number): number {
    const kinds = this.#kinds;
    const buffer = this.#buffer;
    const most = buffer.length;
    let length = this.#length;
    let escape = this.#isEscaped ? 1 : 0;
    let i = start;
    while (i < end && length < most) {
      const octet = bytes[i]!;
      const kind = kinds[octet]!;
      if (kind === KIND_SPECIAL) break;
      buffer[length] = octet ^ (escape << ESCAPE_SHIFT);
      escape = kind & (escape ^ 1);
      length += 1 - escape; // of an escape nothing stays
      i++;
    }
    this.#length = length;
    this.#isEscaped = escape === 1;
    return i;
  }

  #findFlag(bytes: Uint8Array, start: number, end: number): number {
    for (let i = start; i < end; i++) {
      if (bytes[i] !== HDLC_FLAG) continue;
      this.counters.garbage += i - start;
      this.#isInSync = true;
      if (!this.#hasBeenInSync) this.#firstFlag();
      return i + 1;
    }
    this.counters.garbage += end - start;
    if (!this.#hasBeenInSync && this.#profileLeft > 0) this.#profileInput(bytes, start, end);
    return end;
  }

  #firstFlag(): void {
    this.#hasBeenInSync = true;
    this.#profileLeft = PROFILE_BEGINNING_OCTETS;
    this.profile.reset();
  }

  #profileInput(bytes: Uint8Array, start: number, end: number): void {
    const length = Math.min(end - start, this.#profileLeft);
    this.#profileLeft -= length;
    this.profile.input(bytes, start, start + length);
  }

  #inputFlag(): void {
    if (!this.#isEscaped) return this.#frameEnds();
    this.#isEscaped = false;
    this.#length = 0;
    this.#strayCount = 0;
    this.counters.aborted++;
    this.#sink.hdlcDamaged?.();
  }

  /** Keeps a control character that should not be here, and where it is. Behind an escape it cannot be the sender's. */
  #inputStray(octet: number): void {
    if (this.#isEscaped || this.#strayCount === MAX_STRAY_CONTROLS || this.#length === this.#buffer.length) {
      this.counters.strayControls++;
      return;
    }
    this.#strays[this.#strayCount++] = this.#length;
    this.#buffer[this.#length++] = octet;
  }

  /** Drops a frame that is too long, up to and with its flag. */
  #skipRest(bytes: Uint8Array, start: number, end: number): number {
    this.#length = 0;
    this.#strayCount = 0;
    this.#isEscaped = false;
    this.#isTooLong = true;
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
    let length = this.#length;
    if (length === 0) return; // one flag may end a frame and begin another, or fill the time
    const strays = this.#strayCount;
    this.#length = 0;
    this.#strayCount = 0;
    if (this.#isGood(length)) {
      this.counters.unescapedControls += strays;
      return this.#deliver(length);
    }
    if (strays > 0) {
      this.counters.strayControls += strays;
      length = this.#removeStrays(length, strays);
      if (length === 0) return;
      if (this.#isGood(length)) return this.#deliver(length);
    }
    if (length < MIN_STUFFED_LENGTH) this.counters.tooShort++;
    else {
      this.counters.badFcs++;
      this.counters.badFcsByLength[hdlcLengthClass(length)]!++;
      this.#profileLeft = PROFILE_DAMAGE_OCTETS;
    }
    this.#sink.hdlcDamaged?.();
  }

  #isGood(length: number): boolean {
    return length >= MIN_STUFFED_LENGTH && fcs16(this.#buffer, 0, length) === FCS16_GOOD;
  }

  #deliver(length: number): void {
    this.counters.frames++;
    this.counters.framesByLength[hdlcLengthClass(length)]!++;
    this.#sink.hdlcInput(this.#buffer, 0, length - HDLC_FCS_LENGTH);
  }

  #removeStrays(length: number, count: number): number {
    const buffer = this.#buffer;
    let stray = 0;
    let to = 0;
    for (let from = 0; from < length; from++) {
      if (stray < count && this.#strays[stray] === from) stray++;
      else buffer[to++] = buffer[from]!;
    }
    return to;
  }
}
