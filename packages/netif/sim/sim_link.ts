/** {@linkcode createLink}: two link drivers with a faulty wire between them.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import {
  type LinkCapabilities,
  type LinkDriver,
  type LinkSink,
  type MacAddress,
  NO_OFFLOAD,
} from "../link.ts";
import type { Clock } from "../clock.ts";
import type { Timer } from "../timers.ts";
import type { LinkFaults } from "./link_faults.ts";
import { type FrameObserver, SimChannel } from "./sim_channel.ts";
import type { Simulation } from "./simulation.ts";

/** Bytes of an Ethernet header with one IEEE 802.1Q tag, which a frame may have beyond the MTU. */
const ETHERNET_OVERHEAD = 18;

/** Least time from a refused `transmit` to the next attempt, whatever rounding says. */
const LEAST_WAIT_MS = 0.001;

/** Options that links and switches have in common. */
export interface SimMediumOptions {
  /** Largest IP packet of a frame, in bytes; default 1500. Longer frames are dropped and counted. */
  readonly mtu?: number;
  /** What the drivers take over; default nothing, so that checksums are really computed and really checked.
   * Super-segments (`gsoMaxBytes`) cross the wire whole, as one frame to every fault; that needs `gro` too. */
  readonly capabilities?: LinkCapabilities;
  /** What happens to a frame that {@linkcode LinkFaults.queueBytes} leave no room for: `"drop"`, as on a router (default), or
   * `"wait"`: `transmit` returns false, and `linkWritable` is called when the queue is half empty, as with a local device. */
  readonly whenFull?: "drop" | "wait";
  /** Sees every frame at the moment it is transmitted. */
  readonly onTransmit?: FrameObserver;
  /** Prefix of the names of the directions, in the event log and of the random streams; default "link1", "link2", …. */
  readonly name?: string;
}

/** Options of {@linkcode createLink}. */
export interface SimLinkOptions extends SimMediumOptions {
  /** "ethernet" or "ip" (default): what the frames start with. */
  readonly medium?: "ethernet" | "ip";
  /** Faults of the direction from the first driver to the second; default none. */
  readonly aToB?: LinkFaults;
  /** Faults of the direction from the second driver to the first; default none. */
  readonly bToA?: LinkFaults;
  /** Station address of the first driver; default a new one on medium "ethernet". */
  readonly macA?: MacAddress;
  /** Station address of the second driver; default a new one on medium "ethernet". */
  readonly macB?: MacAddress;
}

/** What {@linkcode SimDriver}s need to be made of. Internal. */
export interface SimDriverOptions {
  /** The world. */
  readonly sim: Simulation;
  /** See {@linkcode LinkDriver.medium}. */
  readonly medium: "ethernet" | "ip";
  /** See {@linkcode LinkDriver.mtu}. */
  readonly mtu: number;
  /** See {@linkcode LinkDriver.macAddress}. */
  readonly macAddress: MacAddress | undefined;
  /** See {@linkcode LinkDriver.capabilities}. */
  readonly capabilities: LinkCapabilities;
  /** See {@linkcode SimMediumOptions.whenFull}. */
  readonly whenFull: "drop" | "wait";
  /** The direction it sends on. */
  readonly out: SimChannel;
  /** The direction it receives from. */
  readonly in: SimChannel;
}

/** One end of a simulated link. Frames arrive from the simulation's timer queue only, never from within a call. */
export class SimDriver implements LinkDriver {
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium: "ethernet" | "ip";
  /** {@inheritDoc LinkDriver.mtu} */
  readonly mtu: number;
  /** {@inheritDoc LinkDriver.maxHeaderLength} */
  readonly maxHeaderLength: number;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: MacAddress | undefined;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities;
  /** The direction that this end sends on: its faults can be changed, its counters read. */
  readonly outbound: SimChannel;
  /** The direction that this end receives from. */
  readonly inbound: SimChannel;
  readonly #clock: Clock;
  readonly #waits: boolean;
  readonly #writableTimer: Timer;
  #sink: LinkSink | undefined;
  #isClosed: boolean;

  /** For {@linkcode createLink} and {@linkcode createSwitch}. */
  constructor(options: SimDriverOptions) {
    this.medium = options.medium;
    this.mtu = options.mtu;
    this.maxHeaderLength = 0;
    this.macAddress = options.macAddress;
    this.capabilities = options.capabilities;
    this.outbound = options.out;
    this.inbound = options.in;
    this.#clock = options.sim.clock;
    this.#waits = options.whenFull === "wait";
    this.#writableTimer = options.sim.timers.create(() => this.#sink?.linkWritable());
    this.#sink = undefined;
    this.#isClosed = false;
  }

  /** {@inheritDoc LinkDriver.attach} */
  attach(sink: LinkSink): void {
    this.#sink = sink;
    if (!this.#isClosed) this.inbound.sink = sink;
  }

  /** {@inheritDoc LinkDriver.transmit} */
  transmit(p: Pbuf): boolean {
    if (this.#isClosed) {
      p.release();
      return true;
    }
    const length = p.totalLength;
    if (this.#waits && !this.outbound.hasQueueSpace(length)) {
      const now = this.#clock.now();
      this.#writableTimer.startAt(Math.max(this.outbound.writableAt(length), now + LEAST_WAIT_MS));
      return false;
    }
    this.outbound.offer(p);
    p.release();
    return true;
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {}

  /** Tells the interface that the carrier came or went. Frames cross the wire regardless: see {@linkcode SimLink.partition}. */
  setCarrier(isUp: boolean): void {
    this.#sink?.linkStateChanged(isUp);
  }

  /** {@inheritDoc LinkDriver.close} What this end has sent still arrives; what is under way to it is released. */
  close(): void {
    this.#isClosed = true;
    this.#writableTimer.stop();
    this.inbound.sink = undefined;
    this.inbound.clear();
  }
}

/** A simulated link, for what concerns both ends. */
export class SimLink {
  /** The first end. */
  readonly a: SimDriver;
  /** The second end. */
  readonly b: SimDriver;

  /** For {@linkcode createLink}. */
  constructor(a: SimDriver, b: SimDriver) {
    this.a = a;
    this.b = b;
  }

  /** Cuts the link, or one direction of it: until {@linkcode heal}, whatever is transmitted or would arrive is lost. */
  partition(direction: "both" | "aToB" | "bToA" = "both"): void {
    if (direction !== "bToA") this.a.outbound.isPartitioned = true;
    if (direction !== "aToB") this.b.outbound.isPartitioned = true;
  }

  /** Mends what {@linkcode partition} cut. */
  heal(): void {
    this.a.outbound.isPartitioned = false;
    this.b.outbound.isPartitioned = false;
  }

  /** Tells both interfaces that the carrier came or went. */
  setCarrier(isUp: boolean): void {
    this.a.setCarrier(isUp);
    this.b.setCarrier(isUp);
  }

  /** Closes both ends; every frame under way is released. */
  close(): void {
    this.a.close();
    this.b.close();
  }
}

/** The two ends of a simulated link, and the link: what {@linkcode createLink} returns. */
export type SimLinkEnds = [a: SimDriver, b: SimDriver, link: SimLink];

/** Connects two hosts of a simulation.
 *
 * Every frame is copied once, on its way; the sender's pbuf is released within `transmit`. Frames which arrive at the same
 * instant are handed over as one batch.
 *
 * @returns the driver of either end, and the link itself to cut and to mend it.
 * @throws {RangeError} if a fault, the MTU or the capabilities make no sense.
 *
 * @example A protocol of one's own over a slow line that loses every tenth frame
 * ```ts
 * import { createLink, FrameRecorder, Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * using sim = new Simulation({ seed: 7 });
 * const [a, b] = createLink(sim, { aToB: { bandwidthBps: 8000, delayMs: 20, lossRate: 0.1 } });
 * const received = new FrameRecorder(sim.clock);
 * b.attach(received);
 *
 * for (let i = 0; i < 10; i++) {
 *   const p = sim.pool.acquire(100)!;
 *   p.bytes.fill(i, p.start, p.end);
 *   a.transmit(p);
 * }
 * sim.runUntilIdle(10_000);
 *
 * assert.equal(a.outbound.counters.lost + received.frames.length, 10);
 * for (const { at, bytes } of received.frames) {
 *   // One byte a millisecond: frame i has left after 100 (i + 1) ms and arrives 20 ms later.
 *   assert.equal(at, 100 * (bytes[0]! + 1) + 20);
 * }
 * ```
 */
export function createLink(sim: Simulation, options: SimLinkOptions = {}): SimLinkEnds {
  const name = options.name ?? sim.nextLinkName();
  const medium = options.medium ?? "ip";
  const mtu = options.mtu ?? 1500;
  const capabilities = checkedCapabilities(options.capabilities);
  const maxFrameBytes = maxFrameLength(medium, mtu);
  const observer = options.onTransmit;
  const aToB = new SimChannel(sim, {
    name: `${name}.aToB`,
    maxFrameBytes,
    linkHeaderBytes: medium === "ethernet" ? 14 : 0,
    capabilities,
    faults: options.aToB ?? {},
    observer,
  });
  const bToA = new SimChannel(sim, {
    name: `${name}.bToA`,
    maxFrameBytes,
    linkHeaderBytes: medium === "ethernet" ? 14 : 0,
    capabilities,
    faults: options.bToA ?? {},
    observer,
  });
  const shared = { sim, medium, mtu, capabilities, whenFull: options.whenFull ?? "drop" } as const;
  const macA = options.macA ?? (medium === "ethernet" ? sim.nextMacAddress() : undefined);
  const macB = options.macB ?? (medium === "ethernet" ? sim.nextMacAddress() : undefined);
  const a = new SimDriver({ ...shared, macAddress: macA, out: aToB, in: bToA });
  const b = new SimDriver({ ...shared, macAddress: macB, out: bToA, in: aToB });
  const link = new SimLink(a, b);
  sim.adopt(link);
  return [a, b, link];
}

/** Longest frame of a medium, in bytes. Internal.
 *
 * @throws {RangeError} if no IPv4 packet could cross with that MTU (RFC 791 §3.2: 68).
 */
export function maxFrameLength(medium: "ethernet" | "ip", mtu: number): number {
  if (!(mtu >= 68 && mtu <= 65535)) {
    throw new RangeError(`Cannot simulate a link with MTU ${mtu}: not in 68 … 65535`);
  }
  return medium === "ethernet" ? mtu + ETHERNET_OVERHEAD : mtu;
}

/** What the drivers of a medium offer. Internal.
 *
 * @throws {RangeError} if super-segments could be sent, but not received.
 */
export function checkedCapabilities(capabilities: LinkCapabilities = NO_OFFLOAD): LinkCapabilities {
  if (
    capabilities.gsoMaxBytes > 0 && !(capabilities.gro && capabilities.txChecksum && capabilities.rxChecksum)
  ) {
    throw new RangeError("Cannot simulate a link with gsoMaxBytes, but without gro and checksum offload");
  }
  return capabilities;
}
