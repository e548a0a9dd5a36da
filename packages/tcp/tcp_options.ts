/** Data plane. TCP options: Maximum Segment Size (RFC 9293 §3.7.1), Window Scale and Timestamps (RFC 7323),
 * SACK-Permitted and SACK (RFC 2018), Fast Open (RFC 7413), also as the experiment that it was (RFC 6994).
 *
 * ```text
 *   kind 0: End of Option List   kind 1: No-Operation   all others: | kind | length | value … |
 * ```
 *
 * Unknown options are skipped by their length (MUST-6). A length below 2 or beyond the header ends the list
 * (MUST-7): the options before it count, and {@linkcode Segment.hasMalformedOption} is set. A known option
 * of a wrong length is skipped. MSS, Window Scale, SACK-Permitted and Fast Open count only on a SYN, SACK only
 * on others.
 *
 * @module
 */
import { SYN } from "./control_bits.ts";
import { MAX_SACK_BLOCKS, type Segment } from "./segment.ts";

/** Largest shift a Window Scale option may carry; larger ones count as 14 (RFC 7323 §2.3). */
export const MAX_WINDOW_SHIFT = 14;
/** Bytes of a Timestamps option with two no-operations in front, as {@linkcode emitTimestamps} writes it. */
export const TIMESTAMPS_LENGTH = 12;
/** Bytes of options a header has room for. */
export const MAX_OPTIONS_LENGTH = 40;

const KIND_END = 0;
const KIND_NOP = 1;
const KIND_MSS = 2;
const KIND_WINDOW_SCALE = 3;
const KIND_SACK_PERMITTED = 4;
const KIND_SACK = 5;
const KIND_TIMESTAMPS = 8;
const KIND_FAST_OPEN = 34;
/** The option that experiments share, and the number of this one (RFC 4727, RFC 6994 §3). */
const KIND_EXPERIMENT = 254;
const FAST_OPEN_EXPERIMENT = 0xf989;

/** NOP NOP TIMESTAMPS 10: how nearly every stack lays the option out (RFC 7323 appendix A). */
const ALIGNED_TIMESTAMPS = 0x0101080a;

/** Reads the options between `offset` and `end` of `view` into `seg`, whose `ctl` must be set; sets all option fields. */
export function parseTcpOptions(view: DataView, offset: number, end: number, seg: Segment): void {
  seg.mss = 0;
  seg.windowShift = -1;
  seg.sackPermitted = false;
  seg.sackCount = 0;
  seg.fastOpenLength = -1;
  seg.isFastOpenExperimental = false;
  seg.hasMalformedOption = false;
  if (end - offset === TIMESTAMPS_LENGTH && view.getUint32(offset) === ALIGNED_TIMESTAMPS) {
    seg.hasTimestamps = true;
    seg.tsVal = view.getUint32(offset + 4);
    seg.tsEcr = view.getUint32(offset + 8);
    return;
  }
  seg.hasTimestamps = false;
  seg.tsVal = 0;
  seg.tsEcr = 0;
  while (offset < end) {
    const kind = view.getUint8(offset);
    if (kind === KIND_END) return;
    if (kind === KIND_NOP) {
      offset++;
      continue;
    }
    const length = offset + 1 < end ? view.getUint8(offset + 1) : 0;
    if (length < 2 || offset + length > end) {
      seg.hasMalformedOption = true;
      return;
    }
    parseOption(view, offset, kind, length, seg);
    offset += length;
  }
}

function parseOption(view: DataView, offset: number, kind: number, length: number, seg: Segment): void {
  if (kind === KIND_TIMESTAMPS) {
    if (length !== 10) return;
    seg.hasTimestamps = true;
    seg.tsVal = view.getUint32(offset + 2);
    seg.tsEcr = view.getUint32(offset + 6);
    return;
  }
  if ((seg.ctl & SYN) === 0) {
    if (kind === KIND_SACK) parseSack(view, offset, length, seg);
    return;
  }
  if (kind === KIND_MSS) {
    if (length === 4) seg.mss = view.getUint16(offset + 2);
  } else if (kind === KIND_WINDOW_SCALE) {
    if (length !== 3) return;
    const shift = view.getUint8(offset + 2);
    seg.windowShift = shift > MAX_WINDOW_SHIFT ? MAX_WINDOW_SHIFT : shift;
  } else if (kind === KIND_SACK_PERMITTED) {
    if (length === 2) seg.sackPermitted = true;
  } else if (kind === KIND_FAST_OPEN) {
    parseCookie(offset + 2, length - 2, false, seg);
  } else if (kind === KIND_EXPERIMENT && length >= 4 && view.getUint16(offset + 2) === FAST_OPEN_EXPERIMENT) {
    parseCookie(offset + 4, length - 4, true, seg);
  }
}

/** A cookie is 4 to 16 bytes and even, or absent (RFC 7413 §4.1.1). */
function parseCookie(offset: number, length: number, isExperimental: boolean, seg: Segment): void {
  if (length !== 0 && (length < 4 || length > 16 || (length & 1) !== 0)) return;
  seg.fastOpenLength = length;
  seg.fastOpenOffset = offset;
  seg.isFastOpenExperimental = isExperimental;
}

function parseSack(view: DataView, offset: number, length: number, seg: Segment): void {
  if ((length - 2) % 8 !== 0) return;
  let count = 0;
  for (let at = offset + 2; at < offset + length && count < MAX_SACK_BLOCKS; at += 8) {
    seg.sackLeft[count] = view.getUint32(at);
    seg.sackRight[count] = view.getUint32(at + 4);
    count++;
  }
  seg.sackCount = count;
}

/** What a SYN or SYN-ACK offers. */
export interface SynOptions {
  /** Maximum segment size to announce, 1 … 65535 (0 leaves the option out). */
  mss: number;
  /** Shift to announce, 0 … 14, or −1 to leave the option out. */
  windowShift: number;
  /** Announce SACK. */
  sackPermitted: boolean;
  /** Announce timestamps. */
  hasTimestamps: boolean;
  /** TSval. */
  tsVal: number;
  /** TSecr: 0 on a SYN. */
  tsEcr: number;
}

/** Offers nothing. */
export function newSynOptions(): SynOptions {
  return { mss: 0, windowShift: -1, sackPermitted: false, hasTimestamps: false, tsVal: 0, tsEcr: 0 };
}

/** Writes the options of a SYN or SYN-ACK at `offset`, in the order Linux sends them.
 *
 * @returns bytes written, a multiple of 4, at most 20.
 */
export function emitSynOptions(view: DataView, offset: number, options: SynOptions): number {
  let at = offset;
  if (options.mss > 0) {
    view.setUint8(at, KIND_MSS);
    view.setUint8(at + 1, 4);
    view.setUint16(at + 2, options.mss);
    at += 4;
  }
  if (options.hasTimestamps) {
    // SACK-Permitted takes the place of the two no-operations.
    if (options.sackPermitted) {
      view.setUint16(at, KIND_SACK_PERMITTED << 8 | 2);
    } else {
      view.setUint16(at, KIND_NOP << 8 | KIND_NOP);
    }
    view.setUint16(at + 2, KIND_TIMESTAMPS << 8 | 10);
    view.setUint32(at + 4, options.tsVal);
    view.setUint32(at + 8, options.tsEcr);
    at += 12;
  } else if (options.sackPermitted) {
    view.setUint16(at, KIND_NOP << 8 | KIND_NOP);
    view.setUint16(at + 2, KIND_SACK_PERMITTED << 8 | 2);
    at += 4;
  }
  if (options.windowShift >= 0) {
    view.setUint8(at, KIND_NOP);
    view.setUint8(at + 1, KIND_WINDOW_SCALE);
    view.setUint8(at + 2, 3);
    view.setUint8(at + 3, options.windowShift);
    at += 4;
  }
  return at - offset;
}

/** Bytes that {@linkcode emitSynOptions} will write. */
export function synOptionsLength(options: SynOptions): number {
  return (options.mss > 0 ? 4 : 0) + (options.hasTimestamps ? 12 : options.sackPermitted ? 4 : 0) +
    (options.windowShift >= 0 ? 4 : 0);
}

/** A Fast Open option. */
export interface FastOpenOption {
  /** The cookie; empty: a request. `undefined`: there is no option. */
  readonly cookie: Uint8Array | undefined;
  /** Written as an experiment (RFC 6994), for peers that know no other. */
  readonly isExperimental: boolean;
}

/** Bytes of a Fast Open option with its no-operations; 0 without one. */
export function fastOpenLength(option: FastOpenOption | undefined): number {
  const cookie = option?.cookie;
  return cookie === undefined ? 0 : ((option!.isExperimental ? 4 : 2) + cookie.length + 3) & ~3;
}

/** Writes a Fast Open option at `offset` (RFC 7413 §4.1.1).
 *
 * @returns bytes written, a multiple of 4.
 */
export function emitFastOpen(view: DataView, offset: number, option: FastOpenOption): number {
  const cookie = option.cookie!;
  let at = offset + 2;
  if (option.isExperimental) {
    view.setUint16(at, FAST_OPEN_EXPERIMENT);
    at += 2;
  }
  view.setUint8(offset, option.isExperimental ? KIND_EXPERIMENT : KIND_FAST_OPEN);
  view.setUint8(offset + 1, at - offset + cookie.length);
  for (let i = 0; i < cookie.length; i++) view.setUint8(at++, cookie[i]!);
  while (((at - offset) & 3) !== 0) view.setUint8(at++, KIND_NOP);
  return at - offset;
}

/** Writes an aligned Timestamps option at `offset`.
 *
 * @returns bytes written: {@linkcode TIMESTAMPS_LENGTH}.
 */
export function emitTimestamps(view: DataView, offset: number, tsVal: number, tsEcr: number): number {
  view.setUint32(offset, ALIGNED_TIMESTAMPS);
  view.setUint32(offset + 4, tsVal);
  view.setUint32(offset + 8, tsEcr);
  return TIMESTAMPS_LENGTH;
}

/** SACK blocks on their way into an option; filled by `ReassemblyQueue.blocks`. */
export class SackBlocks {
  /** Number of blocks, 0 … 4. */
  count: number;
  /** Left edges. */
  readonly left: Uint32Array;
  /** Right edges: the octet after the last one. */
  readonly right: Uint32Array;

  /** No blocks. */
  constructor() {
    this.count = 0;
    this.left = new Uint32Array(MAX_SACK_BLOCKS);
    this.right = new Uint32Array(MAX_SACK_BLOCKS);
  }
}

/** Bytes of a SACK option of `count` blocks with its two no-operations; 0 for none. */
export function sackOptionLength(count: number): number {
  return count === 0 ? 0 : 4 + 8 * count;
}

/** Most SACK blocks that fit in `room` bytes of option space. */
export function maxSackBlocks(room: number): number {
  const count = room < 12 ? 0 : (room - 4) >> 3;
  return count > MAX_SACK_BLOCKS ? MAX_SACK_BLOCKS : count;
}

/** Writes the first `max` of `blocks` as an aligned SACK option at `offset` (RFC 2018 §3).
 *
 * @returns bytes written, 0 when there is no block.
 */
export function emitSackBlocks(view: DataView, offset: number, blocks: SackBlocks, max: number): number {
  const count = blocks.count < max ? blocks.count : max;
  if (count <= 0) return 0;
  view.setUint16(offset, KIND_NOP << 8 | KIND_NOP);
  view.setUint16(offset + 2, KIND_SACK << 8 | (2 + 8 * count));
  let at = offset + 4;
  for (let i = 0; i < count; i++) {
    view.setUint32(at, blocks.left[i]!);
    view.setUint32(at + 4, blocks.right[i]!);
    at += 8;
  }
  return at - offset;
}
