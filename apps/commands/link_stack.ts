/** {@linkcode LinkHost}: a stack on one link, with the middlewares that the command line asks for, brought up and taken down.
 *
 * @module
 */
import {
  FaultLink,
  type LinkDriver,
  type LinkFaults,
  PcapLink,
  PcapngWriter,
  TracerLink,
} from "@lightwire/netif";
import { NetError } from "@lightwire/netif/error";
import { parseIpAddress } from "@lightwire/ip/address";
import { Stack, type StackInterface } from "@lightwire/sockets";
import type { PbufPool } from "@lightwire/pbuf";
import type { Addressing } from "./addressing.ts";
import type { CommandContext, PacketTrace } from "./context.ts";
import type { Faults } from "./fault_options.ts";
import type { Output } from "./output.ts";
import { formatPacket } from "./packet_line.ts";

/** How long somebody who has our address gets to say so (RFC 5227 gives him seconds, which nobody waits at a prompt). */
const CONFLICT_WAIT_MS = 250;
/** How long DHCP may take. */
const DHCP_TIMEOUT_MS = 60_000;
/** How long a DHCP release and the last segments get to leave. */
const FAREWELL_MS = 20;

/** What {@linkcode LinkHost.bringUp} is told. */
export interface LinkHostOptions {
  /** Makes the driver on the stack's timers and pool. */
  readonly openDriver: (stack: Stack) => LinkDriver;
  /** Packet memory; default: the stack's own. */
  readonly pool?: PbufPool;
  /** Addresses, routes, name servers. */
  readonly addressing: Addressing;
  /** What is wrong with the link. */
  readonly faults: Faults | undefined;
  /** File for all packets. */
  readonly pcap: string | undefined;
  /** Print all packets. */
  readonly isTraced: boolean;
  /** Where to speak. */
  readonly output: Output;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** A host that is up. */
export class LinkHost {
  /** What commands are given. */
  readonly context: CommandContext;
  readonly #driver: LinkDriver;
  readonly #capture: Deno.FsFile | undefined;
  #unsubscribe: () => void = () => {};

  private constructor(context: CommandContext, driver: LinkDriver, capture: Deno.FsFile | undefined) {
    this.context = context;
    this.#driver = driver;
    this.#capture = capture;
  }

  /** Opens the link and waits until the host has an address.
   *
   * @throws {NetError} when the address is taken, or DHCP has none to give.
   */
  static async bringUp(o: LinkHostOptions): Promise<LinkHost> {
    const { output, signal, addressing } = o;
    const stack = new Stack(o.pool === undefined ? {} : { pool: o.pool });
    const trace = new Trace(output);
    const device = o.openDriver(stack);
    let driver = device;
    if (o.faults !== undefined) {
      const faults = toLinkFaults(o.faults);
      const seed = String(stack.random.uint32());
      driver = new FaultLink(driver, { timers: stack.timers, seed, inbound: faults, outbound: faults });
    }
    const capture = o.pcap === undefined ? undefined : await Deno.open(o.pcap, {
      write: true,
      create: true,
      truncate: true,
    });
    if (capture !== undefined) {
      const originUnixMs = stack.wallClock.unixMillis() - stack.clock.now();
      const writer = new PcapngWriter((block) => writeAllSync(capture, block), { application: "lightwire" });
      driver = new PcapLink(driver, { writer, clock: stack.clock, originUnixMs, name: "en0" });
    }
    const traced = new TracerLink(driver, (direction, p) => {
      if (trace.isWanted) trace.show(formatPacket(driver.medium, direction, p));
    });
    if (o.isTraced) trace.subscribe(() => {});
    const networkInterface = stack.addInterface({
      driver: traced,
      ...(addressing.mac === undefined ? {} : { mac: addressing.mac }),
      ...(addressing.mtu === undefined ? {} : { mtu: addressing.mtu }),
      ...(addressing.hostname === undefined ? {} : { hostname: addressing.hostname }),
      ...(addressing.vlan === undefined ? {} : { vlan: { id: addressing.vlan } }),
      ...(addressing.dns.length === 0 ? {} : { dns: addressing.dns }),
    });
    const context: CommandContext = { stack, networkInterface, trace, output, signal };
    const host = new LinkHost(context, device, capture);
    try {
      await host.#configure(addressing);
    } catch (error) {
      await host.close();
      throw error;
    }
    return host;
  }

  /** Gives the lease back, says goodbye to peers, closes the link and the capture. */
  async close(): Promise<void> {
    // That the link goes down now is our own doing.
    this.#unsubscribe();
    this.context.stack.close();
    await new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
    const device = this.#driver as LinkDriver & { closeAndWait?: () => Promise<void> };
    if (device.closeAndWait !== undefined) await device.closeAndWait();
    else device.close();
    this.#capture?.close();
  }

  async #configure(addressing: Addressing): Promise<void> {
    const { stack, networkInterface, output, signal } = this.context;
    this.#unsubscribe = networkInterface.subscribe((event) => {
      if (event.type === "state") {
        output.event("link", { interface: networkInterface.name, isUp: event.isUp });
        output.note(`${networkInterface.name}: the link is ${event.isUp ? "up" : "down"}`);
      } else if (event.type === "conflict") {
        output.event("conflict", { ...event });
        output.note(`${event.address} is used by ${event.by} too${event.isLost ? ": given up" : ""}`);
      }
    });
    output.detail(`${networkInterface.name} ${networkInterface.mac ?? ""} MTU ${networkInterface.mtu}`);
    for (const address of addressing.addresses) {
      await assertFree(stack, networkInterface, address.split("/")[0]!);
      networkInterface.addAddress(address);
      output.event("address", { interface: networkInterface.name, address });
    }
    if (addressing.gateway !== undefined) networkInterface.setGateway(addressing.gateway);
    for (const route of addressing.routes) networkInterface.addRoute(route);
    if (!addressing.isDhcp) return;
    networkInterface.subscribe((event) => {
      if (event.type === "dhcp") output.detail(`DHCP: ${event.event.type}`);
    });
    networkInterface.startDhcp(addressing.hostname === undefined ? {} : { hostname: addressing.hostname });
    output.note("Asking for an address by DHCP");
    await networkInterface.whenReady({ timeoutMs: DHCP_TIMEOUT_MS, signal });
    const [address] = networkInterface.addresses;
    output.event(
      "lease",
      { interface: networkInterface.name, address, nameServers: stack.nameServers },
      output.options.quiet
        ? undefined
        : `Leased ${address}, name servers ${stack.nameServers.join(" ") || "none"}`,
    );
  }
}

/** Asks once by ARP whether anybody has `text` (RFC 5227 §2.1.1, with one probe).
 *
 * @throws {NetError} `ADDRESS_IN_USE`.
 */
async function assertFree(stack: Stack, { netif }: StackInterface, text: string): Promise<void> {
  const address = parseIpAddress(text);
  if (address === undefined || address.family !== 4 || netif.driver.medium !== "ethernet") return;
  let owner: number | undefined;
  const claim = stack.ip.claims.claim(netif, address, "abandon", { conflict: (by) => owner = by });
  claim.watch();
  stack.ip.arp.request(netif, 0, address.w3);
  stack.flush();
  await new Promise((resolve) => setTimeout(resolve, CONFLICT_WAIT_MS));
  claim.close();
  if (owner === undefined) return;
  const mac = owner.toString(16).padStart(12, "0").replace(/..(?=.)/g, "$&:");
  throw new NetError(
    "ADDRESS_IN_USE",
    `Address ${text} is in use by ${mac} already: choose another one, or --dhcp.`,
  );
}

class Trace implements PacketTrace {
  readonly #listeners = new Set<() => void>();
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  get isWanted(): boolean {
    return this.#listeners.size > 0;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  show(line: string): void {
    this.#output.event("packet", { line }, line);
    for (const listener of this.#listeners) listener();
  }
}

function toLinkFaults(f: Faults): LinkFaults {
  return {
    lossRate: f.loss ?? 0,
    duplicateRate: f.duplicate ?? 0,
    corruptRate: f.corrupt ?? 0,
    reorderRate: f.reorder ?? 0,
    delayMs: f.delay ?? 0,
    jitterMs: f.jitter ?? 0,
    ...(f.bandwidth === undefined
      ? {}
      : { bandwidthBps: f.bandwidth, queueBytes: Math.max(65_536, f.bandwidth / 40) }),
  };
}

function writeAllSync(file: Deno.FsFile, bytes: Uint8Array): void {
  while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
}
