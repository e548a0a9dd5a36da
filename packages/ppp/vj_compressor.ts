/** Data plane. {@linkcode VjCompressor}: the sender's side of TCP/IP header compression (RFC 1144 §3.2.3).
 *
 * A packet is looked at first ({@linkcode VjCompressor.prepare}) and counts as sent only later
 * ({@linkcode VjCompressor.commit}): a carrier that has no room refuses it in between, and nothing has changed.
 *
 * Deviation: the flags of TCP that RFC 1144 does not know (CWR, ECE, NS and the reserved ones), and a packet whose URG is clear
 * where that of the packet before was set and no number would follow, are not compressed: no decompressor could restore them.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { PPP_IPV4, PPP_VJ_COMPRESSED, PPP_VJ_UNCOMPRESSED } from "./ppp_protocol_number.ts";
import {
  DEFAULT_VJ_SLOTS,
  MAX_VJ_COMPRESSED_BYTES,
  MAX_VJ_SLOTS,
  MIN_VJ_SLOTS,
  read16,
  read32,
  TCP_ACK,
  TCP_FIN,
  TCP_PSH,
  TCP_RST,
  TCP_SYN,
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
} from "./vj_format.ts";

/** What a {@linkcode VjCompressor} has done. */
export interface VjCompressorCounters {
  /** TCP packets sent with a compressed header. */
  compressed: number;
  /** TCP packets sent whole, to fill a slot. */
  uncompressed: number;
  /** TCP packets sent as plain IP: SYN, FIN, RST, fragments, headers in pieces. */
  plain: number;
  /** Slots taken from one connection for another. */
  evictions: number;
  /** Octets of headers that were not sent. */
  octetsSaved: number;
}

const PROTOCOL_TCP = 6;
const NEVER = -1;

/** Compresses the TCP/IPv4 headers of one direction. */
export class VjCompressor {
  /** What was done. */
  readonly counters: VjCompressorCounters;
  /** Set by {@linkcode prepare}: what goes in the place of the packet's first {@linkcode skip} octets. */
  readonly head: Uint8Array;
  /** Octets in {@linkcode head}. */
  headLength: number;
  /** Octets of the packet that {@linkcode head} replaces; 0 for a packet that stays as it is. */
  skip: number;
  readonly #slots: number;
  readonly #mayOmitSlot: boolean;
  readonly #saved: Uint8Array;
  readonly #headerLength: Uint8Array;
  readonly #lastUsed: Float64Array;
  readonly #numbers: Uint8Array;
  #numbersLength: number;
  #lastSlot: number;
  #clock: number;
  #slot: number;
  #pending: number;

  /** Makes a compressor that has sent nothing.
   *
   * @param slots Connections that the peer keeps, 1 … 256: its max-slot-id plus one.
   * @param mayOmitSlot Whether the peer takes packets without a slot number (comp-slot-id).
   * @throws {RangeError} if there are fewer or more slots.
   */
  constructor(slots: number = DEFAULT_VJ_SLOTS, mayOmitSlot: boolean = true) {
    if (!(slots >= MIN_VJ_SLOTS && slots <= MAX_VJ_SLOTS)) {
      throw new RangeError(`Cannot compress with ${slots} slots: 1 to 256 are possible`);
    }
    this.counters = { compressed: 0, uncompressed: 0, plain: 0, evictions: 0, octetsSaved: 0 };
    this.head = new Uint8Array(VJ_SLOT_BYTES);
    this.headLength = 0;
    this.skip = 0;
    this.#slots = slots;
    this.#mayOmitSlot = mayOmitSlot;
    this.#saved = new Uint8Array(slots * VJ_SLOT_BYTES);
    this.#headerLength = new Uint8Array(slots);
    this.#lastUsed = new Float64Array(slots);
    this.#numbers = new Uint8Array(MAX_VJ_COMPRESSED_BYTES);
    this.#numbersLength = 0;
    this.#lastSlot = NEVER;
    this.#clock = 0;
    this.#slot = NEVER;
    this.#pending = PPP_IPV4;
  }

  /** Looks how an IPv4 packet can be sent; changes neither it nor the slots. The headers have to be in its first node, or it goes
   * as it is.
   *
   * @returns The PPP protocol number to send it with; {@linkcode head}, {@linkcode headLength} and {@linkcode skip} are set.
   */
  prepare(p: Pbuf): number {
    const { bytes, start } = p;
    this.#pending = PPP_IPV4;
    this.headLength = this.skip = 0;
    this.#slot = NEVER;
    const headerLength = tcpIpHeaderLength(bytes, start, p.end, PROTOCOL_TCP);
    if (headerLength === 0) return PPP_IPV4;
    const tcp = start + ((bytes[start]! & 15) << 2);
    if ((bytes[tcp + 13]! & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) !== TCP_ACK) return PPP_IPV4;
    if (read16(bytes, start + 2) !== p.totalLength) return PPP_IPV4;
    const slot = this.#find(bytes, start, tcp);
    this.#slot = slot;
    if (this.#headerLength[slot] === headerLength && this.#isSameConnection(slot, bytes, start, tcp)) {
      const mask = this.#difference(slot, bytes, start, tcp);
      if (mask >= 0) return this.#prepareCompressed(mask, slot, bytes, tcp, headerLength);
    }
    this.#pending = PPP_VJ_UNCOMPRESSED;
    this.headLength = this.skip = headerLength;
    for (let i = 0; i < headerLength; i++) this.head[i] = bytes[start + i]!;
    this.head[9] = slot;
    return PPP_VJ_UNCOMPRESSED;
  }

  /** The packet prepared last is being sent: the slot has its headers now. */
  commit(p: Pbuf): void {
    const { bytes, start } = p;
    const slot = this.#slot;
    const pending = this.#pending;
    if (pending === PPP_IPV4) {
      if (bytes[start + 9] === PROTOCOL_TCP) this.counters.plain++;
      return;
    }
    const saved = slot * VJ_SLOT_BYTES;
    const tcp = start + ((bytes[start]! & 15) << 2);
    if (pending === PPP_VJ_COMPRESSED) {
      this.counters.compressed++;
      this.counters.octetsSaved += this.skip - this.headLength;
    } else {
      this.counters.uncompressed++;
      if (this.#headerLength[slot] !== 0 && !this.#isSameConnection(slot, bytes, start, tcp)) {
        this.counters.evictions++;
      }
      this.#headerLength[slot] = this.skip;
    }
    for (let i = 0; i < this.skip; i++) this.#saved[saved + i] = bytes[start + i]!;
    this.#lastUsed[slot] = ++this.#clock;
    this.#lastSlot = slot;
  }

  #prepareCompressed(
    mask: number,
    slot: number,
    bytes: Uint8Array,
    tcp: number,
    headerLength: number,
  ): number {
    const head = this.head;
    let at = 1;
    if (slot !== this.#lastSlot || !this.#mayOmitSlot) {
      mask |= VJ_NEW_SLOT;
      head[at++] = slot;
    }
    head[0] = mask;
    head[at++] = bytes[tcp + 16]!;
    head[at++] = bytes[tcp + 17]!;
    for (let i = 0; i < this.#numbersLength; i++) head[at++] = this.#numbers[i]!;
    this.#pending = PPP_VJ_COMPRESSED;
    this.headLength = at;
    this.skip = headerLength;
    return PPP_VJ_COMPRESSED;
  }

  /** The slot of the packet's connection, or the one that is to become it: the longest unused. */
  #find(bytes: Uint8Array, start: number, tcp: number): number {
    if (this.#lastSlot !== NEVER && this.#isSameConnection(this.#lastSlot, bytes, start, tcp)) {
      return this.#lastSlot;
    }
    let oldest = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      if (this.#headerLength[slot] !== 0 && this.#isSameConnection(slot, bytes, start, tcp)) return slot;
      if (this.#lastUsed[slot]! < this.#lastUsed[oldest]!) oldest = slot;
    }
    return oldest;
  }

  #isSameConnection(slot: number, bytes: Uint8Array, start: number, tcp: number): boolean {
    const saved = this.#saved;
    const at = slot * VJ_SLOT_BYTES;
    const savedTcp = at + ((saved[at]! & 15) << 2);
    return read32(saved, at + 12) === read32(bytes, start + 12) &&
      read32(saved, at + 16) === read32(bytes, start + 16) && read32(saved, savedTcp) === read32(bytes, tcp);
  }

  /** The mask of what has changed since the packet before, with the numbers in `#numbers`; −1 if it cannot be told. */
  #difference(slot: number, bytes: Uint8Array, start: number, tcp: number): number {
    const saved = this.#saved;
    const at = slot * VJ_SLOT_BYTES;
    const savedTcp = at + (tcp - start);
    if (!this.#isRestSame(at, savedTcp, bytes, start, tcp)) return -1;
    const savedLength = read16(saved, at + 2) - this.#headerLength[slot]!;
    const window = (read16(bytes, tcp + 14) - read16(saved, savedTcp + 14)) & 0xffff;
    const ack = (read32(bytes, tcp + 8) - read32(saved, savedTcp + 8)) >>> 0;
    const sequence = (read32(bytes, tcp + 4) - read32(saved, savedTcp + 4)) >>> 0;
    if (ack > 0xffff || sequence > 0xffff) return -1;
    const isUrgent = (bytes[tcp + 13]! & TCP_URG) !== 0;
    // A pointer without the flag would be lost.
    if (!isUrgent && read16(bytes, tcp + 18) !== read16(saved, savedTcp + 18)) return -1;
    let mask = (isUrgent ? VJ_URGENT : 0) | (window !== 0 ? VJ_NEW_WINDOW : 0) |
      (ack !== 0 ? VJ_NEW_ACK : 0) | (sequence !== 0 ? VJ_NEW_SEQUENCE : 0);
    // What means a special case cannot be told itself.
    if (mask === VJ_ECHOED_INTERACTIVE || mask === VJ_UNIDIRECTIONAL) return -1;
    if (mask === 0) {
      // Nothing has changed: an answer with data behind a bare one, or a retransmission, for which the other side had better
      // hear the whole header: the packet before may be lost.
      if (savedLength !== 0 || read16(bytes, start + 2) === read16(saved, at + 2)) return -1;
    }
    const isFlagCleared = (saved[savedTcp + 13]! & TCP_URG) !== 0 && !isUrgent;
    if (!isFlagCleared && sequence === savedLength && sequence !== 0) {
      if (mask === VJ_NEW_SEQUENCE) mask = VJ_UNIDIRECTIONAL;
      else if (mask === (VJ_NEW_SEQUENCE | VJ_NEW_ACK) && ack === sequence) mask = VJ_ECHOED_INTERACTIVE;
    }
    this.#numbersLength = 0;
    const which = mask & VJ_SPECIALS;
    if (which !== VJ_UNIDIRECTIONAL && which !== VJ_ECHOED_INTERACTIVE) {
      if (isUrgent) this.#number(read16(bytes, tcp + 18));
      if (window !== 0) this.#number(window);
      if (ack !== 0) this.#number(ack);
      if (sequence !== 0) this.#number(sequence);
    }
    const id = (read16(bytes, start + 4) - read16(saved, at + 4)) & 0xffff;
    if (id !== 1) {
      mask |= VJ_NEW_ID;
      this.#number(id);
    }
    return (bytes[tcp + 13]! & TCP_PSH) === 0 ? mask : mask | VJ_PUSH;
  }

  /** Whether everything is as in the packet before that the decompressor takes from there. */
  #isRestSame(at: number, savedTcp: number, bytes: Uint8Array, start: number, tcp: number): boolean {
    const saved = this.#saved;
    if (read16(saved, at) !== read16(bytes, start)) return false; // version, header length, DSCP and ECN
    if (read16(saved, at + 6) !== read16(bytes, start + 6)) return false; // DF
    if (saved[at + 8] !== bytes[start + 8]) return false; // TTL
    if (saved[savedTcp + 12] !== bytes[tcp + 12]) return false; // data offset, reserved
    if (((saved[savedTcp + 13]! ^ bytes[tcp + 13]!) & ~(TCP_PSH | TCP_URG)) !== 0) return false;
    for (let i = 20; i < tcp - start; i++) if (saved[at + i] !== bytes[start + i]) return false;
    const optionsEnd = (bytes[tcp + 12]! >>> 4) << 2;
    for (let i = 20; i < optionsEnd; i++) if (saved[savedTcp + i] !== bytes[tcp + i]) return false;
    return true;
  }

  #number(value: number): void {
    const numbers = this.#numbers;
    if (value !== 0 && value < 256) {
      numbers[this.#numbersLength++] = value;
      return;
    }
    numbers[this.#numbersLength] = 0;
    write16(numbers, this.#numbersLength + 1, value);
    this.#numbersLength += 3;
  }
}
