/** {@linkcode Ipcp}: the IP Control Protocol (RFC 1332), with the name servers of RFC 1877.
 *
 * Each side tells its address; one that has none says 0.0.0.0 and gets one by Configure-Nak. Each side tells whether it can
 * restore compressed TCP/IP headers. The obsolete option for both addresses is understood, and never sent.
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif";
import { type IpAddress, ipv4 } from "@lightwire/ip/address";
import { ControlProtocol, type ControlProtocolOptions, type CpEnd } from "./control_protocol.ts";
import { IPCP_OPTION, IpcpNegotiation, isHostAddress, UNKNOWN_PEER_ADDRESS } from "./ipcp_negotiation.ts";

export { IPCP_OPTION, UNKNOWN_PEER_ADDRESS } from "./ipcp_negotiation.ts";

/** The peer's refusals in a row that IPCP bears by default: operators' gear says "not yet" in this way while it still waits
 * for its core network. */
export const DEFAULT_IPCP_MAX_REFUSALS = 100;

/** Where a server takes the addresses of its peers from. */
export interface PeerAddressPool {
  /** An address for a peer that has proved to be `peerName` ("" if it was not asked).
   *
   * @returns `undefined` if there is none left: IPCP ends with "no-address".
   */
  acquire(peerName: string): IpAddress | undefined;
  /** The link is down; called once for each address acquired. */
  release(address: IpAddress): void;
}

/** How TCP/IP headers are compressed in one direction (RFC 1332 §4.1). */
export interface VjSettings {
  /** Connections that the receiver keeps: max-slot-id plus one. */
  readonly slots: number;
  /** Whether the sender may leave out the slot (comp-slot-id). */
  readonly mayOmitSlot: boolean;
}

/** What we want of IPCP. */
export interface IpcpOptions extends ControlProtocolOptions {
  /** Our address; by default the peer gives us one. */
  readonly localAddress?: IpAddress;
  /** The address the peer gets if it has none, or where to take one from; default 10.64.64.64. */
  readonly peerAddress?: IpAddress | PeerAddressPool;
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
  /** Whether to compress TCP/IP headers, if the peer can, and with how many slots (1 … 256, default 16). By default true, and
   * false on a carrier with frames of its own, as PPPoE and L2TP: it gains much on a slow line, and needs packets in order. */
  readonly vj?: boolean | { readonly slots?: number };
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
  /** How the peer compresses TCP/IP headers; `undefined` if it must not. */
  readonly vjInbound: VjSettings | undefined;
  /** How we compress them; `undefined` if we must not. */
  readonly vjOutbound: VjSettings | undefined;
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

function isPool(peerAddress: IpcpOptions["peerAddress"]): peerAddress is PeerAddressPool {
  return peerAddress !== undefined && "acquire" in peerAddress;
}

/** IPCP of one link. */
export class Ipcp {
  /** The protocol below the options. */
  readonly protocol: ControlProtocol;
  readonly #negotiation: IpcpNegotiation;
  readonly #pool: PeerAddressPool | undefined;
  #lease: IpAddress | undefined;

  /** Makes IPCP in state Initial.
   *
   * @throws {RangeError} if the number of VJ slots is not in 1 … 256.
   */
  constructor(timers: TimerQueue, owner: IpcpOwner, options: IpcpOptions = {}) {
    const negotiation = new IpcpNegotiation(options);
    this.#negotiation = negotiation;
    if (isPool(options.peerAddress)) this.#pool = options.peerAddress;
    else negotiation.given = options.peerAddress;
    this.protocol = new ControlProtocol(timers, negotiation, {
      send: (packet) => owner.ipcpSend(packet),
      up: () => owner.ipcpUp(this.#result()),
      down: () => owner.ipcpDown(),
      finished: (end) => {
        // The peer that says "not this address" for ever, and never which, has none for us.
        const hasAddress = isHostAddress(negotiation.localBits);
        owner.ipcpFinished(end === "not-converging" && !hasAddress ? "no-address" : end);
      },
      otherCode: () => false,
    }, { maxRefusals: DEFAULT_IPCP_MAX_REFUSALS, ...options });
    negotiation.onNoAddress = () => this.protocol.close("no-address");
  }

  /** Takes the peer's address from the pool, if there is one, and begins to negotiate.
   *
   * @param peerName Who the peer proved to be.
   */
  start(peerName: string): void {
    this.protocol.open();
    if (this.#pool !== undefined) {
      this.#negotiation.given = this.#lease = this.#pool.acquire(peerName);
      if (this.#lease === undefined) return this.protocol.close("no-address");
    }
    this.protocol.lowerUp();
  }

  /** The link is down: ends without a word, and gives the address back. */
  stop(): void {
    const { state } = this.protocol;
    if (state !== "Initial" && state !== "Starting") this.protocol.lowerDown();
    if (this.#lease === undefined) return;
    this.#pool?.release(this.#lease);
    this.#negotiation.given = this.#lease = undefined;
  }

  #result(): IpcpResult {
    const negotiation = this.#negotiation;
    return {
      localAddress: ipv4(negotiation.localBits),
      peerAddress: negotiation.peerBits === 0
        ? negotiation.given ?? UNKNOWN_PEER_ADDRESS
        : ipv4(negotiation.peerBits),
      dnsServers: negotiation.serversOf(IPCP_OPTION.DNS1, IPCP_OPTION.DNS2),
      nbnsServers: negotiation.serversOf(IPCP_OPTION.NBNS1, IPCP_OPTION.NBNS2),
      vjInbound: negotiation.vjInbound,
      vjOutbound: negotiation.vjOutbound,
    };
  }
}
