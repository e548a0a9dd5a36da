/** {@linkcode createSwitch}: an Ethernet segment of many hosts.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { LinkSink, MacAddress } from "../link.ts";
import type { LinkFaults } from "./link_faults.ts";
import { SimChannel } from "./sim_channel.ts";
import { checkedCapabilities, maxFrameLength, SimDriver, type SimMediumOptions } from "./sim_link.ts";
import type { Simulation } from "./simulation.ts";

/** How long a switch remembers where a station is (IEEE 802.1D §7.9.2), in milliseconds. */
export const SWITCH_AGING_MS = 300_000;
/** Stations that a switch remembers at most; beyond that, the one heard of least recently is forgotten. */
export const SWITCH_MAX_STATIONS = 1024;

/** One port of a {@linkcode SimSwitch}. */
export interface SwitchPort {
  /** Faults of the cable from the host to the switch; default none. */
  readonly toSwitch?: LinkFaults;
  /** Faults of the cable from the switch to the host, where its output queue is; default none. */
  readonly fromSwitch?: LinkFaults;
  /** Station address of the driver; default a new one. */
  readonly macAddress?: MacAddress;
}

/** Counters of a {@linkcode SimSwitch}. */
export interface SimSwitchCounters {
  /** Frames sent out by the one port where the receiver is. */
  forwarded: number;
  /** Frames sent out by all other ports: broadcast, multicast, or station not known. */
  flooded: number;
  /** Frames dropped because the receiver is on the port they came from, or in another partition. */
  filtered: number;
  /** Frames too short for an Ethernet header. */
  runts: number;
  /** Stations forgotten because {@linkcode SWITCH_MAX_STATIONS} were known. */
  evicted: number;
}

class Station {
  readonly port: number;
  readonly heardAt: number;

  constructor(port: number, heardAt: number) {
    this.port = port;
    this.heardAt = heardAt;
  }
}

class FabricPort implements LinkSink {
  readonly #fabric: SimSwitch;
  readonly #index: number;

  constructor(fabric: SimSwitch, index: number) {
    this.#fabric = fabric;
    this.#index = index;
  }

  linkInput(p: Pbuf): void {
    this.#fabric.forward(this.#index, p);
  }

  inputBatchEnd(): void {}
  linkStateChanged(): void {}
  linkWritable(): void {}
}

/** A learning Ethernet switch. */
export class SimSwitch {
  /** The hosts' ends of the cables, in the order of the ports. */
  readonly drivers: SimDriver[];
  /** What happened so far. */
  readonly counters: SimSwitchCounters = { forwarded: 0, flooded: 0, filtered: 0, runts: 0, evicted: 0 };
  readonly #sim: Simulation;
  readonly #stations = new Map<MacAddress, Station>();
  readonly #group: number[] = [];

  /** For {@linkcode createSwitch}. */
  constructor(sim: Simulation, ports: readonly SwitchPort[], options: SimMediumOptions) {
    const name = options.name ?? sim.nextLinkName();
    const mtu = options.mtu ?? 1500;
    const capabilities = checkedCapabilities(options.capabilities);
    const maxFrameBytes = maxFrameLength("ethernet", mtu);
    this.#sim = sim;
    this.drivers = ports.map((port, index) => {
      const channel = (
        direction: string,
        faults: LinkFaults | undefined,
        observer: typeof options.onTransmit,
      ) =>
        new SimChannel(sim, {
          name: `${name}.${index}.${direction}`,
          maxFrameBytes,
          linkHeaderBytes: 14,
          capabilities,
          faults: faults ?? {},
          observer,
        });
      const toSwitch = channel("in", port.toSwitch, options.onTransmit);
      const fromSwitch = channel("out", port.fromSwitch, undefined);
      toSwitch.sink = new FabricPort(this, index);
      this.#group.push(0);
      return new SimDriver({
        sim,
        medium: "ethernet",
        mtu,
        macAddress: port.macAddress ?? sim.nextMacAddress(),
        capabilities,
        whenFull: options.whenFull ?? "drop",
        out: toSwitch,
        in: fromSwitch,
      });
    });
  }

  /** Cuts the segment to pieces: only ports of the same group reach each other. Ports not named form a group of their own.
   *
   * @throws {RangeError} if there is no such port.
   */
  partition(...groups: readonly (readonly number[])[]): void {
    this.#group.fill(0);
    for (const [i, group] of groups.entries()) {
      for (const port of group) {
        if (this.#group[port] === undefined) {
          throw new RangeError(`Cannot partition a switch at port ${port}`);
        }
        this.#group[port] = i + 1;
      }
    }
  }

  /** Mends what {@linkcode partition} cut. */
  heal(): void {
    this.#group.fill(0);
  }

  /** Forgets where the stations are, as a switch does that was switched off and on. */
  forgetStations(): void {
    this.#stations.clear();
  }

  /** Closes all ports; every frame under way is released. */
  close(): void {
    for (const driver of this.drivers) {
      driver.outbound.clear();
      driver.close();
    }
  }

  /** One frame has reached the switch by a port; takes ownership of `p`. Internal. */
  forward(port: number, p: Pbuf): void {
    if (p.length < 14) {
      this.counters.runts++;
      p.release();
      return;
    }
    const destination = p.view.getUint16(p.start) * 0x1_0000_0000 + p.view.getUint32(p.start + 2);
    const source = p.view.getUint16(p.start + 6) * 0x1_0000_0000 + p.view.getUint32(p.start + 8);
    const now = this.#sim.clock.now();
    if (!isGroupAddress(source)) this.#learn(source, port, now);
    const station = isGroupAddress(destination) ? undefined : this.#stations.get(destination);
    if (station === undefined || now - station.heardAt >= SWITCH_AGING_MS) {
      this.counters.flooded++;
      for (let i = 0; i < this.drivers.length; i++) {
        if (i !== port && this.#group[i] === this.#group[port]) this.drivers[i]!.inbound.offer(p);
      }
    } else if (station.port === port || this.#group[station.port] !== this.#group[port]) {
      this.counters.filtered++;
    } else {
      this.counters.forwarded++;
      this.drivers[station.port]!.inbound.offer(p);
    }
    p.release();
  }

  #learn(source: MacAddress, port: number, now: number): void {
    // Deleted first, so that the map stays in the order in which stations were heard of.
    this.#stations.delete(source);
    if (this.#stations.size >= SWITCH_MAX_STATIONS) {
      for (const oldest of this.#stations.keys()) {
        this.#stations.delete(oldest);
        this.counters.evicted++;
        break;
      }
    }
    this.#stations.set(source, new Station(port, now));
  }
}

function isGroupAddress(mac: MacAddress): boolean {
  return Math.floor(mac / 0x100_0000_0000) % 2 === 1;
}

/** Connects many hosts of a simulation by a learning Ethernet switch.
 *
 * @param ports how many ports without faults, or what each of them is like.
 * @throws {RangeError} if a fault, the MTU or the capabilities make no sense.
 *
 * @example Three stations; a frame to the third is not heard by the second
 * ```ts
 * import { createSwitch, FrameRecorder, Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * using sim = new Simulation({ seed: 1 });
 * const lan = createSwitch(sim, [{}, {}, { fromSwitch: { delayMs: 5 } }]);
 * const heard = lan.drivers.map((driver) => {
 *   const recorder = new FrameRecorder(sim.clock);
 *   driver.attach(recorder);
 *   return recorder.frames;
 * });
 *
 * function send(from: number, to: number): void {
 *   const p = sim.pool.acquire(60)!;
 *   const mac = (index: number) => lan.drivers[index]!.macAddress!;
 *   p.view.setUint16(p.start, mac(to) / 2 ** 32);
 *   p.view.setUint32(p.start + 2, mac(to));
 *   p.view.setUint16(p.start + 6, mac(from) / 2 ** 32);
 *   p.view.setUint32(p.start + 8, mac(from));
 *   lan.drivers[from]!.transmit(p);
 * }
 * send(2, 0); // flooded: nobody knows where station 0 is
 * sim.runUntilIdle(100);
 * send(0, 2);
 * sim.runUntilIdle(100);
 * assert.deepEqual(heard.map((frames) => frames.length), [1, 1, 1]);
 * ```
 */
export function createSwitch(
  sim: Simulation,
  ports: number | readonly SwitchPort[],
  options: SimMediumOptions = {},
): SimSwitch {
  const list = typeof ports === "number" ? Array.from({ length: ports }, () => ({})) : ports;
  const fabric = new SimSwitch(sim, list, options);
  sim.adopt(fabric);
  return fabric;
}
