/** Data plane. {@linkcode Md5Signature}: TCP's MD5 option (RFC 2385), which routers still protect BGP with. What is new should
 * use TCP-AO (RFC 5925).
 *
 * ```text
 *   | NOP | NOP | kind 19 | length 18 |  digest, 16 octets  |
 *
 *   digest = MD5(pseudo header, header without options and with checksum 0, text, key)
 * ```
 *
 * SYNs of ours offer no timestamps, as Linux's: beside both options no SACK block would have room. A super-segment cannot be signed
 * as one, since each segment on the wire has a digest of its own: connections with a key do without.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { Md5 } from "@lightwire/pbuf/digest";
import type { IpAddress, IpRxInfo } from "@lightwire/ip";
import type { Segment } from "./segment.ts";
import {
  isSameMac,
  KIND_MD5,
  macHeader,
  macText,
  optionOffset,
  type SegmentSignature,
} from "./signed_segment.ts";

const OPTION_LENGTH = 18;
const DIGEST_LENGTH = 16;
const hash = new Md5();
const digest = new Uint8Array(DIGEST_LENGTH);

/** Signs and checks with one key, for all connections that use it. */
export class Md5Signature implements SegmentSignature {
  /** {@inheritDoc SegmentSignature.optionLength} */
  readonly optionLength: number = 20;
  /** {@inheritDoc SegmentSignature.allowsTimestamps} */
  readonly allowsTimestamps: boolean = false;
  readonly #key: Uint8Array;

  /** @param key copied. */
  constructor(key: Uint8Array) {
    this.#key = key.slice();
  }

  /** {@inheritDoc SegmentSignature.sign} */
  sign(p: Pbuf, source: IpAddress, destination: IpAddress, length: number): void {
    const { bytes } = p;
    const at = optionOffset(p, this.optionLength);
    bytes[at] = 1;
    bytes[at + 1] = 1;
    bytes[at + 2] = KIND_MD5;
    bytes[at + 3] = OPTION_LENGTH;
    this.#compute(p, p.start, at + this.optionLength, source, destination, length, bytes, at + 4);
  }

  /** Whether a segment that has come carries the right digest (RFC 2385 §2.0).
   *
   * @param at where the option begins.
   */
  verify(seg: Segment, rx: IpRxInfo, at: number): boolean {
    const p = seg.pbuf!;
    if (p.bytes[at + 1] !== OPTION_LENGTH) return false;
    const length = seg.dataOffset + seg.textLength;
    this.#compute(p, p.start - seg.dataOffset, p.start, rx.source, rx.destination, length, digest, 0);
    return isSameMac(digest, 0, p.bytes, at + 2, DIGEST_LENGTH);
  }

  #compute(
    p: Pbuf,
    header: number,
    text: number,
    source: IpAddress,
    destination: IpAddress,
    length: number,
    out: Uint8Array,
    outAt: number,
  ): void {
    hash.reset();
    macHeader(hash, -1, source, destination, p.bytes, header, length, 0, 0, -1);
    macText(hash, p, text);
    hash.update(this.#key);
    hash.digestInto(out, outAt);
  }
}
