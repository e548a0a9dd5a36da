/** {@linkcode Mutator}: makes a bad frame of a good one.
 *
 * A mutation of random bytes alone would almost always die at the first checksum. So lengths and checksums are mended in most
 * mutants, and addresses, ports and sequence numbers are often set to those of a connection which exists.
 *
 * @module
 */
import type { Draw } from "../sim/draw.ts";
import { layoutOf, long, mend, setLong, setWord, word } from "./frame_layout.ts";

/** Longest frame made; more than any MTU in the tests, so that too long ones are made too. */
export const MAX_FRAME_BYTES = 2200;

const INTERESTING = [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 20, 40, 60, 64, 127, 128, 192, 254, 255];
const INTERESTING_WORDS = [
  0,
  1,
  7,
  8,
  19,
  20,
  21,
  28,
  0x2000,
  0x1fff,
  0x3fff,
  0x7fff,
  0x8000,
  0xfffe,
  0xffff,
];
/** Bytes that begin options which loop, lie about their length, or want something done (IPv4, TCP, DHCP). */
const OPTION_KINDS = [
  0,
  1,
  2,
  3,
  4,
  5,
  7,
  8,
  19,
  25,
  30,
  34,
  51,
  52,
  53,
  54,
  58,
  68,
  82,
  121,
  131,
  136,
  137,
  148,
  253,
  255,
];

/** What a mutator may aim at; see {@linkcode Mutator.aim}. */
export interface LiveTarget {
  /** The target's station address, 48 bits. */
  readonly mac: number;
  /** The peer's station address, 48 bits. */
  readonly peerMac: number;
  /** The target's address, 32 bits. */
  readonly address: number;
  /** The peer's address, 32 bits. */
  readonly peerAddress: number;
}

/** Where the target is, and its peer: the addresses of the golden frames. */
export const TARGET: LiveTarget = {
  mac: 0x02000000000a,
  peerMac: 0x02000000000b,
  address: 0x0a000001,
  peerAddress: 0x0a000002,
};

/** Mutates frames; all its chance comes from one stream, so that a seed repeats a campaign. */
export class Mutator {
  readonly #draw: Draw;
  readonly #target: LiveTarget;
  readonly #scratch = new Uint8Array(2 * MAX_FRAME_BYTES);

  /** A mutator for frames to one target. */
  constructor(draw: Draw, target: LiveTarget) {
    this.#draw = draw;
    this.#target = target;
  }

  /** A mutant of `frame`.
   *
   * @param other another good frame, to take pieces from.
   * @param recent a frame that the target or its peer has just sent, to take ports and sequence numbers from; or `undefined`.
   */
  mutate(frame: Uint8Array, other: Uint8Array, recent: Uint8Array | undefined): Uint8Array {
    const draw = this.#draw;
    this.#scratch.set(frame.subarray(0, MAX_FRAME_BYTES));
    let length = Math.min(frame.length, MAX_FRAME_BYTES);
    let mutant = this.#scratch.subarray(0, length);
    if (draw.chance(0.8)) this.#aim(mutant);
    if (recent !== undefined && draw.chance(0.5)) this.#adopt(mutant, recent);
    const isMended = draw.chance(0.75);
    for (let i = draw.chance(0.02) ? 0 : draw.int(1, 4); i > 0; i--) {
      length = draw.chance(0.6) ? this.#changeBytes(mutant) : this.#changeShape(mutant, other);
      mutant = this.#scratch.subarray(0, length);
    }
    if (isMended) mend(mutant);
    // A wrong length or checksum on purpose, behind everything else being right.
    if (isMended && draw.chance(0.1)) this.#changeBytes(mutant);
    return mutant.slice();
  }

  /** Sends it to the target from its peer. */
  #aim(mutant: Uint8Array): void {
    const { mac, peerMac, address, peerAddress } = this.#target;
    const isGroup = mutant.length > 0 && (mutant[0]! & 1) === 1;
    if (!isGroup) setMac(mutant, 0, mac);
    setMac(mutant, 6, peerMac);
    const { ip } = layoutOf(mutant);
    if (ip < 0) return;
    setLong(mutant, ip + 12, peerAddress);
    if (!isGroup) setLong(mutant, ip + 16, address);
  }

  /** Gives it the ports, and roughly the sequence numbers, of a conversation under way. */
  #adopt(mutant: Uint8Array, recent: Uint8Array): void {
    const to = layoutOf(mutant);
    const from = layoutOf(recent);
    if (to.transport < 0 || from.transport < 0 || to.protocol !== from.protocol) return;
    const isFromTarget = long(recent, from.ip + 12) === this.#target.address;
    const source = word(recent, from.transport + (isFromTarget ? 2 : 0));
    const destination = word(recent, from.transport + (isFromTarget ? 0 : 2));
    if (to.protocol !== 6 && to.protocol !== 17 && to.protocol !== 136) return;
    setWord(mutant, to.transport, source);
    setWord(mutant, to.transport + 2, destination);
    if (to.protocol !== 6) return;
    const seq = long(recent, from.transport + (isFromTarget ? 8 : 4));
    const ack = long(recent, from.transport + (isFromTarget ? 4 : 8));
    setLong(mutant, to.transport + 4, this.#near(seq));
    setLong(mutant, to.transport + 8, this.#near(ack));
    // Keeps timestamps believable, if both have them where everybody puts them: behind two NOPs.
    if (long(mutant, to.transport + 20) === 0x0101080a && long(recent, from.transport + 20) === 0x0101080a) {
      setLong(mutant, to.transport + 24, long(recent, from.transport + (isFromTarget ? 28 : 24)));
      setLong(mutant, to.transport + 28, long(recent, from.transport + (isFromTarget ? 24 : 28)));
    }
  }

  #near(seq: number): number {
    const draw = this.#draw;
    if (draw.chance(0.6)) return seq;
    const distance = draw.chance(0.5) ? draw.int(1, 3000) : draw.intMagnitude(1, 2 ** 31);
    return (seq + (draw.chance(0.5) ? distance : -distance)) >>> 0;
  }

  /** Changes bytes in place. */
  #changeBytes(mutant: Uint8Array): number {
    const draw = this.#draw;
    const length = mutant.length;
    if (length === 0) return 0;
    const { ip, transport, protocol } = layoutOf(mutant);
    // Headers are more worth a change than text.
    const at = draw.chance(0.7) ? draw.int(0, Math.min(length, 100) - 1) : draw.int(0, length - 1);
    switch (draw.int(0, 7)) {
      case 0:
        mutant[at]! ^= 1 << draw.int(0, 7);
        break;
      case 1:
        mutant[at] = draw.pick(INTERESTING);
        break;
      case 2:
        mutant[at] = draw.int(0, 255);
        break;
      case 3:
        setWord(mutant, at & ~1, draw.pick(INTERESTING_WORDS));
        break;
      case 4:
        setLong(
          mutant,
          at & ~1,
          draw.chance(0.5) ? draw.int(0, 2 ** 32 - 1) : draw.pick([0, 0x7fffffff, 0x80000000, 0xffffffff]),
        );
        break;
      case 5:
        mutant[at] = draw.pick(OPTION_KINDS);
        if (at + 1 < length) mutant[at + 1] = draw.pick(INTERESTING);
        break;
      case 6:
        if (ip >= 0) this.#changeIp(mutant, ip);
        break;
      default:
        if (transport >= 0 && protocol === 6) this.#changeTcp(mutant, transport);
        else if (transport >= 0) {
          setWord(mutant, transport + 2 * draw.int(0, 5), draw.pick(INTERESTING_WORDS));
        }
    }
    return length;
  }

  #changeIp(mutant: Uint8Array, ip: number): void {
    const draw = this.#draw;
    switch (draw.int(0, 4)) {
      case 0:
        mutant[ip] = 0x40 | draw.int(0, 15);
        break;
      case 1: // fragments, of the same packet more often than not
        setWord(mutant, ip + 4, draw.chance(0.7) ? 77 : draw.int(0, 0xffff));
        setWord(
          mutant,
          ip + 6,
          (draw.chance(0.5) ? 0x2000 : 0) | draw.pick([0, 1, 2, 13, 26, 185, 370, 8189, 8191]),
        );
        break;
      case 2:
        mutant[ip + 9] = draw.pick([1, 2, 6, 17, 136, 41, 255]);
        break;
      case 3:
        setWord(mutant, ip + 2, draw.pick(INTERESTING_WORDS));
        break;
      default:
        setLong(
          mutant,
          ip + draw.pick([12, 16]),
          draw.pick([0, 0x7f000001, 0xe0000001, 0xef010203, 0xffffffff, 0x0a0000ff, this.#target.address]),
        );
    }
  }

  #changeTcp(mutant: Uint8Array, transport: number): void {
    const draw = this.#draw;
    switch (draw.int(0, 3)) {
      case 0:
        if (transport + 13 < mutant.length) {
          mutant[transport + 13] = draw.chance(0.5)
            ? draw.int(0, 255)
            : draw.pick([0x02, 0x04, 0x10, 0x11, 0x12, 0x14, 0x18, 0x29]);
        }
        break;
      case 1:
        if (transport + 12 < mutant.length) mutant[transport + 12] = draw.int(0, 15) << 4;
        break;
      case 2:
        setWord(mutant, transport + 14, draw.pick(INTERESTING_WORDS));
        break;
      default:
        setWord(mutant, transport + 18, draw.pick(INTERESTING_WORDS));
    }
  }

  /** Changes the length; returns the new one. Works in the scratch memory that `mutant` is the front of. */
  #changeShape(mutant: Uint8Array, other: Uint8Array): number {
    const draw = this.#draw;
    const scratch = this.#scratch;
    const length = mutant.length;
    const at = draw.int(0, length);
    const count = Math.min(draw.chance(0.7) ? draw.int(1, 16) : draw.int(1, 600), MAX_FRAME_BYTES);
    switch (draw.int(0, 5)) {
      case 0: // truncate
        return at;
      case 1: { // extend by rubbish
        const end = Math.min(MAX_FRAME_BYTES, length + count);
        for (let i = length; i < end; i++) scratch[i] = draw.int(0, 255);
        return end;
      }
      case 2: // cut out
        scratch.copyWithin(at, Math.min(at + count, length), length);
        return length - Math.min(count, length - at);
      case 3: { // repeat a piece
        const end = Math.min(MAX_FRAME_BYTES, length + Math.min(count, length - at));
        scratch.copyWithin(at + (end - length), at, length);
        return end;
      }
      case 4: { // go on as another frame does
        const tail = other.subarray(Math.min(at, other.length), MAX_FRAME_BYTES);
        scratch.set(tail, at);
        return Math.min(MAX_FRAME_BYTES, at + tail.length);
      }
      default:
        return this.#insertOptions(mutant);
    }
  }

  /** Lengthens an IPv4 or TCP header by options of doubtful quality. */
  #insertOptions(mutant: Uint8Array): number {
    const draw = this.#draw;
    const { ip, ipHeaderLength, transport, protocol } = layoutOf(mutant);
    if (ip < 0 || transport < 0) return mutant.length;
    const isTcp = protocol === 6 && draw.chance(0.7) && transport + 20 <= mutant.length;
    const at = isTcp ? transport + (mutant[transport + 12]! >> 4) * 4 : ip + ipHeaderLength;
    const words = draw.int(1, 10);
    const headerWords = isTcp ? mutant[transport + 12]! >> 4 : mutant[ip]! & 15;
    if (at > mutant.length || headerWords + words > 15 || mutant.length + 4 * words > MAX_FRAME_BYTES) {
      return mutant.length;
    }
    const scratch = this.#scratch;
    scratch.copyWithin(at + 4 * words, at, mutant.length);
    for (let i = 0; i < 4 * words; i++) {
      scratch[at + i] = draw.chance(0.3)
        ? draw.pick(OPTION_KINDS)
        : draw.chance(0.5)
        ? draw.int(0, 12)
        : draw.int(0, 255);
    }
    if (isTcp) scratch[transport + 12] = (headerWords + words) << 4;
    else scratch[ip] = 0x40 | (headerWords + words);
    return mutant.length + 4 * words;
  }
}

function setMac(frame: Uint8Array, at: number, mac: number): void {
  setWord(frame, at, Math.floor(mac / 2 ** 32));
  setLong(frame, at + 2, mac % 2 ** 32);
}
