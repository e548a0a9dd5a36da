/** {@linkcode PacketHarness}: a TCP driven entirely from outside. Raw IP packets go in and come out one by one, calls
 * are made one by one, time stands still until it is moved, and nothing happens in between.
 *
 * @module
 */
import { type PbufClass, PbufPool } from "@lightwire/pbuf";
import { type Clock, type LinkCapabilities, Netif, type Random, TimerQueue } from "@lightwire/netif";
import {
  type IpAddress,
  type IpHost,
  IpLayer,
  type IpOptions,
  ipv4,
  IPV4_ANY,
  prefixOf,
} from "@lightwire/ip";
import { TcpLayer } from "../tcp_layer.ts";
import type { TcpOptions } from "../tcp_config.ts";
import { HarnessSocket } from "./harness_socket.ts";
import { ScriptedLink } from "./scripted_link.ts";

/** Our address unless the harness was told another: 192.0.2.1. */
export const LOCAL_ADDRESS: IpAddress = ipv4(0xc0000201);
/** An address on the same network for the script to use: 192.0.2.2. Whatever the source of an injected packet is, answers
 * come out of the only link. */
export const PEER_ADDRESS: IpAddress = ipv4(0xc0000202);

/** What a {@linkcode PacketHarness} is made of. */
export interface PacketHarnessOptions {
  /** Options of the TCP layer. */
  readonly tcp?: TcpOptions;
  /** Options of the IP layer. */
  readonly ip?: IpOptions;
  /** Our IPv4 address. Default {@linkcode LOCAL_ADDRESS}. */
  readonly address?: IpAddress;
  /** Length of its prefix. Default 24. */
  readonly prefixLength?: number;
  /** Whether hosts outside of that prefix are reached by the link as well. Default true. */
  readonly hasDefaultRoute?: boolean;
  /** MTU of the link. Default 1,500. */
  readonly mtu?: number;
  /** What the link offers. Default nothing: each packet leaves in the form it has on a wire. */
  readonly capabilities?: LinkCapabilities;
  /** Size classes of the packet pool. */
  readonly pool?: readonly PbufClass[];
  /** Seed of the random numbers: initial sequence numbers, ports, timestamp offsets, jitter. Default 1. */
  readonly seed?: number;
  /** What the clock shows first, in milliseconds; may be fractional. Default 1,000,000. */
  readonly startMs?: number;
}

/** A packet that the stack has sent. */
export interface HarnessPacket {
  /** When, in whole microseconds since the harness was made. */
  readonly atUs: number;
  /** The IP packet; the caller's own copy. */
  readonly bytes: Uint8Array;
}

/** Time that moves when told to. */
class HandClock implements Clock {
  nowMs: number;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  now(): number {
    return this.nowMs;
  }
}

/** Least MTU of IPv4 (RFC 791 §3.2). */
const LEAST_MTU = 68;
/** Most octets of an IP packet. */
const MOST_OCTETS = 65_535;

/** Deadlines are sums of fractions of milliseconds: what misses a microsecond by less than this is meant to be it. */
const ROUNDING_US = 1e-3;

/** A host with one interface, 192.0.2.1/24 on a link of medium "ip", and its own time. Two of them, of different addresses, are two ends
 * of a network that the test makes up: what one has sent is taken, delayed or lost, and injected at the other.
 *
 * Each method returns when all that it causes has happened: packets lie ready for {@linkcode takePacket}, callbacks have
 * run. A test then moves time with {@linkcode advanceUs}, looks at {@linkcode nextTimerUs}, or injects the next packet.
 * Two harnesses with the same options and the same calls do exactly the same.
 *
 * Initial sequence numbers are drawn (RFC 6528); `harness.tcp.hooks.tcpIsn = () => n` chooses them.
 *
 * Users of {@linkcode PacketHarness.tcp} itself call {@linkcode settle} after each call on the layer or a connection; those
 * of {@linkcode socket} need not.
 *
 * @example A SYN to a closed port
 * ```ts
 * import { encodePacket, LOCAL_ADDRESS, PacketHarness, PEER_ADDRESS } from "@lightwire/tcp/harness";
 * import assert from "node:assert/strict";
 *
 * const harness = new PacketHarness({ seed: 7 });
 * harness.advanceUs(250);
 * harness.inject(encodePacket({
 *   source: PEER_ADDRESS,
 *   destination: LOCAL_ADDRESS,
 *   sourcePort: 50000,
 *   destinationPort: 80,
 *   seq: 1000,
 *   ctl: 0x02,
 * }));
 * const reset = harness.takePacket()!;
 * assert.equal(reset.atUs, 250);
 * assert.equal(reset.bytes[33], 0x14, "RST, ACK");
 * assert.equal(harness.takePacket(), undefined);
 * assert.equal(harness.nextTimerUs, Infinity);
 * ```
 */
export class PacketHarness {
  /** Its packets. When a test is over and everything closed, `pool.inUse` is 0. */
  readonly pool: PbufPool;
  /** Its timers. */
  readonly timers: TimerQueue;
  /** Its only interface. */
  readonly netif: Netif;
  /** Its IP. */
  readonly ip: IpLayer;
  /** Its TCP. */
  readonly tcp: TcpLayer;
  /** The other end of the wire. */
  readonly link: ScriptedLink;
  /** Clock, timers, random numbers and packets, for further layers: UDP beside this TCP is
   * `new UdpLayer(harness.ip, harness.host)`, made known by `harness.ip.registerProtocol`. */
  readonly host: IpHost;
  /** Sockets with a port that was bound, and not closed.
   *
   * @internal */
  readonly boundSockets: Set<HarnessSocket> = new Set();
  /** Our address. */
  readonly address: IpAddress;
  readonly #clock: HandClock;
  readonly #startMs: number;
  #isFlushNeeded = false;

  /** A host which is up and has done nothing yet. */
  constructor(options: PacketHarnessOptions = {}) {
    const { startMs = 1_000_000, mtu = 1500 } = options;
    if (!(startMs >= 0 && startMs < 2 ** 52)) throw new RangeError(`Cannot start a clock at ${startMs} ms`);
    if (!(mtu >= LEAST_MTU && mtu <= MOST_OCTETS)) {
      throw new RangeError(
        `The MTU of a link must be in the range ${LEAST_MTU} … ${MOST_OCTETS}: got ${mtu}`,
      );
    }
    this.#startMs = startMs;
    this.#clock = new HandClock(this.#startMs);
    this.address = options.address ?? LOCAL_ADDRESS;
    this.pool = new PbufPool(
      options.pool ?? [{ slotBytes: 256, slots: 512 }, { slotBytes: 2048, slots: 1024 }, {
        slotBytes: 67584,
        slots: 32,
      }],
    );
    this.timers = new TimerQueue(this.#clock);
    this.host = {
      clock: this.#clock,
      timers: this.timers,
      random: xorshift(options.seed ?? 1),
      pool: this.pool,
    };
    this.link = new ScriptedLink(this.#clock, this.pool, mtu, options.capabilities);
    this.netif = new Netif(this.link, { name: "sc0", index: 1 });
    this.ip = new IpLayer(this.host, options.ip ?? {});
    this.tcp = new TcpLayer(this.ip, this.host, options.tcp ?? {});
    this.tcp.onFlushNeeded = () => {
      this.#isFlushNeeded = true;
    };
    this.ip.registerProtocol(this.tcp);
    this.ip.addNetif(this.netif);
    this.netif.setUp();
    this.ip.addAddress(this.netif, this.address, options.prefixLength ?? 24);
    if (options.hasDefaultRoute !== false) {
      this.ip.routes.add({ destination: prefixOf(IPV4_ANY, 0), netif: this.netif });
    }
    this.settle();
    this.link.sent.length = 0;
  }

  /** A socket of this host, in the manner of BSD: calls return at once, with a number or the name of an errno. */
  socket(): HarnessSocket {
    return new HarnessSocket(this);
  }

  // Time.

  /** Microseconds since the harness was made. */
  get nowUs(): number {
    return this.#toUs(this.#clock.nowMs);
  }

  /** Milliseconds since the harness was made. */
  get nowMs(): number {
    return this.#clock.nowMs - this.#startMs;
  }

  /** When the next timer is due, in whole microseconds since the harness was made; `Infinity` when none is armed. */
  get nextTimerUs(): number {
    const us = this.nextTimerMs * 1000;
    return us === Infinity ? Infinity : Math.max(Math.ceil(us - ROUNDING_US), this.nowUs);
  }

  /** When the next timer is due, in milliseconds since the harness was made; `Infinity` when none is armed. */
  get nextTimerMs(): number {
    return this.timers.nextDeadline() - this.#startMs;
  }

  /** Lets `us` microseconds pass: every timer that is due meanwhile runs, at its own instant.
   *
   * @throws {RangeError} if `us` is negative or not finite.
   */
  advanceUs(us: number): void {
    if (!(us >= 0 && us < Infinity)) throw new RangeError(`Cannot advance a harness by ${us} µs`);
    this.at(this.nowUs + us);
  }

  /** Lets time pass until `us` microseconds since the harness was made.
   *
   * @throws {RangeError} if that is past, or not finite.
   */
  at(us: number): void {
    if (!(us >= this.nowUs && us < Infinity)) {
      throw new RangeError(`Cannot move a harness from ${this.nowUs} µs to ${us} µs`);
    }
    while (this.stepUs(us));
  }

  /** Lets time pass until the next timer, and runs that; until `us` microseconds since the harness was made at most.
   *
   * @returns false when no timer was due: time is then `us`.
   * @throws {RangeError} if `us` is no number.
   */
  stepUs(us: number): boolean {
    if (Number.isNaN(us)) throw new RangeError("Cannot move a harness to NaN µs");
    const next = this.nextTimerUs;
    if (next > us) {
      if (us > this.nowUs) this.#clock.nowMs = this.#startMs + us / 1000;
      return false;
    }
    this.#runTimers(this.#startMs + next / 1000);
    return true;
  }

  /** As {@linkcode stepUs}, in milliseconds, which may be fractional.
   *
   * @returns false when no timer was due: the clock then shows `untilMs`.
   * @throws {RangeError} if `untilMs` is no number.
   */
  step(untilMs: number): boolean {
    if (Number.isNaN(untilMs)) throw new RangeError("Cannot move a harness to NaN ms");
    const deadline = this.timers.nextDeadline() - this.#startMs;
    if (deadline > untilMs) {
      if (untilMs > this.nowMs) this.#clock.nowMs = this.#startMs + untilMs;
      return false;
    }
    this.#runTimers(this.#clock.nowMs);
    return true;
  }

  // Packets.

  /** Hands one IP packet to the host; all its effects have happened when this returns. What is no IP packet is dropped and counted by
   * {@linkcode PacketHarness.ip}, as that of a wire is.
   *
   * @param segmentBytes octets of text of each of the segments that the interface has merged into this one; 0: it came as it is.
   * @throws {RangeError} if it is longer than an IP packet can be.
   */
  inject(packet: Uint8Array, segmentBytes: number = 0): void {
    this.link.deliver(packet, segmentBytes);
    this.link.endBatch();
    this.settle();
  }

  /** Hands several packets over as one batch, as a driver that found them waiting does. */
  injectBatch(packets: readonly Uint8Array[]): void {
    for (const packet of packets) this.link.deliver(packet);
    this.link.endBatch();
    this.settle();
  }

  /** The oldest packet sent and not taken yet. */
  takePacket(): HarnessPacket | undefined {
    const sent = this.link.sent.shift();
    return sent === undefined ? undefined : { atUs: this.#toUs(sent.atMs), bytes: sent.bytes };
  }

  /** All packets sent and not taken yet, oldest first. */
  takePackets(): HarnessPacket[] {
    return this.link.sent.splice(0).map((sent) => ({ atUs: this.#toUs(sent.atMs), bytes: sent.bytes }));
  }

  /** Lets the effects of a call on the layer or on a connection happen: to be called after each. */
  settle(): void {
    for (let round = 0; this.#isFlushNeeded; round++) {
      if (round > 1000) throw new Error("The TCP layer asks to be flushed again and again");
      this.#isFlushNeeded = false;
      this.tcp.flush();
    }
    this.ip.flush();
  }

  /** Runs the timers that are due first, no sooner than `atMs`, and those that are due by then. */
  #runTimers(atMs: number): void {
    this.#clock.nowMs = Math.max(this.#clock.nowMs, atMs, this.timers.nextDeadline());
    this.timers.runDue();
    this.settle();
  }

  #toUs(clockMs: number): number {
    return Math.round((clockMs - this.#startMs) * 1000);
  }
}

function xorshift(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) | 0;
  if (state === 0) state = 1;
  return {
    uint32(): number {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    },
  };
}
