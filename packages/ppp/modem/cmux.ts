/** Frames of the multiplexer of 3GPP TS 27.010, basic option.
 *
 * @module
 */

/** Kinds of frames (3GPP TS 27.010 §5.2.1.3). */
export type CmuxFrameType = "SABM" | "UA" | "DM" | "DISC" | "UIH" | "UI";

/** A frame. */
export interface CmuxFrame {
  /** Channel, 0 to 61; 0 is for control messages. The address of 62 can look like a flag, so that 62 and 63 are not used. */
  readonly dlci: number;
  /** C/R bit of the address: 1 for commands of the initiator and responses to them. */
  readonly cr: boolean;
  /** What it is. */
  readonly type: CmuxFrameType;
  /** Poll or final bit. */
  readonly pollFinal: boolean;
  /** What it carries. Of a decoder: borrowed until the call returns. */
  readonly payload: Uint8Array;
}

/** Why a decoder dropped bytes. */
export interface CmuxDecoderCounters {
  /** Frames handed up. */
  frames: number;
  /** Frames whose check sequence is wrong. */
  badFcs: number;
  /** Frames whose address or control field is none. */
  badHeader: number;
  /** Frames with more payload than the limit. */
  tooLong: number;
  /** Frames without a flag at their end. */
  badEnd: number;
}

/** Flag at both ends of a frame. */
export const CMUX_FLAG = 0xf9;
/** Most payload that a length field can tell. */
const MAX_LENGTH = 0x7fff;
const POLL_FINAL = 0x10;

const CONTROL: Readonly<Record<CmuxFrameType, number>> = {
  SABM: 0x2f,
  UA: 0x63,
  DM: 0x0f,
  DISC: 0x43,
  UIH: 0xef,
  UI: 0x03,
};
const TYPES: ReadonlyMap<number, CmuxFrameType> = new Map(
  (Object.keys(CONTROL) as CmuxFrameType[]).map((type) => [CONTROL[type], type]),
);

/** Reversed CRC-8 of the polynomial x⁸+x²+x+1 (3GPP TS 27.010 §5.2.1.6 and annex B). */
const CRC_TABLE: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xe0 : crc >> 1;
  return crc;
});

/** Check sequence over a range of bytes: header of a UIH frame, header and payload of a UI frame. */
export function cmuxFcs(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  let crc = 0xff;
  for (let i = start; i < end; i++) crc = CRC_TABLE[crc ^ bytes[i]!]!;
  return 0xff - crc;
}

/** Writes a frame, flags included.
 *
 * @throws {RangeError} If the channel or the length of the payload cannot be told in a frame.
 */
export function encodeCmuxFrame(frame: CmuxFrame): Uint8Array {
  const { dlci, payload } = frame;
  if (!(Number.isInteger(dlci) && dlci >= 0 && dlci <= 61)) {
    throw new RangeError(`Cannot send on channel ${dlci}: there are 0 to 61`);
  }
  if (payload.length > MAX_LENGTH) throw new RangeError(`Cannot send ${payload.length} bytes in a frame`);
  const headerLength = payload.length > 127 ? 5 : 4;
  const bytes = new Uint8Array(headerLength + payload.length + 2);
  bytes[0] = CMUX_FLAG;
  bytes[1] = (dlci << 2) | (frame.cr ? 2 : 0) | 1;
  bytes[2] = CONTROL[frame.type] | (frame.pollFinal ? POLL_FINAL : 0);
  if (headerLength === 4) {
    bytes[3] = (payload.length << 1) | 1;
  } else {
    bytes[3] = (payload.length & 0x7f) << 1;
    bytes[4] = payload.length >> 7;
  }
  bytes.set(payload, headerLength);
  const end = headerLength + payload.length;
  bytes[end] = cmuxFcs(bytes, 1, frame.type === "UI" ? end : headerLength);
  bytes[end + 1] = CMUX_FLAG;
  return bytes;
}

type DecoderState = "hunt" | "address" | "control" | "length" | "length2" | "payload" | "fcs" | "end";

/** Finds frames in chunks of any size; total, bounded in memory, and in step again at the next flag after garbage. */
export class CmuxDecoder {
  /** What happened so far. */
  readonly counters: CmuxDecoderCounters = { frames: 0, badFcs: 0, badHeader: 0, tooLong: 0, badEnd: 0 };
  readonly #onFrame: (frame: CmuxFrame) => void;
  /** Header and payload, as the check sequence of UI covers both. */
  readonly #bytes: Uint8Array;
  readonly #maxPayload: number;
  #state: DecoderState = "hunt";
  #headerLength = 0;
  #at = 0;
  #length = 0;
  #fcs = 0;

  /** Makes a decoder.
   *
   * @param onFrame Gets each good frame.
   * @param maxPayload Most payload of a frame; 2048 by default.
   */
  constructor(onFrame: (frame: CmuxFrame) => void, maxPayload: number = 2048) {
    this.#onFrame = onFrame;
    this.#maxPayload = Math.min(maxPayload, MAX_LENGTH);
    this.#bytes = new Uint8Array(4 + this.#maxPayload);
  }

  /** Forgets a frame begun. */
  reset(): void {
    this.#state = "hunt";
  }

  /** Reads bytes. */
  push(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.#pushByte(bytes[i]!);
  }

  #pushByte(byte: number): void {
    switch (this.#state) {
      case "hunt":
        if (byte === CMUX_FLAG) this.#state = "address";
        return;
      case "address":
        if (byte === CMUX_FLAG) return; // flags between frames
        if ((byte & 1) === 0) {
          this.#drop("badHeader", byte);
          return;
        }
        this.#bytes[0] = byte;
        this.#state = "control";
        return;
      case "control":
        if (!TYPES.has(byte & ~POLL_FINAL)) {
          this.#drop("badHeader", byte);
          return;
        }
        this.#bytes[1] = byte;
        this.#state = "length";
        return;
      case "length":
        this.#bytes[2] = byte;
        this.#length = byte >> 1;
        if ((byte & 1) === 0) this.#state = "length2";
        else this.#beginPayload(3, byte);
        return;
      case "length2":
        this.#bytes[3] = byte;
        this.#length |= byte << 7;
        this.#beginPayload(4, byte);
        return;
      case "payload":
        this.#bytes[this.#at++] = byte;
        if (this.#at === this.#headerLength + this.#length) this.#state = "fcs";
        return;
      case "fcs":
        this.#fcs = byte;
        this.#state = "end";
        return;
      case "end":
        this.#finish(byte);
        return;
    }
  }

  /** Drops a frame; a flag where none belongs begins the next one. */
  #drop(why: "badHeader" | "badEnd" | "badFcs" | "tooLong", byte: number): void {
    this.counters[why]++;
    this.#state = byte === CMUX_FLAG ? "address" : "hunt";
  }

  #beginPayload(headerLength: number, byte: number): void {
    if (this.#length > this.#maxPayload) {
      this.#drop("tooLong", byte);
      return;
    }
    this.#headerLength = headerLength;
    this.#at = headerLength;
    this.#state = this.#length === 0 ? "fcs" : "payload";
  }

  #finish(byte: number): void {
    if (byte !== CMUX_FLAG) {
      this.#drop("badEnd", byte);
      return;
    }
    const bytes = this.#bytes;
    const control = bytes[1]!;
    const type = TYPES.get(control & ~POLL_FINAL)!;
    if (this.#fcs !== cmuxFcs(bytes, 0, type === "UI" ? this.#at : this.#headerLength)) {
      this.#drop("badFcs", byte);
      return;
    }
    this.counters.frames++;
    this.#state = "address"; // the flag at the end may be the one at the begin of the next
    this.#onFrame({
      dlci: bytes[0]! >> 2,
      cr: (bytes[0]! & 2) !== 0,
      type,
      pollFinal: (control & POLL_FINAL) !== 0,
      payload: bytes.subarray(this.#headerLength, this.#at),
    });
  }
}
