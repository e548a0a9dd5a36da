/** Data plane. {@linkcode GsoSegmenter}: cuts a TCP super-segment in software, for drivers that cannot.
 *
 * Each segment gets the headers of the whole, with the fields adapted which differ: lengths, IPv4 identification
 * and header checksum, sequence number, and the flags that belong to the first (CWR, RFC 3168 §6.1.2) or the
 * last segment (FIN, PSH) only.
 *
 * @module
 */
import {
  copyBytes,
  DEFAULT_HEADROOM,
  finishSum,
  foldSum,
  type Pbuf,
  PBUF_CHECKSUM_VERIFIED,
  pseudoHeaderSumV4,
  sumBytes,
} from "@lightwire/pbuf";

const TCP_PROTOCOL = 6;
const TCP_FLAGS_OFFSET = 13;
const TCP_CHECKSUM_OFFSET = 16;
const FIN_AND_PSH = 0x09;
const CWR = 0x80;
const IPV6_HEADER_LENGTH = 40;

/** Cuts one super-segment at a time: {@linkcode begin}, then {@linkcode next} until it gives `undefined`, then
 * {@linkcode end}. One instance serves an interface for life. */
export class GsoSegmenter {
  #packet: Pbuf | undefined;
  #keepsPartialChecksum: boolean;
  #isIpv4: boolean;
  #tcpAt: number;
  #headerLength: number;
  #payloadAt: number;
  #payloadLength: number;
  #size: number;
  #done: number;
  #index: number;
  #addressSum: number;

  /** Makes a segmenter with nothing to cut. */
  constructor() {
    this.#packet = undefined;
    this.#keepsPartialChecksum = false;
    this.#isIpv4 = false;
    this.#tcpAt = 0;
    this.#headerLength = 0;
    this.#payloadAt = 0;
    this.#payloadLength = 0;
    this.#size = 0;
    this.#done = 0;
    this.#index = 0;
    this.#addressSum = 0;
  }

  /** Payload bytes that were not cut yet. */
  get remaining(): number {
    return this.#payloadLength - this.#done;
  }

  /** Starts with a packet of one node, whose first byte is that of the IP header and whose `gsoSize` is set. Borrows it
   * until {@linkcode end}.
   *
   * @param keepPartialChecksum leave the checksum of each segment to the driver (`checksumStart`).
   * @param mtu longest packet that may result.
   * @returns false when it is not TCP over IPv4 or IPv6 without extension headers, or its lengths make no sense.
   */
  begin(p: Pbuf, keepPartialChecksum: boolean, mtu: number): boolean {
    const { view, start } = p;
    const length = p.end - start;
    if (p.next !== undefined || p.gsoSize <= 0 || length < 40) return false;
    const version = view.getUint8(start) >>> 4;
    let ipLength = IPV6_HEADER_LENGTH;
    let addressAt = start + 8;
    let addressEnd = start + IPV6_HEADER_LENGTH;
    if (version === 4) {
      ipLength = (view.getUint8(start) & 0x0f) * 4;
      addressAt = start + 12;
      addressEnd = start + 20;
      if (ipLength < 20 || view.getUint8(start + 9) !== TCP_PROTOCOL) return false;
    } else if (version !== 6 || view.getUint8(start + 6) !== TCP_PROTOCOL) {
      return false;
    }
    if (length < ipLength + 20) return false;
    const tcpLength = (view.getUint8(start + ipLength + 12) >>> 4) * 4;
    if (tcpLength < 20 || length < ipLength + tcpLength || ipLength + tcpLength + p.gsoSize > mtu) {
      return false;
    }
    this.#packet = p;
    this.#keepsPartialChecksum = keepPartialChecksum;
    this.#isIpv4 = version === 4;
    this.#tcpAt = ipLength;
    this.#headerLength = ipLength + tcpLength;
    this.#payloadAt = start + this.#headerLength;
    this.#payloadLength = length - this.#headerLength;
    this.#size = p.gsoSize;
    this.#done = 0;
    this.#index = 0;
    this.#addressSum = sumBytes(p.bytes, view, addressAt, addressEnd, 0);
    return true;
  }

  /** The next segment, owned by the caller.
   *
   * @returns `undefined` when there is none left, or the pool is exhausted ({@linkcode remaining} tells).
   */
  next(): Pbuf | undefined {
    const p = this.#packet;
    const left = this.#payloadLength - this.#done;
    if (p === undefined || left <= 0) return undefined;
    const size = left < this.#size ? left : this.#size;
    const segment = p.pool.acquire(this.#headerLength + size, DEFAULT_HEADROOM);
    if (segment === undefined) return undefined;
    copyBytes(p.bytes, p.start, p.start + this.#headerLength, segment.bytes, segment.start);
    const from = this.#payloadAt + this.#done;
    copyBytes(p.bytes, from, from + size, segment.bytes, segment.start + this.#headerLength);
    segment.flags = p.flags;
    segment.vlanTci = p.vlanTci;
    segment.netifIndex = p.netifIndex;
    this.#adaptIp(segment);
    this.#adaptTcp(segment, size === left);
    this.#done += size;
    this.#index++;
    return segment;
  }

  /** Gives the packet back to the caller of {@linkcode begin}. */
  end(): void {
    this.#packet = undefined;
  }

  #adaptIp(segment: Pbuf): void {
    const { view, start } = segment;
    const length = segment.end - start;
    if (this.#isIpv4) {
      view.setUint16(start + 2, length);
      view.setUint16(start + 4, view.getUint16(start + 4) + this.#index);
      view.setUint16(start + 10, 0);
      view.setUint16(start + 10, finishSum(sumBytes(segment.bytes, view, start, start + this.#tcpAt, 0)));
    } else {
      view.setUint16(start + 4, length - IPV6_HEADER_LENGTH);
    }
  }

  #adaptTcp(segment: Pbuf, isLast: boolean): void {
    const view = segment.view;
    const tcp = segment.start + this.#tcpAt;
    view.setUint32(tcp + 4, view.getUint32(tcp + 4) + this.#done);
    let flags = view.getUint8(tcp + TCP_FLAGS_OFFSET);
    if (!isLast) flags &= ~FIN_AND_PSH;
    if (this.#index > 0) flags &= ~CWR;
    view.setUint8(tcp + TCP_FLAGS_OFFSET, flags);
    const pseudo = foldSum(this.#addressSum + pseudoHeaderSumV4(0, 0, TCP_PROTOCOL, segment.end - tcp));
    view.setUint16(tcp + TCP_CHECKSUM_OFFSET, pseudo);
    if (this.#keepsPartialChecksum) {
      segment.checksumStart = tcp;
      segment.checksumOffset = TCP_CHECKSUM_OFFSET;
    } else {
      const sum = sumBytes(segment.bytes, view, tcp, segment.end, 0); // the pseudo header is in the field
      view.setUint16(tcp + TCP_CHECKSUM_OFFSET, finishSum(sum) || 0xffff);
      segment.flags &= ~PBUF_CHECKSUM_VERIFIED;
    }
  }
}
