/** Data plane. {@linkcode SynCookies}: SYN-ACKs of which nothing is remembered (RFC 4987 §3.6). What the SYN said lies in our
 * initial sequence number and in our timestamp, and comes back with the acknowledgment.
 *
 * ```text
 *   ISS    | minute mod 32 : 5 | MSS : 3 |   keyed hash : 24   |
 *   TSval  |              clock : 26              | ECN | SACK | shift : 4 |
 * ```
 *
 * The hash is over addresses, ports, the peer's initial sequence number, the minute, and those six bits of the timestamp: nobody can
 * acknowledge a SYN-ACK that he has not seen, nor change what it stands for. A cookie counts for two minutes at most, and
 * only while the listener has lately sent some.
 *
 * @module
 */
import type { IpAddress, IpRxInfo } from "@lightwire/ip";
import type { Random } from "@lightwire/netif";
import { CWR, ECE } from "./control_bits.ts";
import type { Segment } from "./segment.ts";
import type { TcpListener } from "./listener.ts";
import { SipHash } from "./siphash.ts";
import { DEFAULT_MSS_V4, DEFAULT_MSS_V6 } from "./tcb.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import { timestampAt } from "./timestamps.ts";
import { replySynAck } from "./transmit.ts";
import { offeredShift } from "./user_calls.ts";

/** How long the counter stands still. */
const MINUTE_MS = 64_000;
/** Cookies of the present minute and of the one before count. */
const MAX_AGE_MINUTES = 1;
/** What an index of three bits stands for. The largest that is not more than the peer's is taken. */
const MSS_TABLE: readonly number[] = [64, 536, 1220, 1300, 1400, 1440, 1460, 8960];

/** Bits of the timestamp that are not the clock's. */
const OPTION_BITS = 6;
const OPTION_MASK = (1 << OPTION_BITS) - 1;
const OPTION_ECN = 0x20;
const OPTION_SACK = 0x10;
/** Shift 0 … 14; this one is no Window Scale option. */
const NO_SHIFT = 0x0f;
/** In the place of the six bits when there are no timestamps. */
const NO_TIMESTAMPS = OPTION_MASK + 1;

/** Makes and checks SYN cookies. */
export class SynCookies {
  readonly #hash: SipHash;
  readonly #words: Uint32Array;

  /** @param random where the secret comes from. */
  constructor(random: Random) {
    this.#hash = new SipHash([random.uint32(), random.uint32(), random.uint32(), random.uint32()]);
    this.#words = new Uint32Array(12);
  }

  /** The ISS that answers a SYN.
   *
   * @param mss what to remember of the peer's MSS.
   * @param optionBits what {@linkcode optionBits} said.
   */
  make(seg: Segment, rx: IpRxInfo, mss: number, optionBits: number, nowMs: number): number {
    let index = MSS_TABLE.length - 1;
    while (index > 0 && MSS_TABLE[index]! > mss) index--;
    const minute = minuteAt(nowMs);
    const top = ((minute & 31) << 3 | index) << 24;
    return (top | this.#mac(seg, rx, seg.seq, minute, index, optionBits)) >>> 0;
  }

  /** Looks at an acknowledgment which belongs to no connection: if it answers a cookie, what the SYN had said is put
   * into `seg`, whose own options are as on an acknowledgment.
   *
   * @returns whether it does. `"perhaps"`: it may acknowledge one, but does not begin where the peer's SYN ended, so that
   * something before it was lost, which will come again.
   */
  check(seg: Segment, rx: IpRxInfo, nowMs: number): "yes" | "perhaps" | "no" {
    const cookie = (seg.ack - 1) >>> 0;
    const minute = minuteAt(nowMs);
    const age = (minute - (cookie >>> 27)) & 31;
    if (age > MAX_AGE_MINUTES) return "no";
    const index = (cookie >>> 24) & 7;
    const bits = seg.hasTimestamps ? seg.tsEcr & OPTION_MASK : NO_TIMESTAMPS;
    const mac = this.#mac(seg, rx, (seg.seq - 1) >>> 0, minute - age, index, bits);
    if (mac !== (cookie & 0xffffff)) return "perhaps";
    seg.mss = MSS_TABLE[index]!;
    seg.windowShift = -1;
    seg.sackPermitted = false;
    if (bits === NO_TIMESTAMPS) return "yes";
    if ((bits & NO_SHIFT) !== NO_SHIFT) seg.windowShift = bits & NO_SHIFT;
    seg.sackPermitted = (bits & OPTION_SACK) !== 0;
    if ((bits & OPTION_ECN) !== 0) seg.ctl |= ECE | CWR;
    return "yes";
  }

  #mac(seg: Segment, rx: IpRxInfo, irs: number, minute: number, index: number, bits: number): number {
    const words = this.#words;
    putAddress(words, 0, rx.destination);
    putAddress(words, 4, rx.source);
    words[8] = (seg.destinationPort << 16) | seg.sourcePort;
    words[9] = irs;
    words[10] = minute;
    words[11] = (index << 8) | bits;
    return this.#hash.hash(words, 12) & 0xffffff;
  }
}

/** The six bits for what a SYN offers and we agree to; without timestamps there is no place for them.
 *
 * @param shift Window Scale option, −1 for none.
 */
export function optionBits(hasTimestamps: boolean, shift: number, hasSack: boolean, hasEcn: boolean): number {
  if (!hasTimestamps) return NO_TIMESTAMPS;
  return (shift < 0 ? NO_SHIFT : shift) | (hasSack ? OPTION_SACK : 0) | (hasEcn ? OPTION_ECN : 0);
}

/** TSval with the six bits in the place of the lowest ones, and not in the future. */
export function cookieTimestamp(timestamp: number, bits: number): number {
  const value = (timestamp & ~OPTION_MASK) | bits;
  return (value - ((timestamp & OPTION_MASK) < bits ? OPTION_MASK + 1 : 0)) >>> 0;
}

/** Whether an acknowledgment that belongs to no connection may answer a cookie of this listener: otherwise nothing is computed. */
export function isCookieExpected(listener: TcpListener, nowMs: number): boolean {
  return nowMs - listener.lastCookieAtMs < (MAX_AGE_MINUTES + 1) * MINUTE_MS;
}

/** Answers a SYN with a SYN-ACK whose numbers hold all that has to be remembered. */
export function answerWithCookie(layer: TcpLayer, listener: TcpListener, seg: Segment, rx: IpRxInfo): void {
  const { config, synOptions } = layer;
  const nowMs = layer.clock.now();
  listener.lastCookieAtMs = nowMs;
  layer.counters.synCookiesSent++;
  const hasTimestamps = config.timestamps && seg.hasTimestamps;
  const isScaled = config.windowScaling && hasTimestamps && seg.windowShift >= 0;
  const hasSack = config.sack && hasTimestamps && seg.sackPermitted;
  const hasEcn = config.ecn !== "off" && hasTimestamps && (seg.ctl & (ECE | CWR)) === (ECE | CWR);
  const bits = optionBits(hasTimestamps, isScaled ? seg.windowShift : -1, hasSack, hasEcn);
  const fallback = rx.source.family === 4 ? DEFAULT_MSS_V4 : DEFAULT_MSS_V6;
  const iss = layer.handshakes.synCookies.make(seg, rx, seg.mss > 0 ? seg.mss : fallback, bits, nowMs);
  synOptions.windowShift = isScaled ? offeredShift(listener.config, config) : -1;
  synOptions.sackPermitted = hasSack;
  synOptions.hasTimestamps = hasTimestamps;
  synOptions.tsEcr = seg.tsVal;
  if (hasTimestamps) {
    const { source, destination } = rx;
    const offset = layer.isns.timestampOffset(destination, seg.destinationPort, source, seg.sourcePort);
    synOptions.tsVal = cookieTimestamp(timestampAt(nowMs, offset), bits);
  }
  replySynAck(layer, listener, seg, rx, iss, hasEcn);
}

function minuteAt(nowMs: number): number {
  return Math.floor(nowMs / MINUTE_MS) >>> 0;
}

function putAddress(words: Uint32Array, at: number, address: IpAddress): void {
  words[at] = address.w0;
  words[at + 1] = address.w1;
  words[at + 2] = address.w2;
  words[at + 3] = address.w3;
}
