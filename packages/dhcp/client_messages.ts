/** {@linkcode ClientMessages}: what a client says in which state (RFC 2131 §4.3.6 table 4, §4.4.1 table 5).
 *
 * @module
 */
import type { Netif } from "@lightwire/netif";
import { type IpAddress, IPV4_ANY } from "@lightwire/ip";
import { hardwareClientId, macBytes } from "./client_id.ts";
import type { DhcpClientOptions } from "./dhcp_client_options.ts";
import type { DhcpState } from "./dhcp_event.ts";
import {
  BOOTREQUEST,
  DHCP_FLAG_BROADCAST,
  DHCP_MESSAGE_TYPES,
  type DhcpMessage,
  type DhcpMessageType,
} from "./dhcp_message.ts";
import { DHCP_OPTION, DhcpOptions } from "./dhcp_options.ts";

/** What every client asks for. Classless routes come before routers, as RFC 3442 demands. */
const PARAMETER_REQUEST_LIST = [
  DHCP_OPTION.SUBNET_MASK,
  DHCP_OPTION.CLASSLESS_ROUTES,
  DHCP_OPTION.ROUTER,
  DHCP_OPTION.DOMAIN_NAME_SERVER,
  DHCP_OPTION.HOST_NAME,
  DHCP_OPTION.DOMAIN_NAME,
  DHCP_OPTION.INTERFACE_MTU,
  DHCP_OPTION.BROADCAST_ADDRESS,
  DHCP_OPTION.NTP_SERVERS,
  DHCP_OPTION.LEASE_TIME,
  DHCP_OPTION.RENEWAL_TIME,
  DHCP_OPTION.REBINDING_TIME,
  DHCP_OPTION.DOMAIN_SEARCH,
];

/** The parts of a message that depend on the moment. */
export interface ClientMessageFacts {
  /** The client's state. */
  readonly state: DhcpState;
  /** The transaction. */
  readonly xid: number;
  /** Seconds since the client began. */
  readonly secs: number;
  /** Ask for a broadcast answer. */
  readonly isBroadcast: boolean;
  /** Our address, when it is configured; default 0.0.0.0. */
  readonly ciaddr?: IpAddress;
  /** Option 50. */
  readonly requested?: IpAddress | undefined;
  /** Option 54. */
  readonly serverId?: IpAddress | undefined;
  /** Option 56. */
  readonly text?: string;
}

/** Makes the messages of one client. */
export class ClientMessages {
  readonly #netif: Netif;
  readonly #options: DhcpClientOptions;
  readonly #chaddr: Uint8Array;
  readonly #clientId: Uint8Array | undefined;

  /** For the station address that the interface has now. */
  constructor(netif: Netif, options: DhcpClientOptions) {
    this.#netif = netif;
    this.#options = options;
    this.#chaddr = new Uint8Array(16);
    this.#chaddr.set(macBytes(netif.macAddress));
    const { clientId = "hardware" } = options;
    if (typeof clientId !== "string") this.#clientId = clientId;
    else this.#clientId = clientId === "hardware" ? hardwareClientId(netif.macAddress) : undefined;
  }

  /** Whether an answer carries our hardware address. */
  isForUs(message: DhcpMessage): boolean {
    return this.#chaddr.every((byte, i) => i >= 6 || message.chaddr[i] === byte);
  }

  /** A message of a type, with the options that it must and may have. */
  make(type: DhcpMessageType, facts: ClientMessageFacts): DhcpMessage {
    const options = new DhcpOptions().setUint8(DHCP_OPTION.MESSAGE_TYPE, DHCP_MESSAGE_TYPES.indexOf(type));
    if (this.#clientId !== undefined) options.set(DHCP_OPTION.CLIENT_ID, this.#clientId);
    if (facts.requested !== undefined) {
      options.setAddresses(DHCP_OPTION.REQUESTED_IP_ADDRESS, facts.requested);
    }
    if (facts.serverId !== undefined) options.setAddresses(DHCP_OPTION.SERVER_ID, facts.serverId);
    if (facts.text !== undefined) options.setText(DHCP_OPTION.MESSAGE, facts.text);
    if (type === "DISCOVER" || type === "REQUEST" || type === "INFORM") this.#addWishes(type, options);
    this.#options.hooks?.appendOptions?.(facts.state, type, options);
    return {
      op: BOOTREQUEST,
      htype: 1,
      hlen: 6,
      hops: 0,
      xid: facts.xid,
      secs: facts.secs,
      flags: facts.isBroadcast ? DHCP_FLAG_BROADCAST : 0,
      ciaddr: facts.ciaddr ?? IPV4_ANY,
      yiaddr: IPV4_ANY,
      siaddr: IPV4_ANY,
      giaddr: IPV4_ANY,
      chaddr: this.#chaddr,
      sname: "",
      file: "",
      options,
    };
  }

  #addWishes(type: DhcpMessageType, options: DhcpOptions): void {
    const { hostname, vendorClass, leaseSeconds, hooks } = this.#options;
    const extra = hooks?.extraRequestOptions?.() ?? [];
    options.setUint16(DHCP_OPTION.MAX_MESSAGE_SIZE, Math.min(Math.max(this.#netif.mtu, 576), 1500));
    if (leaseSeconds !== undefined && type !== "INFORM") {
      options.setUint32(DHCP_OPTION.LEASE_TIME, leaseSeconds);
    }
    if (vendorClass !== undefined) options.setText(DHCP_OPTION.VENDOR_CLASS, vendorClass);
    if (hostname !== undefined && hostname !== "") options.setText(DHCP_OPTION.HOST_NAME, hostname);
    const codes = new Set<number>([...PARAMETER_REQUEST_LIST, ...extra]);
    options.set(DHCP_OPTION.PARAMETER_REQUEST_LIST, Uint8Array.from(codes));
  }
}
