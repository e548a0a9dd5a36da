/** What ICMP says about a datagram of ours, in the words of the API.
 *
 * @module
 */
import type { NetErrorCode } from "@lightwire/netif";
import type { IpAddress, IpErrorInfo } from "@lightwire/ip";

/** An ICMP error about a datagram which an endpoint sent (RFC 1122 §4.1.3.3). Borrowed: read it during the call. */
export interface UdpErrorInfo {
  /** What it means for the user; `undefined` for a source quench, which asks for nothing any more (RFC 6633 §3). */
  readonly code: NetErrorCode | undefined;
  /** The kind of ICMP message, family-neutral. */
  readonly kind: IpErrorInfo["kind"];
  /** ICMP type as received. */
  readonly icmpType: number;
  /** ICMP code as received. */
  readonly icmpCode: number;
  /** Who reported it. */
  readonly reporter: IpAddress;
  /** Where the datagram went. */
  readonly remoteAddress: IpAddress;
  /** Port it went to. */
  readonly remotePort: number;
  /** Path MTU for "fragmentation-needed", else 0. */
  readonly mtu: number;
}

/** Translates the kind of an ICMP error as Linux does for its sockets.
 *
 * Deviation: "prohibited" is HOST_UNREACHABLE here as there, although a filter is meant; RFC 1812 §5.2.7.1 has
 * no code of its own for it in the socket API. */
export function udpErrorCode(kind: IpErrorInfo["kind"]): NetErrorCode | undefined {
  switch (kind) {
    case "port-unreachable":
      return "CONNECTION_REFUSED";
    case "net-unreachable":
      return "NETWORK_UNREACHABLE";
    case "protocol-unreachable":
    case "parameter-problem":
      return "PROTOCOL_UNREACHABLE";
    case "fragmentation-needed":
      return "MESSAGE_TOO_LONG";
    case "source-quench":
      return undefined;
    case "host-unreachable":
    case "source-route-failed":
    case "prohibited":
    case "ttl-exceeded":
    case "reassembly-timeout":
      return "HOST_UNREACHABLE";
  }
}
