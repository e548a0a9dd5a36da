/** {@linkcode Icmpv4}: the ICMP side of a host (RFC 1122 §3.2.2).
 *
 * @module
 */
import { finishSum, type Pbuf, PBUF_CHECKSUM_VERIFIED, sumPbuf, updateChecksum16 } from "@lightwire/pbuf";
import { ipv4 } from "../address.ts";
import { TokenBucket } from "../token_bucket.ts";
import { IpErrorRecord } from "../ip_error.ts";
import type { IpLayer } from "../ip_layer.ts";
import { IpTx } from "../ip_tx.ts";
import type { IpDisposition, IpErrorInfo, IpProtocolHandler, IpRxInfo } from "../protocol.ts";
import { IP_PROTOCOL_ICMP } from "../protocol_number.ts";
import { writablePbuf } from "../writable_pbuf.ts";
import {
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_HEADER_LENGTH,
  ICMP_PARAMETER_PROBLEM,
  ICMP_REDIRECT,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
  ICMP_TIMESTAMP,
  ICMP_TIMESTAMP_REPLY,
  ICMP_UNREACHABLE,
  icmpErrorKind,
} from "./icmpv4_message.ts";
import { IPV4_HEADER_LENGTH, IPV4_OFFSET } from "./ipv4_header.ts";
import { newIpv4Options, recordInIpv4Options, scanIpv4Options } from "./ipv4_options.ts";

/** Hears of echo replies to, and of errors about, requests with one identifier. */
export interface EchoListener {
  /** A reply; borrows `p`, `p.start` at the ICMP header. */
  echoReply(p: Pbuf, rx: IpRxInfo): void;
  /** An error that quotes one of our requests. */
  echoError(error: IpErrorInfo): void;
}

const MS_PER_DAY = 86_400_000;

/** Input of ICMP for IPv4. */
export class Icmpv4 implements IpProtocolHandler {
  /** {@inheritDoc IpProtocolHandler.protocol} */
  readonly protocol: number = IP_PROTOCOL_ICMP;
  readonly #ip: IpLayer;
  readonly #tx = new IpTx();
  readonly #error = new IpErrorRecord();
  readonly #echoBucket: TokenBucket;
  readonly #echoListeners = new Map<number, EchoListener>();

  /** The ICMP of one IP layer.
   *
   * @param ip whose part this is.
   */
  constructor(ip: IpLayer) {
    this.#ip = ip;
    this.#tx.protocol = IP_PROTOCOL_ICMP;
    this.#echoBucket = new TokenBucket(ip.host.clock, ip.options.icmpEchoRate);
  }

  /** Routes replies with an identifier to a listener.
   *
   * @returns false when the identifier is in use.
   */
  addEchoListener(identifier: number, listener: EchoListener): boolean {
    if (this.#echoListeners.has(identifier)) return false;
    this.#echoListeners.set(identifier, listener);
    return true;
  }

  /** Ends {@linkcode addEchoListener}. */
  removeEchoListener(identifier: number): void {
    this.#echoListeners.delete(identifier);
  }

  /** {@inheritDoc IpProtocolHandler.ipInput} */
  ipInput(p: Pbuf, rx: IpRxInfo): IpDisposition {
    const counters = this.#ip.icmpCounters;
    counters.inMsgs++;
    const isBad = p.end - p.start < ICMP_HEADER_LENGTH ||
      ((p.flags & PBUF_CHECKSUM_VERIFIED) === 0 && sumPbuf(p, 0) !== 0xffff);
    if (isBad) {
      counters.inErrors++;
      p.release();
      return "delivered";
    }
    const type = p.view.getUint8(p.start);
    counters.inTypes[type]!++;
    switch (type) {
      case ICMP_ECHO_REQUEST:
        this.#answerEcho(p, rx);
        return "delivered";
      case ICMP_ECHO_REPLY:
        this.#echoListeners.get(p.view.getUint16(p.start + 4))?.echoReply(p, rx);
        break;
      case ICMP_UNREACHABLE:
      case ICMP_SOURCE_QUENCH:
      case ICMP_TIME_EXCEEDED:
      case ICMP_PARAMETER_PROBLEM:
        this.#errorArrives(p, rx);
        break;
      case ICMP_REDIRECT:
        this.#redirectArrives(p, rx);
        break;
      case ICMP_TIMESTAMP:
        this.#answerTimestamp(p, rx);
        return "delivered";
      default:
        break;
    }
    p.release();
    return "delivered";
  }

  /** {@inheritDoc IpProtocolHandler.ipError} */
  ipError(error: IpErrorInfo): void {
    if (error.quotedLength < ICMP_HEADER_LENGTH) return;
    if (error.quoted.getUint8(error.quotedOffset) !== ICMP_ECHO_REQUEST) return;
    this.#echoListeners.get(error.quoted.getUint16(error.quotedOffset + 4))?.echoError(error);
  }

  /** {@inheritDoc IpProtocolHandler.inputBatchEnd} */
  inputBatchEnd(): void {}

  /** {@inheritDoc IpProtocolHandler.addressChanged} */
  addressChanged(): void {}

  /** Tells the transport of a packet of ours, which did not leave, why. Borrows `p`, whose first byte is its IP
   * header's. */
  reportLocally(p: Pbuf, kind: IpErrorInfo["kind"], icmpCode: number): void {
    const error = this.#error;
    const source = p.view.getUint32(p.start + IPV4_OFFSET.source);
    error.kind = kind;
    error.icmpType = ICMP_UNREACHABLE;
    error.icmpCode = icmpCode;
    error.reporter = ipv4(source);
    error.mtu = 0;
    if (error.quoteIpv4(p, 0)) this.#ip.errors.deliver(error);
  }

  /** Echo (RFC 1122 §3.2.2.6): the request itself goes back, with another type. Takes ownership. */
  #answerEcho(request: Pbuf, rx: IpRxInfo): void {
    const ip = this.#ip;
    const isRefused = (rx.isBroadcast && !ip.options.broadcastPing) ||
      (rx.isMulticast && !ip.options.multicastPing);
    if (isRefused || !this.#echoBucket.take()) {
      if (!isRefused) ip.icmpCounters.outRateLimited++;
      request.release();
      return;
    }
    const options = rx.headerLength > IPV4_HEADER_LENGTH ? this.#recordedOptions(request, rx) : undefined;
    const p = writablePbuf(request);
    if (p === undefined) {
      ip.icmpCounters.outErrors++;
      return;
    }
    const code = p.view.getUint8(p.start + 1);
    const checksum = p.view.getUint16(p.start + 2);
    p.view.setUint8(p.start, ICMP_ECHO_REPLY);
    p.view.setUint16(p.start + 2, updateChecksum16(checksum, (ICMP_ECHO_REQUEST << 8) | code, code));
    this.#reply(p, rx, options, ICMP_ECHO_REPLY);
  }

  /** Timestamp (RFC 792; RFC 1122 §3.2.2.8 makes it optional). Takes ownership. */
  #answerTimestamp(request: Pbuf, rx: IpRxInfo): void {
    const ip = this.#ip;
    const mayAnswer = ip.options.timestampReply && !rx.isBroadcast && !rx.isMulticast;
    if (!mayAnswer || request.end - request.start < 20 || !this.#echoBucket.take()) {
      request.release();
      return;
    }
    const p = writablePbuf(request);
    if (p === undefined) return;
    const now = this.timestamp();
    p.view.setUint16(p.start, ICMP_TIMESTAMP_REPLY << 8);
    p.view.setUint16(p.start + 2, 0);
    p.view.setUint32(p.start + 12, now);
    p.view.setUint32(p.start + 16, now);
    p.view.setUint16(p.start + 2, finishSum(sumPbuf(p, 0)));
    this.#reply(p, rx, undefined, ICMP_TIMESTAMP_REPLY);
  }

  /** Milliseconds since midnight UT, or with the highest bit set when the host does not tell the date (RFC 791 §3.1). */
  timestamp(): number {
    const ip = this.#ip;
    const wall = ip.options.wallClock;
    if (wall !== undefined) return Math.floor(wall.unixMillis() % MS_PER_DAY);
    return (Math.floor(ip.host.clock.now() % MS_PER_DAY) | 0x8000_0000) >>> 0;
  }

  #reply(p: Pbuf, rx: IpRxInfo, options: Uint8Array | undefined, type: number): void {
    const ip = this.#ip;
    const tx = this.#tx;
    const isOurs = !rx.isBroadcast && !rx.isMulticast;
    const iface = ip.interfaces.of(rx.netif)!;
    const source = isOurs ? rx.destination : ip.sourceOn(iface, rx.source);
    if (tx.destination !== rx.source || tx.source !== source || tx.options !== options) {
      tx.destination = rx.source;
      tx.source = source;
      tx.options = options;
      tx.generation = -1;
    }
    tx.hopLimit = ip.options.defaultTtl;
    tx.tos = rx.tos & 0xfc;
    const counters = ip.icmpCounters;
    counters.outMsgs++;
    counters.outTypes[type]!++;
    p.checksumStart = -1;
    p.gsoSize = 0;
    p.flags = 0;
    if (ip.prepare(tx) !== undefined) {
      counters.outErrors++;
      p.release();
      return;
    }
    ip.output(p, tx);
  }

  /** The options of an echo request, with ourselves entered, for its reply (RFC 1122 §3.2.2.6).
   * Deviation: a source route is not reversed, since source routes are not used any more (RFC 7126 §4.3). */
  #recordedOptions(p: Pbuf, rx: IpRxInfo): Uint8Array | undefined {
    if (!this.#ip.options.recordRoute) return undefined;
    const start = p.start - rx.headerLength;
    const found = newIpv4Options();
    if (!scanIpv4Options(p.bytes, start, rx.headerLength, found) || found.sourceRouteAt !== 0) {
      return undefined;
    }
    const header = p.bytes.slice(start, p.start);
    recordInIpv4Options(new DataView(header.buffer), 0, found, rx.destination.w3, this.timestamp());
    return header.subarray(IPV4_HEADER_LENGTH);
  }

  /** An error about a packet of ours, or so it says. Borrows `p`. */
  #errorArrives(p: Pbuf, rx: IpRxInfo): void {
    const ip = this.#ip;
    const type = p.view.getUint8(p.start);
    const code = p.view.getUint8(p.start + 1);
    const kind = icmpErrorKind(type, code);
    const error = this.#error;
    if (kind === undefined || rx.isBroadcast || rx.isMulticast) return;
    error.kind = kind;
    error.icmpType = type;
    error.icmpCode = code;
    error.reporter = rx.source;
    error.mtu = 0;
    if (!error.quoteIpv4(p, ICMP_HEADER_LENGTH) || !ip.isLocalAddress(error.localAddress)) {
      ip.icmpCounters.inErrors++;
      return;
    }
    if (kind === "fragmentation-needed") {
      const quotedLength = p.view.getUint16(p.start + ICMP_HEADER_LENGTH + IPV4_OFFSET.totalLength);
      if (!ip.errors.tooBigArrives(error, p.view.getUint16(p.start + 6), quotedLength)) return;
    }
    ip.errors.deliver(error);
  }

  /** Redirect (RFC 1122 §3.2.2.2), obeyed only if the user wants that. Borrows `p`. */
  #redirectArrives(p: Pbuf, rx: IpRxInfo): void {
    const ip = this.#ip;
    const error = this.#error;
    if (!ip.options.acceptRedirects || rx.isBroadcast || rx.isMulticast) return;
    if (p.view.getUint8(p.start + 1) > 3 || !error.quoteIpv4(p, ICMP_HEADER_LENGTH)) return;
    if (!ip.isLocalAddress(error.localAddress)) return;
    ip.errors.redirectArrives(rx, error.remoteAddress, ipv4(p.view.getUint32(p.start + 4)));
  }
}
