/** {@linkcode TwoHosts}: two whole stacks, from TCP to the driver, and the bad line between them.
 *
 * @module
 */
import { type LinkCapabilities, Netif, NO_OFFLOAD } from "@lightwire/netif";
import { createLink, type LinkFaults, type SimLink, Simulation } from "@lightwire/netif/sim";
import { type IpAddress, IpLayer, ipv4 } from "@lightwire/ip";
import type { PbufPool } from "@lightwire/pbuf";
import { TcpLayer, type TcpOptions } from "@lightwire/tcp";
import { FrameChecker } from "./frame_checker.ts";
import { describeFrame } from "./wire_reader.ts";

/** Address of host A: 10.0.0.1. */
export const ADDRESS_A: IpAddress = ipv4(0x0a000001);
/** Address of host B: 10.0.0.2. */
export const ADDRESS_B: IpAddress = ipv4(0x0a000002);

/** One host. */
export interface SimHost {
  /** Its interface. */
  readonly netif: Netif;
  /** Its IP layer. */
  readonly ip: IpLayer;
  /** Its TCP layer. */
  readonly tcp: TcpLayer;
}

/** Options of {@linkcode TwoHosts}. */
export interface TwoHostsOptions {
  /** The seed of everything. */
  readonly seed: number | string;
  /** What the clock shows first; default 0. */
  readonly startMs?: number;
  /** Kind of link; default "ethernet". */
  readonly medium?: "ethernet" | "ip";
  /** Its MTU; default 1500. */
  readonly mtu?: number;
  /** What the drivers take over; default nothing. */
  readonly capabilities?: LinkCapabilities;
  /** What a driver does when its queue is full; default drop. */
  readonly whenFull?: "drop" | "wait";
  /** Faults towards host B. */
  readonly aToB?: LinkFaults;
  /** Faults towards host A. */
  readonly bToA?: LinkFaults;
  /** TCP options of host A. */
  readonly tcpA?: TcpOptions;
  /** TCP options of host B. */
  readonly tcpB?: TcpOptions;
  /** The packet pool; default an own one. */
  readonly pool?: PbufPool;
}

/** Two hosts, 10.0.0.1 and 10.0.0.2, with every frame checked on its way. */
export class TwoHosts {
  /** Time, chance and memory. */
  readonly sim: Simulation;
  /** Host A. */
  readonly a: SimHost;
  /** Host B. */
  readonly b: SimHost;
  /** The line. */
  readonly link: SimLink;
  /** Looks at every frame emitted. */
  readonly checker: FrameChecker;
  readonly #medium: "ethernet" | "ip";
  readonly #isOffloading: boolean;

  /** Both hosts are up, and do not know each other's station address yet. */
  constructor(options: TwoHostsOptions) {
    const medium = options.medium ?? "ethernet";
    const mtu = options.mtu ?? 1500;
    const { seed, startMs, pool } = options;
    this.#medium = medium;
    this.#isOffloading = options.capabilities?.txChecksum ?? false;
    this.sim = new Simulation({
      seed,
      ...(startMs === undefined ? {} : { startMs }),
      ...(pool === undefined ? {} : { pool }),
    });
    this.checker = new FrameChecker({ medium, mtu, addressA: ADDRESS_A.w3, addressB: ADDRESS_B.w3 });
    const [driverA, driverB, link] = createLink(this.sim, {
      medium,
      mtu,
      name: "wire",
      whenFull: options.whenFull ?? "drop",
      capabilities: options.capabilities ?? NO_OFFLOAD,
      aToB: options.aToB ?? {},
      bToA: options.bToA ?? {},
      onTransmit: (p) => this.checker.check(p),
    });
    this.link = link;
    this.a = createHost(
      this.sim,
      "A",
      new Netif(driverA, { name: "en0", index: 1 }),
      ADDRESS_A,
      options.tcpA,
    );
    this.b = createHost(
      this.sim,
      "B",
      new Netif(driverB, { name: "en0", index: 1 }),
      ADDRESS_B,
      options.tcpB,
    );
  }

  /** What happened last on the line, in words. */
  formatEvents(): string {
    return this.sim.events.format((bytes, length) =>
      describeFrame(bytes, length, this.#medium, this.#isOffloading)
    );
  }

  /** Both hosts forget everything, and what is under way is released. */
  close(): void {
    for (const host of [this.a, this.b]) host.ip.removeNetif(host.netif);
    this.sim.close();
  }
}

function createHost(
  sim: Simulation,
  name: string,
  netif: Netif,
  address: IpAddress,
  options?: TcpOptions,
): SimHost {
  const host = sim.host(name);
  const ip = new IpLayer(host);
  ip.addNetif(netif);
  netif.setUp();
  ip.addAddress(netif, address, 24);
  const tcp = new TcpLayer(ip, host, options);
  ip.registerProtocol(tcp);
  // The pump of a simulated host: what API calls and timers leave to do is done at the same instant, once.
  const flush = sim.timers.create(() => tcp.flush());
  tcp.onFlushNeeded = () => {
    if (!flush.isArmed) flush.start(0);
  };
  return { netif, ip, tcp };
}
