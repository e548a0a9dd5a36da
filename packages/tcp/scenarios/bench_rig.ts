/** Two TCP layers on a memory link, driven by the host's clock, for benches.
 *
 * @module
 */
import { IpLayer, ipv4 } from "@lightwire/ip";
import {
  type Clock,
  createMemoryLinkPair,
  type LinkCapabilities,
  Netif,
  NO_OFFLOAD,
  seededRandom,
  TimerQueue,
} from "@lightwire/netif";
import { PbufPool } from "@lightwire/pbuf";
import { TcpLayer } from "../tcp_layer.ts";

/** Refreshed between rounds, as the pump does. */
class HostClock implements Clock {
  #now = performance.now();
  now(): number {
    return this.#now;
  }
  refresh(): void {
    this.#now = performance.now();
  }
}

/** The layers and what they run on. */
export interface Rig {
  readonly clock: HostClock;
  readonly timers: TimerQueue;
  readonly pool: PbufPool;
  readonly a: TcpLayer;
  readonly b: TcpLayer;
  /** Runs what is due, until nothing is. */
  settle(): void;
}

/** Host A at 10.0.0.1, host B at 10.0.0.2. */
export function createRig(
  mtu: number,
  capabilities: LinkCapabilities = NO_OFFLOAD,
): Rig {
  const clock = new HostClock();
  const timers = new TimerQueue(clock);
  const pool = new PbufPool();
  const [linkA, linkB] = createMemoryLinkPair({ timersA: timers, timersB: timers, mtu, capabilities });
  const layer = (driver: typeof linkA, host: number): TcpLayer => {
    const netif = new Netif(driver, { name: "en0", index: 1 });
    const context = { clock, timers, random: seededRandom(host), pool };
    const ip = new IpLayer(context);
    ip.addNetif(netif);
    netif.setUp();
    ip.addAddress(netif, ipv4(0x0a000000 + host), 24);
    const tcp = new TcpLayer(ip, context);
    ip.registerProtocol(tcp);
    return tcp;
  };
  const [a, b] = [layer(linkA, 1), layer(linkB, 2)];
  const settle = (): void => {
    a.flush();
    b.flush();
    do clock.refresh(); while (timers.runDue() > 0);
  };
  return { clock, timers, pool, a, b, settle };
}
