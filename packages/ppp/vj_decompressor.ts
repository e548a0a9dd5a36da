/** Data plane. {@linkcode VjDecompressor}: the receiver's side of TCP/IP header compression (RFC 1144 §3.2.4).
 *
 * TCP's checksum is the sender's and passes as it came: it finds a header that was restored from a packet too old (RFC 1144
 * §4.1). After an error, packets without a slot number are dropped, because they may belong to a slot that a lost packet named.
 *
 * @module
 */
import { finishSum, type Pbuf, sumBytes } from "@lightwire/pbuf";
import {
  DEFAULT_VJ_SLOTS,
  MAX_VJ_SLOTS,
  MIN_VJ_SLOTS,
  read16,
  read32,
  TCP_PSH,
  TCP_URG,
  tcpIpHeaderLength,
  VJ_ECHOED_INTERACTIVE,
  VJ_NEW_ACK,
  VJ_NEW_ID,
  VJ_NEW_SEQUENCE,
  VJ_NEW_SLOT,
  VJ_NEW_WINDOW,
  VJ_PUSH,
  VJ_SLOT_BYTES,
  VJ_SPECIALS,
  VJ_UNIDIRECTIONAL,
  VJ_URGENT,
  write16,
  write32,
} from "./vj_format.ts";

/** What a {@linkcode VjDecompressor} has done. */
export interface VjDecompressorCounters {
  /** Packets whose header was restored. */
  compressed: number;
  /** Packets that came whole and filled a slot. */
  uncompressed: number;
  /** Packets dropped because they are malformed, or name a slot that is empty or does not exist. */
  malformed: number;
  /** Packets dropped because an error before leaves open which slot they mean. */
  tossed: number;
  /** Packets dropped because there was no room for the header in front of them. */
  noRoom: number;
}

const PROTOCOL_TCP = 6;
const NEVER = -1;

/** Restores the TCP/IPv4 headers of one direction. */
export class VjDecompressor {
  /** What was done. */
  readonly counters: VjDecompressorCounters;
  readonly #slots: number;
  readonly #saved: Uint8Array;
  readonly #view: DataView;
  readonly #headerLength: Uint8Array;
  #lastSlot: number;
  #isTossing: boolean;
  #at: number;

  /** Makes a decompressor that knows no connection.
   *
   * @param slots Connections to keep, 1 … 256.
   * @throws {RangeError} if there are fewer or more slots.
   */
  constructor(slots: number = DEFAULT_VJ_SLOTS) {
    if (!(slots >= MIN_VJ_SLOTS && slots <= MAX_VJ_SLOTS)) {
      throw new RangeError(`Cannot decompress with ${slots} slots: 1 to 256 are possible`);
    }
    this.counters = { compressed: 0, uncompressed: 0, malformed: 0, tossed: 0, noRoom: 0 };
    this.#slots = slots;
    this.#saved = new Uint8Array(slots * VJ_SLOT_BYTES);
    this.#view = new DataView(this.#saved.buffer);
    this.#headerLength = new Uint8Array(slots);
    this.#lastSlot = NEVER;
    this.#isTossing = true;
    this.#at = 0;
  }

  /** A packet was lost, or arrived damaged: which one, nobody knows. */
  lineError(): void {
    this.#isTossing = true;
  }

  /** A packet of protocol 002f: takes its headers into the slot and makes it an IPv4 packet again, in place.
   *
   * @param p One node. Borrowed.
   * @returns false if it has to be dropped; counted.
   */
  uncompressed(p: Pbuf): boolean {
    const { bytes, start } = p;
    const slot = p.end - start < 20 ? NEVER : bytes[start + 9]!;
    const isSlot = slot !== NEVER && slot < this.#slots;
    const length = isSlot ? tcpIpHeaderLength(bytes, start, p.end, slot) : 0;
    const total = length === 0 ? 0 : read16(bytes, start + 2);
    if (total < length || total > p.end - start || length === 0) return this.#error();
    bytes[start + 9] = PROTOCOL_TCP;
    const saved = slot * VJ_SLOT_BYTES;
    for (let i = 0; i < length; i++) this.#saved[saved + i] = bytes[start + i]!;
    this.#headerLength[slot] = length;
    this.#lastSlot = slot;
    this.#isTossing = false;
    this.counters.uncompressed++;
    return true;
  }

  /** A packet of protocol 002d: puts its headers in front, in place.
   *
   * @param p One node, with 120 octets of headroom to be on the safe side. Borrowed.
   * @returns false if it has to be dropped; counted.
   */
  compressed(p: Pbuf): boolean {
    const { bytes, start, end } = p;
    if (end - start < 3) return this.#error();
    const mask = bytes[start]!;
    let at = start + 1;
    if ((mask & VJ_NEW_SLOT) !== 0) {
      const slot = bytes[at++]!;
      if (slot >= this.#slots || this.#headerLength[slot] === 0) return this.#error();
      this.#lastSlot = slot;
      this.#isTossing = false;
    } else if (this.#isTossing || this.#lastSlot === NEVER) {
      this.counters.tossed++;
      return false;
    }
    if (at + 2 > end) return this.#error();
    const slot = this.#lastSlot;
    const saved = slot * VJ_SLOT_BYTES;
    const tcp = saved + ((this.#saved[saved]! & 15) << 2);
    write16(this.#saved, tcp + 16, read16(bytes, at));
    this.#at = at + 2;
    if (!this.#restore(mask, saved, tcp, this.#headerLength[slot]!, bytes, end)) return this.#error();
    return this.#prepend(p, saved, this.#headerLength[slot]!);
  }

  /** Applies the numbers at `bytes[#at … end]` to the saved headers.
   *
   * @returns false if the packet ends too early. The slot has missed a packet then, as if it had been lost: what follows
   * fails by TCP's checksum until a whole header comes (RFC 1144 §4.1).
   */
  #restore(
    mask: number,
    saved: number,
    tcp: number,
    length: number,
    bytes: Uint8Array,
    end: number,
  ): boolean {
    const headers = this.#saved;
    const savedData = read16(headers, saved + 2) - length;
    let flags = headers[tcp + 13]! & ~(TCP_PSH | TCP_URG);
    if ((mask & VJ_PUSH) !== 0) flags |= TCP_PSH;
    const which = mask & VJ_SPECIALS;
    if (which === VJ_ECHOED_INTERACTIVE || which === VJ_UNIDIRECTIONAL) {
      if (which === VJ_ECHOED_INTERACTIVE) write32(headers, tcp + 8, read32(headers, tcp + 8) + savedData);
      write32(headers, tcp + 4, read32(headers, tcp + 4) + savedData);
    } else {
      if ((mask & VJ_URGENT) !== 0) {
        flags |= TCP_URG;
        write16(headers, tcp + 18, this.#number(bytes, end));
      }
      if ((mask & VJ_NEW_WINDOW) !== 0) {
        write16(headers, tcp + 14, (read16(headers, tcp + 14) + this.#number(bytes, end)) & 0xffff);
      }
      if ((mask & VJ_NEW_ACK) !== 0) {
        write32(headers, tcp + 8, read32(headers, tcp + 8) + this.#number(bytes, end));
      }
      if ((mask & VJ_NEW_SEQUENCE) !== 0) {
        write32(headers, tcp + 4, read32(headers, tcp + 4) + this.#number(bytes, end));
      }
    }
    const id = (mask & VJ_NEW_ID) !== 0 ? this.#number(bytes, end) : 1;
    if (this.#at > end) return false;
    write16(headers, saved + 4, (read16(headers, saved + 4) + id) & 0xffff);
    headers[tcp + 13] = flags;
    const total = length + end - this.#at;
    if (total > 0xffff) return false;
    write16(headers, saved + 2, total);
    write16(headers, saved + 10, 0);
    write16(headers, saved + 10, finishSum(sumBytes(headers, this.#view, saved, tcp, 0)));
    return true;
  }

  #prepend(p: Pbuf, saved: number, length: number): boolean {
    const from = this.#at - length;
    if (from < 0) {
      // The slot is right, only this packet cannot be held.
      this.counters.noRoom++;
      return false;
    }
    const { bytes } = p;
    for (let i = 0; i < length; i++) bytes[from + i] = this.#saved[saved + i]!;
    p.start = from;
    this.counters.compressed++;
    return true;
  }

  #number(bytes: Uint8Array, end: number): number {
    const first = this.#at < end ? bytes[this.#at]! : 0;
    if (first !== 0) {
      this.#at++;
      return first;
    }
    this.#at += 3;
    return this.#at <= end ? read16(bytes, this.#at - 2) : 0;
  }

  #error(): boolean {
    this.counters.malformed++;
    this.#isTossing = true;
    return false;
  }
}
