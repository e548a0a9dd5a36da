/** {@linkcode SimNetwork}: routers in a row, and hosts at them, each a whole stack with a clock of its own.
 *
 * ```text
 *   host 10.0.0.2 ── router 0 ══ bottleneck 172.16.0.0/30 ══ router 1 ── host 10.1.0.2
 *   host 10.0.1.2 ──┘                                             └── host 10.1.1.2
 * ```
 *
 * @module
 */
import { Netif } from "@lightwire/netif";
import { createLink, type LinkFaults, type SimLink, Simulation } from "@lightwire/netif/sim";
import { type IpAddress, IpLayer, ipv4, prefixOf } from "@lightwire/ip";
import type { Pbuf, PbufPool } from "@lightwire/pbuf";
import { TcpLayer, type TcpOptions } from "@lightwire/tcp";
import { type ClockSkew, skewedHost } from "./skewed_host.ts";
import { describeFrame } from "./wire_reader.ts";

const MTU = 1500;

/** A host at a router. */
export interface NetworkHost {
  /** Its address. */
  readonly address: IpAddress;
  /** Its interface. */
  readonly netif: Netif;
  /** Its IP layer. */
  readonly ip: IpLayer;
  /** Its TCP layer. */
  readonly tcp: TcpLayer;
  /** Sees each frame that it sends. */
  onSend: ((p: Pbuf) => void) | undefined;
}

/** What {@linkcode SimNetwork.addHost} is told. */
export interface NetworkHostOptions {
  /** Router that it is at. */
  readonly router: number;
  /** Its clock; default the right time. */
  readonly skew?: ClockSkew;
  /** Delay of the line to the router. */
  readonly delayMs?: number;
  /** TCP options. */
  readonly tcp?: TcpOptions;
}

/** A network. */
export class SimNetwork {
  /** Time, chance and memory. */
  readonly sim: Simulation;
  /** Lines between the routers: `a` is the lower one. */
  readonly bottlenecks: SimLink[] = [];
  readonly #routers: IpLayer[] = [];
  readonly #netifs: [IpLayer, Netif][] = [];
  readonly #hostCounts: number[] = [];

  /** Routers in a row with these lines between them. */
  constructor(
    seed: number | string,
    lines: readonly { readonly forward: LinkFaults; readonly backward: LinkFaults }[],
    pool?: PbufPool,
  ) {
    this.sim = new Simulation({ seed, ...(pool === undefined ? {} : { pool }) });
    for (let i = 0; i <= lines.length; i++) {
      this.#routers.push(new IpLayer(this.sim.host(`router ${i}`), { forwarding: true }));
      this.#hostCounts.push(0);
    }
    for (const [i, { forward, backward }] of lines.entries()) {
      const [a, b, link] = createLink(this.sim, {
        name: `line ${i}`,
        mtu: MTU,
        aToB: forward,
        bToA: backward,
      });
      this.bottlenecks.push(link);
      const network = 0xac100000 + i * 256;
      const left = this.#attach(this.#routers[i]!, a, `line${i}`, ipv4(network + 1), 30);
      const right = this.#attach(this.#routers[i + 1]!, b, `line${i}`, ipv4(network + 2), 30);
      for (let to = 0; to <= lines.length; to++) {
        const destination = prefixOf(ipv4(0x0a000000 + to * 65_536), 16);
        if (to > i) this.#routers[i]!.routes.add({ destination, netif: left, gateway: ipv4(network + 2) });
        else this.#routers[i + 1]!.routes.add({ destination, netif: right, gateway: ipv4(network + 1) });
      }
    }
  }

  /** A new host. */
  addHost(options: NetworkHostOptions): NetworkHost {
    const { router, skew, delayMs = 0.1 } = options;
    const index = this.#hostCounts[router]!++;
    const name = `host ${router}.${index}`;
    const network = 0x0a000000 + router * 65_536 + index * 256;
    const [inner, outer] = createLink(this.sim, {
      name,
      mtu: MTU,
      aToB: { delayMs },
      bToA: { delayMs },
      onTransmit: (p, _at, channel) => {
        if (channel.endsWith("aToB")) host.onSend?.(p);
      },
    });
    this.#attach(this.#routers[router]!, outer, name, ipv4(network + 1), 24);
    const own = skew === undefined ? this.sim.host(name) : skewedHost(this.sim, name, skew);
    const ip = new IpLayer(own);
    const address = ipv4(network + 2);
    const netif = this.#attach(ip, inner, "en0", address, 24);
    ip.routes.add({ destination: prefixOf(ipv4(0), 0), netif, gateway: ipv4(network + 1) });
    const tcp = new TcpLayer(ip, own, options.tcp);
    ip.registerProtocol(tcp);
    const flush = own.timers.create(() => tcp.flush());
    tcp.onFlushNeeded = () => {
      if (!flush.isArmed) flush.start(0);
    };
    const host: NetworkHost = { address, netif, ip, tcp, onSend: undefined };
    return host;
  }

  /** What happened last on the lines, in words. */
  formatEvents(): string {
    return this.sim.events.format((bytes, length) => describeFrame(bytes, length, "ip", false));
  }

  /** All hosts and routers forget everything, and what is under way is released. */
  close(): void {
    for (const [ip, netif] of this.#netifs) ip.removeNetif(netif);
    this.sim.close();
  }

  #attach(
    ip: IpLayer,
    driver: ConstructorParameters<typeof Netif>[0],
    name: string,
    address: IpAddress,
    prefixLength: number,
  ): Netif {
    const netif = new Netif(driver, { name, index: this.#netifs.length + 1 });
    this.#netifs.push([ip, netif]);
    ip.addNetif(netif);
    netif.setUp();
    ip.addAddress(netif, address, prefixLength);
    return netif;
  }
}
