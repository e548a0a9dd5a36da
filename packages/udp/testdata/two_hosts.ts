/** Hosts with real IP and UDP on one simulated Ethernet. For tests. */
import { Netif } from "@lightwire/netif";
import { createSwitch, type LinkFaults, type Simulation } from "@lightwire/netif/sim";
import { IpLayer, type IpOptions, parseIpAddressOrThrow } from "@lightwire/ip";
import { UdpLayer, type UdpOptions } from "../mod.ts";

/** One host. */
export interface SimHost {
  readonly ip: IpLayer;
  readonly udp: UdpLayer;
  readonly netif: Netif;
}

/** Hosts 10.0.0.1, 10.0.0.2, … on a switch. */
export function hostsOnSwitch(
  sim: Simulation,
  count: number,
  o: { faults?: LinkFaults; udp?: UdpOptions; ip?: IpOptions; mtu?: number } = {},
): SimHost[] {
  const ports = Array.from({ length: count }, () => ({ toSwitch: o.faults ?? {} }));
  return createSwitch(sim, ports, { mtu: o.mtu ?? 1500 }).drivers.map((driver, i) => {
    const host = sim.host(`h${i + 1}`);
    const ip = new IpLayer(host, o.ip);
    const udp = new UdpLayer(ip, host, o.udp);
    ip.registerProtocol(udp);
    ip.registerProtocol(udp.lite);
    const netif = new Netif(driver, { name: "en0", index: 1 });
    ip.addNetif(netif);
    netif.setUp();
    ip.addAddress(netif, parseIpAddressOrThrow(`10.0.0.${i + 1}`), 24);
    return { ip, udp, netif };
  });
}
