/** {@linkcode DhcpTransport}: a client's port 68 on one interface.
 *
 * @module
 */
import { copyTo, type Pbuf } from "@lightwire/pbuf";
import type { Netif } from "@lightwire/netif";
import { type IpAddress, IPV4_ANY, IPV4_BROADCAST } from "@lightwire/ip";
import type { UdpEndpoint, UdpLayer } from "@lightwire/udp";
import { type DhcpCounters, newDhcpCounters } from "./dhcp_client_options.ts";
import {
  BOOTREPLY,
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  type DhcpMessage,
  type DhcpMessageType,
  dhcpMessageType,
  emitDhcpMessage,
  parseDhcpMessage,
} from "./dhcp_message.ts";

/** Longest answer that is looked at. */
const MAX_MESSAGE_BYTES = 4096;

/** Sends and receives for one client; what is no DHCP answer with a type goes no further. */
export class DhcpTransport {
  /** What happened so far. */
  readonly counters: DhcpCounters = newDhcpCounters();
  readonly #udp: UdpLayer;
  readonly #netif: Netif;
  readonly #onMessage: (message: DhcpMessage, type: DhcpMessageType) => void;
  #endpoint: UdpEndpoint | undefined;

  /** Not open yet. */
  constructor(
    udp: UdpLayer,
    netif: Netif,
    onMessage: (message: DhcpMessage, type: DhcpMessageType) => void,
  ) {
    this.#udp = udp;
    this.#netif = netif;
    this.#onMessage = onMessage;
  }

  /** Binds port 68 of the interface; harmless when done already.
   *
   * @throws {NetError} ADDRESS_IN_USE when another client has it.
   */
  open(): void {
    this.#endpoint ??= this.#udp.open({
      localPort: DHCP_CLIENT_PORT,
      boundNetif: this.#netif,
      allowBroadcast: true,
      allowUnspecifiedSource: true,
      onReceive: (p) => this.#receive(p),
    });
  }

  /** Gives the port back. */
  close(): void {
    this.#endpoint?.close();
    this.#endpoint = undefined;
  }

  /** Sends a message to every server, or to one.
   *
   * @param server `undefined`: broadcast.
   */
  send(message: DhcpMessage, server?: IpAddress): void {
    const type = dhcpMessageType(message);
    const code = this.#endpoint?.sendTo(
      emitDhcpMessage(message),
      server ?? IPV4_BROADCAST,
      DHCP_SERVER_PORT,
      { source: message.ciaddr.isUnspecified ? IPV4_ANY : message.ciaddr },
    );
    if (code !== undefined) this.counters.sendErrors++;
    else if (type !== undefined) this.counters.sent[type]++;
  }

  #receive(p: Pbuf): void {
    const bytes = new Uint8Array(Math.min(p.totalLength, MAX_MESSAGE_BYTES));
    copyTo(p, bytes);
    p.release();
    const message = parseDhcpMessage(bytes);
    if (typeof message === "string") {
      this.counters.malformed++;
      return;
    }
    const type = dhcpMessageType(message);
    if (message.op !== BOOTREPLY || type === undefined) {
      this.counters.foreign++;
      return;
    }
    this.#onMessage(message, type);
  }
}
