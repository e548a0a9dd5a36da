/** Data plane. {@linkcode PacketCodec}: what becomes of IP packets between a session and its carrier: header compression (RFC 1144)
 * and encryption (RFC 3078), as far as they were negotiated. If they were not, the cost is a branch.
 *
 * Out: {@linkcode PacketCodec.prepare} tells protocol and length and changes nothing; when the carrier has room,
 * {@linkcode PacketCodec.commit}, and then {@linkcode PacketCodec.head} goes in the place of the packet's first
 * {@linkcode PacketCodec.skip} octets. In: {@linkcode PacketCodec.takes} by the protocol, and {@linkcode PacketCodec.input} in
 * place.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { MPPE_HEADER_LENGTH, MPPE_OVERHEAD, type MppeDecryptor, type MppeEncryptor } from "./mppe.ts";
import {
  PPP_COMPRESSED,
  PPP_IPV4,
  PPP_IPV6,
  PPP_VJ_COMPRESSED,
  PPP_VJ_UNCOMPRESSED,
} from "./ppp_protocol_number.ts";
import type { SessionClock } from "./session_clock.ts";
import type { VjCompressor } from "./vj_compressor.ts";
import type { VjDecompressor } from "./vj_decompressor.ts";
import { read16, write16 } from "./vj_format.ts";

/** Packets that a {@linkcode PacketCodec} dropped. */
export interface PacketCodecCounters {
  /** Packets to send or received of a network protocol that is not open. */
  notOpen: number;
  /** Received in the clear, although everything has to be encrypted. */
  clearText: number;
  /** Not sent, because everything has to be encrypted and nothing is yet. */
  notEncrypted: number;
  /** Received, not to be decrypted: bits that make no sense, late, or waiting for new tables. */
  undecipherable: number;
  /** Decrypted into something that is no IP packet: out of step, or forged. */
  garbled: number;
  /** Compressed headers that cannot be restored. */
  unrestorable: number;
}

/** What a {@linkcode PacketCodec} tells its owner. */
export interface PacketCodecOwner {
  /** A packet was lost, and what comes cannot be decrypted until the peer makes new tables. Called for each of them. */
  resetWanted(): void;
  /** What comes makes no sense, and will not (see `MPPE_MAX_INSANITY`). */
  hopeless(): void;
}

/** Octets in front of a received packet that {@linkcode PacketCodec.input} may need: two headers of 60. */
export const CODEC_HEADROOM = 120;

/** The transformations of one link, both directions. */
export class PacketCodec {
  /** What was dropped. */
  readonly counters: PacketCodecCounters;
  /** What goes in the place of the first {@linkcode skip} octets; set by {@linkcode prepare} and {@linkcode commit}. */
  head: Uint8Array;
  /** Octets in {@linkcode head}; valid after {@linkcode commit}. */
  headLength: number;
  /** Octets of the packet that {@linkcode head} replaces; valid after {@linkcode commit}. */
  skip: number;
  /** Octets of the information field; valid after {@linkcode prepare}. */
  length: number;
  readonly #owner: PacketCodecOwner;
  readonly #clock: SessionClock | undefined;
  #isIpv4: boolean;
  #isIpv6: boolean;
  #compressor: VjCompressor | undefined;
  #decompressor: VjDecompressor | undefined;
  #encryptor: MppeEncryptor | undefined;
  #decryptor: MppeDecryptor | undefined;
  #mustEncrypt: boolean;
  #isPlain: boolean;
  #inner: number;
  #cipherText: Uint8Array;

  /** Makes a codec with nothing open.
   *
   * @param clock Hears of each packet; `undefined` if nobody wants to know.
   */
  constructor(owner: PacketCodecOwner, clock: SessionClock | undefined) {
    this.counters = {
      notOpen: 0,
      clearText: 0,
      notEncrypted: 0,
      undecipherable: 0,
      garbled: 0,
      unrestorable: 0,
    };
    this.head = new Uint8Array(0);
    this.headLength = 0;
    this.skip = 0;
    this.length = 0;
    this.#owner = owner;
    this.#clock = clock;
    this.#isIpv4 = false;
    this.#isIpv6 = false;
    this.#compressor = undefined;
    this.#decompressor = undefined;
    this.#encryptor = undefined;
    this.#decryptor = undefined;
    this.#mustEncrypt = false;
    this.#isPlain = clock === undefined;
    this.#inner = PPP_IPV4;
    this.#cipherText = new Uint8Array(0);
  }

  /** Whether packets are encrypted on their way out. */
  get isEncrypting(): boolean {
    return this.#encryptor !== undefined;
  }

  /** Compresses what is sent, if headers are compressed. */
  get compressor(): VjCompressor | undefined {
    return this.#compressor;
  }

  /** Restores what is received, if headers are compressed. */
  get decompressor(): VjDecompressor | undefined {
    return this.#decompressor;
  }

  /** Decrypts what is received, if it is encrypted. */
  get decryptor(): MppeDecryptor | undefined {
    return this.#decryptor;
  }

  /** IPv4 flows or does not, with headers compressed or not. */
  setIpv4(isOpen: boolean, compressor?: VjCompressor, decompressor?: VjDecompressor): void {
    this.#isIpv4 = isOpen;
    this.#compressor = compressor;
    this.#decompressor = decompressor;
    this.#notePlain();
  }

  /** IPv6 flows or does not. */
  setIpv6(isOpen: boolean): void {
    this.#isIpv6 = isOpen;
  }

  /** Packets are encrypted or not.
   *
   * @param isRequired Without a cipher nothing passes.
   */
  setMppe(isRequired: boolean, encryptor?: MppeEncryptor, decryptor?: MppeDecryptor): void {
    this.#mustEncrypt = isRequired;
    this.#encryptor = encryptor;
    this.#decryptor = decryptor;
    this.#notePlain();
  }

  /** The peer has asked for new tables. */
  resetRequested(): void {
    this.#encryptor?.flush(this.#decryptor?.changesKeyOnFlush === true);
  }

  /** A packet was lost on the line, or came damaged. */
  lineError(): void {
    this.#decompressor?.lineError();
  }

  /** Looks at an IP packet that is to be sent; nothing changes.
   *
   * @param p Borrowed.
   * @returns The protocol number to send it with, and {@linkcode length} is set; 0 if it cannot be sent now: counted.
   */
  prepare(p: Pbuf): number {
    const isIpv6 = p.bytes[p.start]! >>> 4 === 6;
    if (isIpv6 ? !this.#isIpv6 : !this.#isIpv4) {
      this.counters.notOpen++;
      return 0;
    }
    const protocol = isIpv6 ? PPP_IPV6 : PPP_IPV4;
    this.length = p.totalLength;
    return this.#isPlain ? protocol : this.#prepare(p, protocol);
  }

  /** The packet prepared last is being sent. */
  commit(p: Pbuf): void {
    if (!this.#isPlain) this.#commit(p);
  }

  /** Whether packets of a protocol are for {@linkcode input}; the session gets others. */
  takes(protocol: number): boolean {
    switch (protocol) {
      case PPP_IPV4:
        return this.#isIpv4;
      case PPP_IPV6:
        return this.#isIpv6;
      case PPP_VJ_COMPRESSED:
      case PPP_VJ_UNCOMPRESSED:
        return this.#decompressor !== undefined;
      case PPP_COMPRESSED:
        return this.#decryptor !== undefined;
      default:
        return false;
    }
  }

  /** A packet of a protocol that it takes has arrived: makes an IP packet of it, in place.
   *
   * @param p One node with {@linkcode CODEC_HEADROOM} octets of headroom. Borrowed.
   * @returns false if it has to be dropped: counted.
   */
  input(protocol: number, p: Pbuf): boolean {
    if (this.#isPlain) return true;
    if (protocol === PPP_COMPRESSED) {
      protocol = this.#decrypt(p);
      if (protocol === 0) return false;
    } else if (this.#mustEncrypt || this.#decryptor !== undefined) {
      this.counters.clearText++;
      return false;
    }
    if (protocol === PPP_VJ_COMPRESSED || protocol === PPP_VJ_UNCOMPRESSED) {
      if (!this.#restore(protocol, p)) return false;
    }
    if (this.#clock !== undefined) this.#clock.traffic();
    return true;
  }

  #notePlain(): void {
    this.#isPlain = this.#clock === undefined && !this.#mustEncrypt && this.#compressor === undefined &&
      this.#decompressor === undefined && this.#encryptor === undefined && this.#decryptor === undefined;
    this.headLength = 0;
    this.skip = 0;
  }

  #prepare(p: Pbuf, protocol: number): number {
    this.headLength = 0;
    this.skip = 0;
    const compressor = this.#compressor;
    if (compressor !== undefined && protocol === PPP_IPV4) {
      protocol = compressor.prepare(p);
      this.head = compressor.head;
      this.headLength = compressor.headLength;
      this.skip = compressor.skip;
      this.length += this.headLength - this.skip;
    }
    this.#inner = protocol;
    if (this.#encryptor !== undefined) {
      this.length += MPPE_OVERHEAD;
      return PPP_COMPRESSED;
    }
    if (!this.#mustEncrypt) return protocol;
    this.counters.notEncrypted++;
    return 0;
  }

  #commit(p: Pbuf): void {
    if (this.#clock !== undefined) this.#clock.traffic();
    if (this.#compressor !== undefined && this.#inner !== PPP_IPV6) this.#compressor.commit(p);
    if (this.#encryptor !== undefined) this.#encrypt(p, this.#encryptor);
  }

  #encrypt(p: Pbuf, encryptor: MppeEncryptor): void {
    if (this.#cipherText.length < this.length) {
      this.#cipherText = new Uint8Array(Math.max(2048, this.length));
    }
    const out = this.#cipherText;
    write16(out, 0, encryptor.begin());
    write16(out, MPPE_HEADER_LENGTH, this.#inner);
    let at = encryptor.apply(out, MPPE_HEADER_LENGTH, MPPE_OVERHEAD, out, MPPE_HEADER_LENGTH);
    at = encryptor.apply(this.head, 0, this.headLength, out, at);
    let skip = this.skip;
    for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
      const length = node.end - node.start;
      const from = skip < length ? skip : length;
      at = encryptor.apply(node.bytes, node.start + from, node.end, out, at);
      skip -= from;
    }
    this.head = out;
    this.headLength = at;
    this.skip = p.totalLength;
  }

  /** The protocol number inside; 0 if the packet has to be dropped. */
  #decrypt(p: Pbuf): number {
    const decryptor = this.#decryptor!;
    const { bytes, start, end } = p;
    const verdict = end - start <= MPPE_HEADER_LENGTH ? "drop" : decryptor.begin(read16(bytes, start));
    if (verdict !== "decrypt") {
      this.counters.undecipherable++;
      if (verdict === "reset") this.#owner.resetWanted();
      else if (decryptor.isHopeless) this.#owner.hopeless();
      return 0;
    }
    const from = start + MPPE_HEADER_LENGTH;
    decryptor.settle(bytes, from, end);
    decryptor.apply(bytes, from, end, bytes, from);
    const first = bytes[from]!;
    const isShort = (first & 1) !== 0; // a protocol number of one octet
    const protocol = isShort ? first : from + 2 <= end ? read16(bytes, from) : 0;
    p.start = from + (isShort ? 1 : 2);
    if (protocol !== PPP_COMPRESSED && this.takes(protocol)) return protocol;
    this.counters.garbled++;
    if (decryptor.garbled()) this.#owner.resetWanted();
    return 0;
  }

  #restore(protocol: number, p: Pbuf): boolean {
    const decompressor = this.#decompressor!;
    const isWhole = protocol === PPP_VJ_COMPRESSED
      ? decompressor.compressed(p)
      : decompressor.uncompressed(p);
    if (!isWhole) this.counters.unrestorable++;
    return isWhole;
  }
}
