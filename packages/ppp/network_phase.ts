/** {@linkcode NetworkPhase}: the network control protocols of one link (RFC 1661 §3.6): IPCP and IPV6CP, each of them alone or
 * both.
 *
 * @module
 */
import type { Random, TimerQueue } from "@lightwire/netif";
import type { ControlProtocol, CpEnd } from "./control_protocol.ts";
import type { CpPacket } from "./cp_packet.ts";
import { Ipcp, type IpcpOptions, type IpcpResult } from "./ipcp.ts";
import { Ipv6cp, type Ipv6cpOptions, type Ipv6cpResult } from "./ipv6cp.ts";
import { PPP_IPCP, PPP_IPV6CP, pppProtocolName } from "./ppp_protocol_number.ts";

/** Why the network phase ended a session. */
export type NetworkEnd =
  | CpEnd
  | "no-network-protocol"; // the peer speaks neither IPv4 nor IPv6

/** What a {@linkcode NetworkPhase} needs of its host. */
export interface NetworkHost {
  /** Timers. */
  readonly timers: TimerQueue;
  /** Entropy for interface identifiers. */
  readonly random: Random;
}

/** What a {@linkcode NetworkPhase} tells its owner. */
export interface NetworkOwner {
  /** Sends a packet of a network control protocol. */
  send(protocol: number, packet: Uint8Array): void;
  /** What flows has changed, and something flows: the first protocol has opened, the other one has joined, or left. */
  up(): void;
  /** The last protocol went down. */
  down(): void;
  /** No network protocol is left: the link is of no use.
   *
   * @param message What the peer said, or which protocol it was.
   */
  finished(end: NetworkEnd, message: string): void;
}

/** Options of {@linkcode NetworkPhase}. */
export interface NetworkPhaseOptions {
  /** IPv4; false for none. */
  readonly ipcp?: IpcpOptions | false;
  /** IPv6; none by default. */
  readonly ipv6cp?: Ipv6cpOptions | false;
}

/** The network phase of one link. */
export class NetworkPhase {
  /** IPCP, unless IPv4 is not wanted. */
  readonly ipcp: Ipcp | undefined;
  /** IPV6CP, if IPv6 is wanted. */
  readonly ipv6cp: Ipv6cp | undefined;
  readonly #owner: NetworkOwner;
  readonly #protocols: ReadonlyMap<number, ControlProtocol>;
  readonly #ends = new Map<number, NetworkEnd>();
  #ipv4: IpcpResult | undefined;
  #ipv6: Ipv6cpResult | undefined;

  /** Makes a phase that is not started.
   *
   * @throws {TypeError} if the options leave no network protocol.
   */
  constructor(host: NetworkHost, owner: NetworkOwner, options: NetworkPhaseOptions = {}) {
    this.#owner = owner;
    const protocols = new Map<number, ControlProtocol>();
    if (options.ipcp !== false) {
      this.ipcp = this.#makeIpcp(host, options.ipcp);
      protocols.set(PPP_IPCP, this.ipcp.protocol);
    }
    if (options.ipv6cp !== undefined && options.ipv6cp !== false) {
      this.ipv6cp = this.#makeIpv6cp(host, options.ipv6cp);
      protocols.set(PPP_IPV6CP, this.ipv6cp.protocol);
    }
    if (protocols.size === 0) {
      throw new TypeError(
        "Cannot make a PPP session without a network protocol: both ipcp and ipv6cp are off",
      );
    }
    this.#protocols = protocols;
  }

  /** What IPCP agreed on; `undefined` while IPv4 does not flow. */
  get ipv4(): IpcpResult | undefined {
    return this.#ipv4;
  }

  /** What IPV6CP agreed on; `undefined` while IPv6 does not flow. */
  get ipv6(): Ipv6cpResult | undefined {
    return this.#ipv6;
  }

  /** Whether anything flows. */
  get isUp(): boolean {
    return this.#ipv4 !== undefined || this.#ipv6 !== undefined;
  }

  /** Authentication is over: begins.
   *
   * @param peerMru Longest control packet that the peer takes.
   */
  start(peerMru: number): void {
    this.#ends.clear();
    for (const protocol of this.#protocols.values()) {
      protocol.maxPacketBytes = peerMru;
      protocol.open();
      protocol.lowerUp();
    }
  }

  /** LCP is down: so is everything above. */
  stop(): void {
    for (const protocol of this.#protocols.values()) {
      if (protocol.state !== "Initial" && protocol.state !== "Starting") protocol.lowerDown();
    }
  }

  /** Whether a protocol is one of this phase. */
  isSpoken(protocol: number): boolean {
    return this.#protocols.has(protocol);
  }

  /** A packet of a network control protocol has arrived. */
  input(protocol: number, packet: CpPacket): void {
    this.#protocols.get(protocol)?.input(packet);
  }

  /** The peer does not speak a protocol. */
  protocolRejected(protocol: number): void {
    this.#protocols.get(protocol)?.protocolRejected();
  }

  #makeIpcp(host: NetworkHost, options: IpcpOptions | undefined): Ipcp {
    return new Ipcp(host.timers, {
      ipcpSend: (packet) => this.#owner.send(PPP_IPCP, packet),
      ipcpUp: (result) => {
        this.#ipv4 = result;
        this.#changed();
      },
      ipcpDown: () => {
        this.#ipv4 = undefined;
        this.#changed();
      },
      ipcpFinished: (end) => this.#finished(PPP_IPCP, end),
    }, options);
  }

  #makeIpv6cp(host: NetworkHost, options: Ipv6cpOptions): Ipv6cp {
    return new Ipv6cp(host.timers, host.random, {
      ipv6cpSend: (packet) => this.#owner.send(PPP_IPV6CP, packet),
      ipv6cpUp: (result) => {
        this.#ipv6 = result;
        this.#changed();
      },
      ipv6cpDown: () => {
        this.#ipv6 = undefined;
        this.#changed();
      },
      ipv6cpFinished: (end) => this.#finished(PPP_IPV6CP, end),
    }, options);
  }

  #changed(): void {
    if (this.isUp) this.#owner.up();
    else this.#owner.down();
  }

  /** One protocol has ended; the link ends with the last of them, and with IPv4's reason if it has one. */
  #finished(protocol: number, end: CpEnd): void {
    this.#ends.set(protocol, end);
    for (const [number, { state }] of this.#protocols) {
      if (state !== "Closed" && state !== "Stopped" || !this.#ends.has(number)) return;
    }
    const first = this.#protocols.keys().next().value!;
    const isUnspoken = [...this.#ends.values()].every((e) => e === "rejected-by-peer");
    const text = this.#protocols.get(first)!.terminateText || pppProtocolName(first);
    this.#owner.finished(isUnspoken ? "no-network-protocol" : this.#ends.get(first)!, text);
  }
}
