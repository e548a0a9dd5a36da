/** {@linkcode DhcpEvent}: what a client tells its host, and the states it is in.
 *
 * @module
 */
import type { MacAddress } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";
import type { DhcpConfiguration, Lease } from "./lease.ts";

/** States of a client: those of RFC 2131 figure 5, PROBING between an ACK and the use of its address, and INFORMING
 * for a host with an address of its own (§4.4.3). A client that does not run is in INIT. */
export type DhcpState =
  | "INIT"
  | "SELECTING"
  | "REQUESTING"
  | "PROBING"
  | "BOUND"
  | "RENEWING"
  | "REBINDING"
  | "INIT-REBOOT"
  | "REBOOTING"
  | "INFORMING";

/** What happened. The host applies the lease of `bound` and `renewed`. Any other event that carries a lease ends it: its
 * address must not be used from then on. Events are told after the client's state has changed, one after the other. */
export type DhcpEvent =
  /** The state changed. */
  | { readonly type: "state"; readonly state: DhcpState; readonly previous: DhcpState }
  /** An address was granted, and nobody else has it. */
  | { readonly type: "bound"; readonly lease: Lease }
  /** The lease was extended; `previous` is what it was before. Other parts may have changed, the address has not. */
  | { readonly type: "renewed"; readonly lease: Lease; readonly previous: Lease }
  /** Nobody extended the lease in time. */
  | { readonly type: "expired"; readonly lease: Lease }
  /** A server refuses the address; `lease` where it was in use. */
  | {
    readonly type: "nak";
    readonly server: IpAddress | undefined;
    readonly message: string;
    readonly lease: Lease | undefined;
  }
  /** Somebody else, at `by`, has the address; `lease` where it was in use. */
  | {
    readonly type: "declined";
    readonly address: IpAddress;
    readonly by: MacAddress | undefined;
    readonly lease: Lease | undefined;
  }
  /** After the link came back nobody confirmed the lease: this may be another network. */
  | { readonly type: "unconfirmed"; readonly lease: Lease }
  /** The address was given back. */
  | { readonly type: "released"; readonly lease: Lease }
  /** The client was stopped; `lease` where there was one, which the server still counts as ours. */
  | { readonly type: "stopped"; readonly lease: Lease | undefined }
  /** A transmission got no answer in time, the `attempts`-th in this state: with the first ones a host may begin to think of
   * AutoIP, or of telling its user. */
  | { readonly type: "unanswered"; readonly state: DhcpState; readonly attempts: number }
  /** The answer to {@linkcode DhcpClient.inform}. */
  | { readonly type: "informed"; readonly configuration: DhcpConfiguration };
