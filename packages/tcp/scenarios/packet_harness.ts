/** {@linkcode PacketHarness}: a TCP driven entirely from outside. Raw IP packets go in and come out one by one, calls
 * are made one by one, time stands still until it is moved, and nothing happens in between.
 *
 * @module
 */
import { type PbufClass, PbufPool } from "@lightwire/pbuf";
import { type Clock, type LinkCapabilities, Netif, type Random, TimerQueue } from "@lightwire/netif";
import { type IpAddress, IpLayer, type IpOptions, ipv4 } from "@lightwire/ip";
import { TcpLayer } from "../tcp_layer.ts";
import type { TcpOptions } from "../tcp_config.ts";
import { ScriptedLink, type SentPacket } from "./scripted_link.ts";

/** Our address: 192.0.2.1. */
export const LOCAL_ADDRESS: IpAddress = ipv4(0xc0000201);
/** The script's address: 192.0.2.2. */
export const PEER_ADDRESS: IpAddress = ipv4(0xc0000202);

/** What a {@linkcode PacketHarness} is made of. */
export interface PacketHarnessOptions {
  /** Options of the TCP layer. */
  readonly tcp?: TcpOptions;
  /** Options of the IP layer. */
  readonly ip?: IpOptions;
  /** MTU of the link. Default 1,500. */
  readonly mtu?: number;
  /** What the link offers. Default nothing. */
  readonly capabilities?: LinkCapabilities;
  /** Size classes of the packet pool. */
  readonly pool?: readonly PbufClass[];
  /** Seed of the random numbers. Default 1. */
  readonly seed?: number;
  /** What the clock shows first, in milliseconds; may be fractional. Default 1,000,000. */
  readonly startMs?: number;
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

/** A host with one interface, 192.0.2.1/24 on a link of medium "ip". */
export class PacketHarness {
  /** Its packets. */
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
  readonly #clock: HandClock;
  readonly #startMs: number;
  #isFlushNeeded = false;

  /** A host which is up and has done nothing yet. */
  constructor(options: PacketHarnessOptions = {}) {
    this.#startMs = options.startMs ?? 1_000_000;
    this.#clock = new HandClock(this.#startMs);
    this.pool = new PbufPool(
      options.pool ?? [{ slotBytes: 256, slots: 512 }, { slotBytes: 2048, slots: 1024 }, {
        slotBytes: 67584,
        slots: 32,
      }],
    );
    this.timers = new TimerQueue(this.#clock);
    const host = {
      clock: this.#clock,
      timers: this.timers,
      random: xorshift(options.seed ?? 1),
      pool: this.pool,
    };
    this.link = new ScriptedLink(this.#clock, this.pool, options.mtu ?? 1500, options.capabilities);
    this.netif = new Netif(this.link, { name: "sc0", index: 1 });
    this.ip = new IpLayer(host, options.ip ?? {});
    this.tcp = new TcpLayer(this.ip, host, options.tcp ?? {});
    this.tcp.onFlushNeeded = () => {
      this.#isFlushNeeded = true;
    };
    this.ip.registerProtocol(this.tcp);
    this.ip.addNetif(this.netif);
    this.netif.setUp();
    this.ip.addAddress(this.netif, LOCAL_ADDRESS, 24);
    this.settle();
    this.link.sent.length = 0;
  }

  /** Milliseconds since the harness was made. */
  get nowMs(): number {
    return this.#clock.nowMs - this.#startMs;
  }

  /** When the next timer is due, in milliseconds since the harness was made; `Infinity` when none is armed. */
  get nextTimerMs(): number {
    return this.timers.nextDeadline() - this.#startMs;
  }

  /** A clock reading as milliseconds since the harness was made. */
  sinceStart(clockMs: number): number {
    return clockMs - this.#startMs;
  }

  /** Hands one IP packet to the host; all its effects have happened when this returns. */
  inject(packet: Uint8Array): void {
    this.link.deliver(packet);
    this.link.endBatch();
    this.settle();
  }

  /** Hands several packets over as one batch, as a driver that found them waiting does. */
  injectBatch(packets: readonly Uint8Array[]): void {
    for (const packet of packets) this.link.deliver(packet);
    this.link.endBatch();
    this.settle();
  }

  /** Lets the effects of a call on a connection happen: to be called after each. */
  settle(): void {
    for (let round = 0; this.#isFlushNeeded; round++) {
      if (round > 1000) throw new Error("The TCP layer asks to be flushed again and again");
      this.#isFlushNeeded = false;
      this.tcp.flush();
    }
    this.ip.flush();
  }

  /** The oldest packet sent and not taken yet. */
  take(): SentPacket | undefined {
    return this.link.sent.shift();
  }

  /** Moves time to the next timer, at most to `untilMs` (since the start), and runs what is due.
   *
   * @returns false when no timer was due: the clock then shows `untilMs`.
   */
  step(untilMs: number): boolean {
    const deadline = this.timers.nextDeadline() - this.#startMs;
    if (deadline > untilMs) {
      if (untilMs > this.nowMs) this.#clock.nowMs = this.#startMs + untilMs;
      return false;
    }
    if (deadline > this.nowMs) this.#clock.nowMs = this.#startMs + deadline;
    this.timers.runDue();
    this.settle();
    return true;
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
