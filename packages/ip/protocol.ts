/** The contract between `ip` and whoever lives above it: TCP, UDP, raw endpoints.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { Netif } from "@lightwire/netif";
import type { IpAddress } from "./address.ts";

/** What is known of a packet on its way up. One object is reused for all packets: it is borrowed until the call returns. */
export interface IpRxInfo {
  /** The interface it came in by. */
  readonly netif: Netif;
  /** Sender. */
  readonly source: IpAddress;
  /** Receiver: one of ours, a broadcast address or a group. */
  readonly destination: IpAddress;
  /** Protocol number of the payload. */
  readonly protocol: number;
  /** TTL or hop limit as received. */
  readonly hopLimit: number;
  /** Type of service / traffic class octet; the low two bits are ECN. */
  readonly tos: number;
  /** Bytes of IP headers which lie directly in front of the pbuf's start and are intact. */
  readonly headerLength: number;
  /** The destination is the limited or a directed broadcast address, or the frame was a link-layer broadcast. */
  readonly isBroadcast: boolean;
  /** The destination is a group. */
  readonly isMulticast: boolean;
}

/** What became of a packet that was handed up. On "delivered" the handler took ownership (it may have
 * dropped and released it); on any other, `ip` still owns the packet, answers with ICMP where allowed, and releases it. */
export type IpDisposition = "delivered" | "port-unreachable" | "protocol-unreachable";

/** An ICMP or ICMPv6 error about a packet which we sent (RFC 1122 §3.2.2), validated against the quoted header. Borrowed. */
export interface IpErrorInfo {
  /** What happened, family-neutral. */
  readonly kind:
    | "net-unreachable"
    | "host-unreachable"
    | "protocol-unreachable"
    | "port-unreachable"
    | "fragmentation-needed"
    | "source-route-failed"
    | "prohibited"
    | "ttl-exceeded"
    | "reassembly-timeout"
    | "parameter-problem"
    | "source-quench";
  /** ICMP type and code as received. */
  readonly icmpType: number;
  /** ICMP code as received. */
  readonly icmpCode: number;
  /** Who reported it; our own stack for neighbour resolution failures ("host-unreachable", type 3 code 1). */
  readonly reporter: IpAddress;
  /** Source of the quoted packet: our address. */
  readonly localAddress: IpAddress;
  /** Destination of the quoted packet. */
  readonly remoteAddress: IpAddress;
  /** Protocol of the quoted packet. */
  readonly protocol: number;
  /** Next-hop MTU for "fragmentation-needed" (already validated and entered in the path MTU cache), else 0. */
  readonly mtu: number;
  /** First bytes of the quoted transport header: `quoted.view` from `quotedOffset`, `quotedLength` (≥ 8) of them. */
  readonly quoted: DataView;
  /** Offset in {@linkcode quoted}. */
  readonly quotedOffset: number;
  /** Bytes available from {@linkcode quotedOffset}. */
  readonly quotedLength: number;
}

/** A transport protocol. Registered by the composition root with `IpLayer.registerProtocol`. */
export interface IpProtocolHandler {
  /** IANA protocol number: 6, 17, 136, …. */
  readonly protocol: number;
  /** One reassembled packet, `p.start` at the transport header (a chain if it was reassembled). See {@linkcode IpDisposition} for ownership. */
  ipInput(p: Pbuf, rx: IpRxInfo): IpDisposition;
  /** An ICMP error which quotes a packet of this protocol. */
  ipError(error: IpErrorInfo): void;
  /** Whether the packet which an error quotes is one that this protocol has really sent, as far as it can tell: TCP looks
   * for the connection and whether the quoted sequence number is outstanding (RFC 5927 §4.1). Asked before a
   * "fragmentation needed" lowers the path MTU (`error.mtu` is not yet filled in); a protocol without this method
   * believes all. */
  ownsPacket?(error: IpErrorInfo): boolean;
  /** The batch of input is over: send acknowledgements and data, run upcalls. */
  inputBatchEnd(): void;
  /** An address of ours appeared or went away (`isPresent` false: abort or move what is bound to it). */
  addressChanged(address: IpAddress, netif: Netif, isPresent: boolean): void;
}
