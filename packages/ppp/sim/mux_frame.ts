/** Frames of the multiplexer as the simulated modem reads and writes them (3GPP TS 27.010 §5.2.1, basic option). Written apart from
 * the client's side in `modem/`, so that the two check each other.
 *
 * ```text
 *   f9 | DLCI (6 bits), C/R, EA=1 | control | length, EA | information | FCS | f9
 * ```
 *
 * @module
 */

/** Control octets without the poll bit. */
export const MUX_CONTROL = { SABM: 0x2f, UA: 0x63, DM: 0x0f, DISC: 0x43, UIH: 0xef, UI: 0x03 } as const;
/** Flag at both ends of a frame. */
export const MUX_FLAG = 0xf9;
/** Poll or final bit of the control octet. */
export const MUX_POLL = 0x10;
/** Longest information field that is taken. */
export const MAX_MUX_INFORMATION = 2048;

/** A frame. */
export interface MuxFrame {
  /** Channel. */
  readonly dlci: number;
  /** C/R bit. */
  readonly isCommand: boolean;
  /** Control octet, poll bit included. */
  readonly control: number;
  /** What it carries. */
  readonly information: Uint8Array;
}

/** One octet of the reversed CRC-8 (3GPP TS 27.010 annex B). */
function crcOctet(crc: number, octet: number): number {
  crc ^= octet;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xe0 : crc >>> 1;
  return crc;
}

/** Check sequence: over the header, and in UI frames over the information too. */
function checkSequence(header: readonly number[], information: Uint8Array, isUi: boolean): number {
  let crc = 0xff;
  for (const octet of header) crc = crcOctet(crc, octet);
  if (isUi) { for (const octet of information) crc = crcOctet(crc, octet); }
  return 0xff - crc;
}

/** Writes a frame. */
export function emitMuxFrame(frame: MuxFrame): Uint8Array {
  const { dlci, control, information } = frame;
  const { length } = information;
  const header = [(dlci << 2) | (frame.isCommand ? 2 : 0) | 1, control];
  if (length < 128) header.push((length << 1) | 1);
  else header.push((length & 0x7f) << 1, length >>> 7);
  const isUi = (control & ~MUX_POLL) === MUX_CONTROL.UI;
  return Uint8Array.of(
    MUX_FLAG,
    ...header,
    ...information,
    checkSequence(header, information, isUi),
    MUX_FLAG,
  );
}

/** Finds frames in what arrives. */
export class MuxReader {
  /** Frames dropped: a wrong check sequence, too much information, no flag at the end. */
  dropped: number = 0;
  readonly #onFrame: (frame: MuxFrame) => void;
  #octets: number[] = [];
  #isInFrame = false;

  /** Makes a reader that waits for a flag. */
  constructor(onFrame: (frame: MuxFrame) => void) {
    this.#onFrame = onFrame;
  }

  /** Reads octets. */
  push(bytes: Uint8Array): void {
    for (const octet of bytes) this.#pushOctet(octet);
  }

  #pushOctet(octet: number): void {
    const octets = this.#octets;
    if (octets.length === 0 && octet === MUX_FLAG) {
      this.#isInFrame = true;
      return;
    }
    if (!this.#isInFrame) return;
    octets.push(octet);
    const header = this.#headerLength();
    if (header === undefined) return;
    const length = header === 3 ? octets[2]! >>> 1 : (octets[2]! >>> 1) | (octets[3]! << 7);
    if (length > MAX_MUX_INFORMATION) return this.#drop(octet);
    if (octets.length < header + length + 2) return;
    const information = Uint8Array.from(octets.slice(header, header + length));
    const isUi = (octets[1]! & ~MUX_POLL) === MUX_CONTROL.UI;
    const check = checkSequence(octets.slice(0, header), information, isUi);
    if (octet !== MUX_FLAG || check !== octets[header + length]) return this.#drop(octet);
    const frame = {
      dlci: octets[0]! >>> 2,
      isCommand: (octets[0]! & 2) !== 0,
      control: octets[1]!,
      information,
    };
    this.#octets = [];
    this.#onFrame(frame);
  }

  /** Octets of the header, `undefined` until they are there. */
  #headerLength(): 3 | 4 | undefined {
    const length = this.#octets[2];
    if (length === undefined) return undefined;
    if ((length & 1) === 1) return 3;
    return this.#octets.length >= 4 ? 4 : undefined;
  }

  #drop(octet: number): void {
    this.dropped++;
    this.#octets = [];
    this.#isInFrame = octet === MUX_FLAG;
  }
}
