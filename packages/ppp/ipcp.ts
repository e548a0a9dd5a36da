/** {@linkcode Ipcp}: the IP Control Protocol (RFC 1332), with the name servers of RFC 1877.
 *
 * Each side tells its address; one that has none says 0.0.0.0 and gets one by Configure-Nak. The old option for both
 * addresses and header compression are rejected.
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif";
import { type IpAddress, ipv4 } from "@lightwire/ip/address";
import {
  ControlProtocol,
  type ControlProtocolOptions,
  type CpEnd,
  type OptionNegotiation,
} from "./control_protocol.ts";
import { type CpOption, numberOption, optionNumber } from "./cp_packet.ts";

/** Types of the options spoken here (RFC 1332 §3.3, RFC 1877 §1). */
export const IPCP_OPTION = { ADDRESS: 3, DNS1: 129, NBNS1: 130, DNS2: 131, NBNS2: 132 } as const;

/** The peer's address if it has none and we have none for it: packets are routed by link and never sent to it. */
export const UNKNOWN_PEER_ADDRESS: IpAddress = ipv4(0x0a404040);

/** The peer's refusals in a row that IPCP bears by default: operators' gear says "not yet" in this way while it still waits
 * for its core network. */
export const DEFAULT_IPCP_MAX_REFUSALS = 100;

/** What we want of IPCP. */
export interface IpcpOptions extends ControlProtocolOptions {
  /** Our address; by default the peer gives us one. */
  readonly localAddress?: IpAddress;
  /** The address the peer gets if it has none; default 10.64.64.64. */
  readonly peerAddress?: IpAddress;
  /** Whether the peer must take {@linkcode IpcpOptions.peerAddress}: a server does not let a client choose; default false. */
  readonly isPeerAddressFixed?: boolean;
  /** Whether to ask for DNS servers; default true. */
  readonly requestsDns?: boolean;
  /** Whether to ask for NBNS (WINS) servers; default false. */
  readonly requestsNbns?: boolean;
  /** DNS servers to hand out, at most two; none by default. */
  readonly dnsServers?: readonly IpAddress[];
  /** NBNS servers to hand out, at most two; none by default. */
  readonly nbnsServers?: readonly IpAddress[];
}

/** What IPCP agreed on. */
export interface IpcpResult {
  /** Our address. */
  readonly localAddress: IpAddress;
  /** The peer's, or {@linkcode UNKNOWN_PEER_ADDRESS}. */
  readonly peerAddress: IpAddress;
  /** DNS servers that the peer named. */
  readonly dnsServers: readonly IpAddress[];
  /** NBNS servers that the peer named. */
  readonly nbnsServers: readonly IpAddress[];
}

/** What {@linkcode Ipcp} tells its owner. */
export interface IpcpOwner {
  /** Sends an IPCP packet. */
  ipcpSend(packet: Uint8Array): void;
  /** Both sides have an address. */
  ipcpUp(result: IpcpResult): void;
  /** Not any more. */
  ipcpDown(): void;
  /** IPCP is at its end. */
  ipcpFinished(end: CpEnd): void;
}

/** Whether an address can be that of a host at the end of a link. */
function isUsable(bits: number): boolean {
  const first = bits >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

class IpcpNegotiation implements OptionNegotiation {
  localBits = 0;
  peerBits = 0;
  onNoAddress: () => void = () => {};
  readonly servers = new Map<number, number>();
  readonly #options: IpcpOptions;
  readonly #offers = new Map<number, number>();
  readonly #refused = new Set<number>();

  constructor(options: IpcpOptions) {
    this.#options = options;
    const offer = (type: number, address: IpAddress | undefined) => {
      if (address !== undefined) this.#offers.set(type, address.w3);
    };
    offer(IPCP_OPTION.DNS1, options.dnsServers?.[0]);
    offer(IPCP_OPTION.DNS2, options.dnsServers?.[1] ?? options.dnsServers?.[0]);
    offer(IPCP_OPTION.NBNS1, options.nbnsServers?.[0]);
    offer(IPCP_OPTION.NBNS2, options.nbnsServers?.[1] ?? options.nbnsServers?.[0]);
  }

  begin(): void {
    this.localBits = this.#options.localAddress?.w3 ?? 0;
    this.peerBits = 0;
    this.#refused.clear();
    this.servers.clear();
    if (this.#options.requestsDns !== false) {
      this.servers.set(IPCP_OPTION.DNS1, 0);
      this.servers.set(IPCP_OPTION.DNS2, 0);
    }
    if (this.#options.requestsNbns === true) {
      this.servers.set(IPCP_OPTION.NBNS1, 0);
      this.servers.set(IPCP_OPTION.NBNS2, 0);
    }
  }

  request(): CpOption[] {
    const options = [numberOption(IPCP_OPTION.ADDRESS, this.localBits, 4)];
    for (const [type, bits] of this.servers) options.push(numberOption(type, bits, 4));
    return options.filter((option) => !this.#refused.has(option.type));
  }

  judge(option: CpOption): "ack" | "reject" | CpOption {
    if (option.data.length !== 4) return "reject";
    const bits = optionNumber(option);
    if (option.type === IPCP_OPTION.ADDRESS) {
      const given = this.#options.peerAddress?.w3;
      const mustTake = given !== undefined && this.#options.isPeerAddressFixed === true;
      if (mustTake ? bits === given : isUsable(bits)) return "ack";
      return numberOption(IPCP_OPTION.ADDRESS, given ?? UNKNOWN_PEER_ADDRESS.w3, 4);
    }
    const offer = this.#offers.get(option.type);
    if (offer === undefined) return "reject";
    return bits === offer ? "ack" : numberOption(option.type, offer, 4);
  }

  insistsOn(): boolean {
    return false;
  }

  missing(options: readonly CpOption[]): CpOption[] {
    const given = this.#options.peerAddress?.w3;
    if (given === undefined || this.#options.isPeerAddressFixed !== true) return [];
    if (options.some((option) => option.type === IPCP_OPTION.ADDRESS)) return [];
    return [numberOption(IPCP_OPTION.ADDRESS, given, 4)];
  }

  accept(options: readonly CpOption[]): void {
    const address = options.find((option) => option.type === IPCP_OPTION.ADDRESS);
    this.peerBits = address === undefined ? 0 : optionNumber(address);
  }

  acknowledged(): void {
    if (!isUsable(this.localBits)) this.onNoAddress();
  }

  suggested(option: CpOption): void {
    if (option.data.length !== 4) return;
    const bits = optionNumber(option);
    if (option.type === IPCP_OPTION.ADDRESS) {
      // A configured address is not given up: the peer may insist until the refusals end it.
      if (this.#options.localAddress === undefined && isUsable(bits)) this.localBits = bits;
    } else if (this.servers.has(option.type)) this.servers.set(option.type, bits);
  }

  refused(option: CpOption): void {
    if (option.type === IPCP_OPTION.ADDRESS && this.localBits === 0) this.onNoAddress();
    else this.#refused.add(option.type);
    this.servers.delete(option.type);
  }

  serversOf(first: number, second: number): IpAddress[] {
    const bits = new Set([this.servers.get(first) ?? 0, this.servers.get(second) ?? 0]);
    return [...bits].filter((b) => b !== 0).map((b) => ipv4(b));
  }
}

/** IPCP of one link. */
export class Ipcp {
  /** The protocol below the options. */
  readonly protocol: ControlProtocol;

  /** Makes IPCP in state Initial. */
  constructor(timers: TimerQueue, owner: IpcpOwner, options: IpcpOptions = {}) {
    const negotiation = new IpcpNegotiation(options);
    this.protocol = new ControlProtocol(timers, negotiation, {
      send: (packet) => owner.ipcpSend(packet),
      up: () =>
        owner.ipcpUp({
          localAddress: ipv4(negotiation.localBits),
          peerAddress: negotiation.peerBits === 0
            ? options.peerAddress ?? UNKNOWN_PEER_ADDRESS
            : ipv4(negotiation.peerBits),
          dnsServers: negotiation.serversOf(IPCP_OPTION.DNS1, IPCP_OPTION.DNS2),
          nbnsServers: negotiation.serversOf(IPCP_OPTION.NBNS1, IPCP_OPTION.NBNS2),
        }),
      down: () => owner.ipcpDown(),
      finished: (end) => owner.ipcpFinished(end),
      otherCode: () => false,
    }, { maxRefusals: DEFAULT_IPCP_MAX_REFUSALS, ...options });
    negotiation.onNoAddress = () => this.protocol.close("no-address");
  }
}
