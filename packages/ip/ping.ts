/** {@linkcode PingSession}: echo requests with their answers, for ping and traceroute.
 *
 * @module
 */
import { finishSum, type Pbuf, sumPbuf } from "@lightwire/pbuf";
import type { NetErrorCode, Netif, Timer } from "@lightwire/netif";
import type { IpAddress } from "./address.ts";
import type { IpLayer } from "./ip_layer.ts";
import { IpTx } from "./ip_tx.ts";
import type { IpErrorInfo, IpRxInfo } from "./protocol.ts";
import { IP_PROTOCOL_ICMP } from "./protocol_number.ts";
import type { EchoListener } from "./v4/icmpv4.ts";
import { ICMP_ECHO_REQUEST, ICMP_HEADER_LENGTH } from "./v4/icmpv4_message.ts";

/** Options of a {@linkcode PingSession}. */
export interface PingOptions {
  /** Whom to ask. */
  readonly destination: IpAddress;
  /** Our address; default: chosen by the IP layer. */
  readonly source?: IpAddress;
  /** Only by this interface. */
  readonly boundNetif?: Netif;
  /** Bytes behind the ICMP header, 0 … 65,507. Default 56. */
  readonly size?: number;
  /** TTL of the requests. Default: the stack's. */
  readonly ttl?: number;
  /** Type of service of the requests. Default 0. */
  readonly tos?: number;
  /** Set DF. Default false. */
  readonly dontFragment?: boolean;
  /** How long to wait for each answer. Default 1000. */
  readonly timeoutMs?: number;
  /** Identifier; default: a random one that is free. */
  readonly identifier?: number;
  /** The data of the requests, over and over; at least one byte, kept. Default: the alphabet. */
  readonly pattern?: Uint8Array;
}

/** An answer to one request. */
export interface PingReply {
  /** Its number, from 0. */
  readonly sequence: number;
  /** Who answered. */
  readonly from: IpAddress;
  /** Bytes behind the ICMP header. */
  readonly size: number;
  /** TTL as received. */
  readonly ttl: number;
  /** From the request to the answer. */
  readonly roundTripMs: number;
  /** It came after the time out, or again. */
  readonly isLate: boolean;
}

/** An ICMP error in answer to one request: a router on the way, for traceroute. */
export interface PingError {
  /** Number of the request. */
  readonly sequence: number;
  /** Who reported it; ourselves if nobody answered our ARP. */
  readonly from: IpAddress;
  /** What happened. */
  readonly kind: IpErrorInfo["kind"];
  /** Next-hop MTU with "fragmentation-needed". */
  readonly mtu: number;
  /** From the request to the error. */
  readonly roundTripMs: number;
}

/** What a {@linkcode PingSession} tells. None of these is called from inside {@linkcode PingSession.send}. */
export interface PingHandlers {
  /** An answer has come. */
  reply?(reply: PingReply): void;
  /** An error has come; no answer to this request is awaited any more. */
  error?(error: PingError): void;
  /** Nothing has come in time. */
  timeout?(sequence: number): void;
}

/** What happened so far in a session. */
export interface PingStatistics {
  /** Requests sent. */
  transmitted: number;
  /** Requests answered in time. */
  received: number;
  /** Answers that came again. */
  duplicates: number;
  /** Answers that came after the time out. */
  late: number;
  /** Requests answered with an error. */
  errors: number;
  /** Requests that nothing came for. */
  timeouts: number;
  /** Shortest round trip, `Infinity` before the first answer. */
  minMs: number;
  /** Longest round trip. */
  maxMs: number;
  /** Sum of the round trips, for the mean. */
  sumMs: number;
  /** Sum of their squares, for the deviation. */
  squareSumMs: number;
}

interface Request {
  readonly sequence: number;
  readonly sentAt: number;
  state: "pending" | "answered" | "timed-out" | "failed";
}

/** Requests that are remembered, to recognise late and repeated answers. */
const REMEMBERED = 1024;

/** ESP-IDF's pattern. */
const ALPHABET: Uint8Array = Uint8Array.from({ length: 26 }, (_, i) => 0x41 + i);

/** One series of echo requests with one identifier. The caller paces them: a CLI once a second, traceroute with rising
 * {@linkcode ttl}. */
export class PingSession implements EchoListener {
  /** Identifier of the requests. */
  readonly identifier: number;
  /** What happened so far. */
  readonly statistics: PingStatistics = {
    transmitted: 0,
    received: 0,
    duplicates: 0,
    late: 0,
    errors: 0,
    timeouts: 0,
    minMs: Infinity,
    maxMs: 0,
    sumMs: 0,
    squareSumMs: 0,
  };
  /** TTL of the requests to come. */
  ttl: number;
  /** Bytes behind the ICMP header of the requests to come. */
  size: number;
  readonly #ip: IpLayer;
  readonly #handlers: PingHandlers;
  readonly #timeoutMs: number;
  readonly #pattern: Uint8Array;
  readonly #tx = new IpTx();
  readonly #timer: Timer;
  /** By number; a Map keeps the order of sending. */
  readonly #requests = new Map<number, Request>();
  #next = 0;
  #isOpen = true;

  /** A session that has sent nothing yet; see {@linkcode IpLayer.openPing}.
   *
   * @throws {RangeError} when an option is out of range, or the identifier is in use, or the pattern is empty.
   * @throws {TypeError} when the destination is not an IPv4 address.
   */
  constructor(ip: IpLayer, options: PingOptions, handlers: PingHandlers) {
    const size = options.size ?? 56;
    if (!Number.isInteger(size) || size < 0 || size > 65_507) {
      throw new RangeError(`Cannot ping with ${size} bytes: must be 0 to 65507`);
    }
    if (options.pattern?.length === 0) throw new RangeError("Cannot ping with an empty pattern");
    if (options.destination.family !== 4) throw new TypeError(`Cannot ping ${options.destination}: not IPv4`);
    this.#ip = ip;
    this.#handlers = handlers;
    this.#timeoutMs = options.timeoutMs ?? 1000;
    this.#pattern = options.pattern ?? ALPHABET;
    this.size = size;
    this.ttl = options.ttl ?? ip.options.defaultTtl;
    this.identifier = this.#register(options.identifier);
    this.#timer = ip.host.timers.create(() => this.#expire());
    const tx = this.#tx;
    if (options.source !== undefined) tx.source = options.source;
    tx.destination = options.destination;
    tx.protocol = IP_PROTOCOL_ICMP;
    tx.boundNetif = options.boundNetif;
    tx.tos = options.tos ?? 0;
    tx.dontFragment = options.dontFragment ?? false;
  }

  /** Sends the next request.
   *
   * @returns its number; or why it could not be sent, which counts as neither sent nor lost.
   */
  send(): number | NetErrorCode {
    if (!this.#isOpen) return "CLOSED";
    const ip = this.#ip;
    const tx = this.#tx;
    tx.hopLimit = this.ttl;
    const error = ip.prepare(tx);
    if (error !== undefined) return error;
    const length = ICMP_HEADER_LENGTH + this.size;
    if (tx.dontFragment && length + 20 > tx.pathMtu) return "MESSAGE_TOO_LONG";
    const p = ip.host.pool.acquire(length);
    if (p === undefined) return "NO_BUFFERS";
    const sequence = this.#next;
    this.#next = (sequence + 1) & 0xffff;
    this.#emit(p, sequence);
    const now = ip.host.clock.now();
    this.#remember({ sequence, sentAt: now, state: "pending" });
    ip.icmpCounters.outMsgs++;
    ip.icmpCounters.outTypes[ICMP_ECHO_REQUEST]!++;
    this.statistics.transmitted++;
    if (!this.#timer.isArmed) this.#timer.startAt(now + this.#timeoutMs);
    if (!ip.output(p, tx)) {
      this.#requests.delete(sequence);
      this.statistics.transmitted--;
      return "NO_BUFFERS";
    }
    return sequence;
  }

  /** Ends the session. Harmless when repeated. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#timer.stop();
    this.#requests.clear();
    this.#ip.icmp.removeEchoListener(this.identifier);
  }

  /** {@inheritDoc EchoListener.echoReply} */
  echoReply(p: Pbuf, rx: IpRxInfo): void {
    const sequence = p.view.getUint16(p.start + 6);
    const request = this.#requests.get(sequence);
    // A reply of somebody else is taken only if we asked everybody.
    const isFromTarget = rx.source.equals(this.#tx.destination) || this.#tx.destination.isMulticast ||
      this.#ip.interfaces.of(rx.netif)?.isBroadcast(this.#tx.destination.w3) === true ||
      this.#tx.destination.isLimitedBroadcast;
    if (request === undefined || !isFromTarget) return;
    const roundTripMs = this.#ip.host.clock.now() - request.sentAt;
    const isLate = request.state !== "pending";
    if (request.state === "answered") this.statistics.duplicates++;
    else if (isLate) this.statistics.late++;
    else this.#count(roundTripMs);
    request.state = "answered";
    this.#rearm();
    this.#handlers.reply?.({
      sequence,
      from: rx.source,
      size: p.totalLength - ICMP_HEADER_LENGTH,
      ttl: rx.hopLimit,
      roundTripMs,
      isLate,
    });
  }

  /** {@inheritDoc EchoListener.echoError} */
  echoError(error: IpErrorInfo): void {
    const sequence = error.quoted.getUint16(error.quotedOffset + 6);
    const request = this.#requests.get(sequence);
    if (request === undefined || request.state !== "pending" || error.kind === "source-quench") return;
    if (!error.remoteAddress.equals(this.#tx.destination)) return;
    request.state = "failed";
    this.statistics.errors++;
    this.#rearm();
    this.#handlers.error?.({
      sequence,
      from: error.reporter,
      kind: error.kind,
      mtu: error.mtu,
      roundTripMs: this.#ip.host.clock.now() - request.sentAt,
    });
  }

  #register(wanted: number | undefined): number {
    const { icmp, host } = this.#ip;
    if (wanted !== undefined) {
      if (icmp.addEchoListener(wanted, this)) return wanted;
      throw new RangeError(`Cannot ping with identifier ${wanted}: it is in use`);
    }
    for (let i = 0; i < 0x10000; i++) {
      const identifier = host.random.uint32() & 0xffff;
      if (icmp.addEchoListener(identifier, this)) return identifier;
    }
    throw new RangeError("Cannot ping: all identifiers are in use");
  }

  #emit(p: Pbuf, sequence: number): void {
    const { view, bytes, start } = p;
    view.setUint16(start, ICMP_ECHO_REQUEST << 8);
    view.setUint16(start + 2, 0);
    view.setUint16(start + 4, this.identifier);
    view.setUint16(start + 6, sequence);
    const pattern = this.#pattern;
    for (let i = start + ICMP_HEADER_LENGTH, n = 0; i < p.end; i++, n++) {
      bytes[i] = pattern[n % pattern.length]!;
    }
    view.setUint16(start + 2, finishSum(sumPbuf(p, 0)));
  }

  #remember(request: Request): void {
    this.#requests.delete(request.sequence);
    this.#requests.set(request.sequence, request);
    if (this.#requests.size <= REMEMBERED) return;
    for (const oldest of this.#requests.keys()) {
      this.#requests.delete(oldest);
      return;
    }
  }

  #count(roundTripMs: number): void {
    const s = this.statistics;
    s.received++;
    s.minMs = Math.min(s.minMs, roundTripMs);
    s.maxMs = Math.max(s.maxMs, roundTripMs);
    s.sumMs += roundTripMs;
    s.squareSumMs += roundTripMs * roundTripMs;
  }

  #expire(): void {
    const now = this.#ip.host.clock.now();
    const expired: number[] = [];
    for (const request of this.#requests.values()) {
      if (request.state !== "pending" || request.sentAt + this.#timeoutMs > now) continue;
      request.state = "timed-out";
      this.statistics.timeouts++;
      expired.push(request.sequence);
    }
    this.#rearm();
    for (const sequence of expired) this.#handlers.timeout?.(sequence);
    this.#ip.flush();
  }

  /** Waits for the oldest request that is still open. */
  #rearm(): void {
    if (!this.#isOpen) return;
    for (const request of this.#requests.values()) {
      if (request.state !== "pending") continue;
      this.#timer.startAt(request.sentAt + this.#timeoutMs);
      return;
    }
    this.#timer.stop();
  }
}
