/** {@linkcode LinkHost}: a stack on one link, with the middlewares that the command line asks for, brought up and taken down.
 *
 * @module
 */
import {
  FaultLink,
  type FrameDirection,
  type LinkDriver,
  type LinkFaults,
  TracerLink,
} from "@lightwire/netif";
import { NetError } from "@lightwire/netif/error";
import { parseIpAddress } from "@lightwire/ip/address";
import { Stack, type StackInterface } from "@lightwire/sockets";
import type { PbufPool } from "@lightwire/pbuf";
import { formatPppPacket, PPP_IPV4, PPP_IPV6 } from "@lightwire/ppp";
import type { Addressing } from "./addressing.ts";
import { CaptureFile } from "./capture_file.ts";
import type { CommandContext } from "./context.ts";
import type { Faults } from "./fault_options.ts";
import type { Output } from "./output.ts";
import { formatPacket } from "./packet_line.ts";
import { PrintedTrace } from "./packet_trace.ts";
import { blotPapPassword } from "./pap_blot.ts";

/** How long somebody who has our address gets to say so (RFC 5227 gives him seconds, which nobody waits at a prompt). */
const CONFLICT_WAIT_MS = 250;
/** How long DHCP may take. */
const DHCP_TIMEOUT_MS = 60_000;
/** How long a DHCP release and the last segments get to leave. */
const FAREWELL_MS = 20;

/** What {@linkcode LinkHost.open} is told. */
export interface LinkHostOptions {
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

/** What {@linkcode LinkHost.bringUp} is told. */
export interface BroadcastHostOptions extends LinkHostOptions {
  /** Makes the driver on the stack's timers and pool. */
  readonly openDriver: (stack: Stack) => LinkDriver;
}

/** How an interface is added. */
export interface AttachOptions {
  /** Its name in captures; default "en0". */
  readonly captureName?: string;
  /** Its name in the stack; default: the stack's choice. */
  readonly name?: string;
  /** Called in place of the driver's own `close`. */
  readonly close?: () => Promise<void>;
}

/** A host with one link. */
export class LinkHost {
  /** The host. */
  readonly stack: Stack;
  /** The packets of the link. */
  readonly trace: PrintedTrace;
  readonly #options: LinkHostOptions;
  readonly #capture: CaptureFile | undefined;
  #context: CommandContext | undefined = undefined;
  #closeDevice: (() => Promise<void>) | undefined = undefined;
  #unsubscribe: () => void = () => {};

  private constructor(stack: Stack, options: LinkHostOptions, capture: CaptureFile | undefined) {
    this.stack = stack;
    this.#options = options;
    this.#capture = capture;
    this.trace = new PrintedTrace(options.output);
    if (options.isTraced) this.trace.subscribe(() => {});
  }

  /** What commands are given.
   *
   * @throws {TypeError} before {@linkcode attach}.
   */
  get context(): CommandContext {
    if (this.#context === undefined) throw new TypeError("Cannot run a command: there is no link yet");
    return this.#context;
  }

  /** Makes a host without a link, and the capture. */
  static async open(o: LinkHostOptions): Promise<LinkHost> {
    const stack = new Stack({
      ...(o.pool === undefined ? {} : { pool: o.pool }),
      ...(o.addressing.hostname === undefined ? {} : { hostname: o.addressing.hostname }),
    });
    const capture = o.pcap === undefined ? undefined : await CaptureFile.create(o.pcap, {
      clock: stack.clock,
      originUnixMs: stack.wallClock.unixMillis() - stack.clock.now(),
      onError: (error) => o.output.note(`The capture ends here: ${error.message}`),
    });
    return new LinkHost(stack, o, capture);
  }

  /** Opens the link and waits until the host has an address.
   *
   * @throws {NetError} when the address is taken, or DHCP has none to give.
   */
  static async bringUp(o: BroadcastHostOptions): Promise<LinkHost> {
    const host = await LinkHost.open(o);
    try {
      host.attach(o.openDriver(host.stack));
      await host.#configure(o.addressing);
    } catch (error) {
      await host.close();
      throw error;
    }
    return host;
  }

  /** Adds the interface over a driver, with all that the command line asks for in between. */
  attach(device: LinkDriver, o: AttachOptions = {}): StackInterface {
    const { stack, trace } = this;
    const { addressing, faults: wanted, output, signal } = this.#options;
    let driver = device;
    if (wanted !== undefined) {
      const faults = toLinkFaults(wanted);
      const seed = String(stack.random.uint32());
      driver = new FaultLink(driver, { timers: stack.timers, seed, inbound: faults, outbound: faults });
    }
    if (this.#capture !== undefined) driver = this.#capture.ipLink(driver, o.captureName ?? "en0");
    const traced = new TracerLink(driver, (direction, p) => {
      if (trace.isWanted) trace.show(formatPacket(driver.medium, direction, p));
    });
    const networkInterface = stack.addInterface({
      driver: traced,
      ...(o.name === undefined ? {} : { name: o.name }),
      ...(addressing.mac === undefined ? {} : { mac: addressing.mac }),
      ...(addressing.mtu === undefined ? {} : { mtu: addressing.mtu }),
      ...(addressing.hostname === undefined ? {} : { hostname: addressing.hostname }),
      ...(addressing.vlan === undefined ? {} : { vlan: { id: addressing.vlan } }),
      ...(addressing.dns.length === 0 ? {} : { dns: addressing.dns }),
    });
    const owner = device as LinkDriver & { closeAndWait?: () => Promise<void> };
    this.#closeDevice = o.close ?? (async () => {
      if (owner.closeAndWait !== undefined) await owner.closeAndWait();
      else device.close();
    });
    this.#context = { stack, networkInterface, trace, output, signal };
    return networkInterface;
  }

  /** A PPP packet has passed: for the capture and the trace, where IP packets come from the interface. Borrows `bytes`. */
  showPpp(
    direction: FrameDirection,
    protocol: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#capture === undefined && !this.trace.isWanted) return;
    if (protocol === PPP_IPV4 || protocol === PPP_IPV6) return;
    const line = formatPppPacket(protocol, bytes, start, end);
    const blotted = blotPapPassword(protocol, bytes, start, end);
    this.#capture?.ppp(direction, protocol, blotted, 0, blotted.length, line);
    if (this.trace.isWanted) this.trace.show(`${direction === "inbound" ? "<" : ">"} ${line}`);
  }

  /** A line of the dialogue with a modem, without secrets. */
  showAt(direction: FrameDirection, text: string): void {
    this.#capture?.at(direction, text);
    if (this.trace.isWanted) this.trace.remark("at", `${direction === "inbound" ? "<" : ">"} ${text}`);
  }

  /** Gives the lease back, says goodbye to peers, closes the link and the capture. */
  async close(): Promise<void> {
    // That the link goes down now is our own doing.
    this.#unsubscribe();
    this.stack.close();
    await new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
    await this.#closeDevice?.();
    this.#capture?.close();
  }

  /** Tells what becomes of the interface from now on. */
  announce(): void {
    const { networkInterface, output } = this.context;
    this.#unsubscribe = networkInterface.subscribe((event) => {
      if (event.type === "state") {
        output.event("link", { interface: networkInterface.name, isUp: event.isUp });
        output.note(`${networkInterface.name}: the link is ${event.isUp ? "up" : "down"}`);
      } else if (event.type === "conflict") {
        output.event("conflict", { ...event });
        output.note(`${event.address} is used by ${event.by} too${event.isLost ? ": given up" : ""}`);
      }
    });
  }

  async #configure(addressing: Addressing): Promise<void> {
    const { stack, networkInterface, output, signal } = this.context;
    this.announce();
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
