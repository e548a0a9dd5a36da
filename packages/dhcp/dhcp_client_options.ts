/** What a {@linkcode DhcpClient} is made from.
 *
 * @module
 */
import type { MacAddress, Netif, Random, TimerQueue } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";
import type { UdpLayer } from "@lightwire/udp";
import type { DhcpBackoffOptions } from "./dhcp_backoff.ts";
import type { DhcpMessage, DhcpMessageType } from "./dhcp_message.ts";
import type { DhcpOptions } from "./dhcp_options.ts";
import type { DhcpEvent, DhcpState } from "./dhcp_event.ts";

/** Asks the link whether somebody has an address (RFC 5227 §2.1.1).
 *
 * @param done is called once, later; `by` is the station that has it.
 * @returns what ends the question early, without a call.
 */
export type ConflictProbe = (
  netif: Netif,
  address: IpAddress,
  done: (result: "free" | "conflict", by: MacAddress | undefined) => void,
) => { cancel(): void };

/** What DHCP needs of the IP layer; `IpLayer` of `@lightwire/ip` has it. */
export interface DhcpNetwork {
  /** Our interfaces. */
  readonly interfaces: { of(netif: Netif): { hasAddress(family: 4 | 6): boolean } | undefined };
  /** See {@linkcode ConflictProbe}. */
  probeConflict(...question: Parameters<ConflictProbe>): { cancel(): void };
}

/** What DHCP needs of the host. */
export interface DhcpHost {
  /** Time and timers. */
  readonly timers: TimerQueue;
  /** Entropy for transaction numbers and pauses. */
  readonly random: Random;
}

/** Hooks: lwIP's, as typed functions. They run to completion and must not throw. */
export interface DhcpHooks {
  /** LWIP_HOOK_DHCP_APPEND_OPTIONS: adds to, or changes, the options of each message before it goes out. */
  readonly appendOptions?: (state: DhcpState, type: DhcpMessageType, options: DhcpOptions) => void;
  /** LWIP_HOOK_DHCP_PARSE_OPTION: sees each option of a valid answer that this package makes nothing of. */
  readonly parseOption?: (state: DhcpState, type: DhcpMessageType, code: number, value: Uint8Array) => void;
  /** LWIP_HOOK_DHCP_ADD_EXTRA_REQUEST_OPTIONS: further codes for the parameter request list. */
  readonly extraRequestOptions?: () => readonly number[];
  /** DHCP_POST_INIT: the client was started. */
  readonly postInit?: () => void;
  /** DHCP_PRE_DISCOVERY: a DISCOVER is about to be made. */
  readonly preDiscovery?: () => void;
}

/** Choices of a {@linkcode DhcpClient}. */
export interface DhcpClientOptions {
  /** Name to tell the server (option 12). */
  readonly hostname?: string;
  /** What the server knows us by (option 61): "hardware" (default) for type 1 and the station address, "none", or bytes:
   * see `duidClientId` for RFC 4361. */
  readonly clientId?: "hardware" | "none" | Uint8Array;
  /** Kind of client to tell (option 60); default none. */
  readonly vendorClass?: string;
  /** Address to ask for in DISCOVER (option 50); a server may give another. */
  readonly requestedAddress?: IpAddress;
  /** An address from an earlier run: asked for at once by REQUEST, in INIT-REBOOT (§3.2). */
  readonly previousAddress?: IpAddress;
  /** Length of lease to ask for, in seconds (option 51); default none. */
  readonly leaseSeconds?: number;
  /** Probe an address before its use, and DECLINE it where somebody has it (§2.2, §4.4.1); takes 4 to 7 s. Default true. */
  readonly probe?: boolean;
  /** Choose among the offers of this time; 0 (default): take the first. */
  readonly offerWaitMs?: number;
  /** Chooses the offer when {@linkcode offerWaitMs} is over; default: one of the requested address, else the first. */
  readonly selectOffer?: (offers: readonly DhcpMessage[]) => DhcpMessage;
  /** Longest random pause before the first DISCOVER; RFC 2131 §4.4.1 wants 1 to 10 s on a network where all start together.
   * Default 0. */
  readonly startDelayMsMax?: number;
  /** Ask for broadcast answers: "auto" (default) when the interface has another address already, so that IP would not
   * take a datagram to the offered one (§4.1). */
  readonly broadcastFlag?: boolean | "auto";
  /** Pauses between transmissions. */
  readonly backoff?: DhcpBackoffOptions;
  /** Least pause in RENEWING and REBINDING; default 60,000 ms (§4.4.5). */
  readonly extensionRetryMsMin?: number;
  /** Transmissions in REQUESTING before starting over; default 4 (§3.1 step 5: 60 s in all). */
  readonly requestAttempts?: number;
  /** Transmissions in REBOOTING before starting over; default 2. */
  readonly rebootAttempts?: number;
  /** Pause after a DECLINE; default 10,000 ms (§3.1 step 5). */
  readonly declineWaitMs?: number;
  /** Replaces the probe of the IP layer. */
  readonly conflictProbe?: ConflictProbe;
  /** Hooks. */
  readonly hooks?: DhcpHooks;
  /** Hears of everything; see {@linkcode DhcpClient.onEvent}. */
  readonly onEvent?: (event: DhcpEvent) => void;
}

/** All that a client works with. */
export interface DhcpClientInit {
  /** The transport. */
  readonly udp: UdpLayer;
  /** The network layer. */
  readonly ip: DhcpNetwork;
  /** The interface that is to get an address. */
  readonly netif: Netif;
  /** Time and chance. */
  readonly host: DhcpHost;
  /** Choices. */
  readonly options?: DhcpClientOptions;
}

/** Counters of a {@linkcode DhcpClient}. */
export interface DhcpCounters {
  /** Messages sent, by type. */
  readonly sent: { [type in DhcpMessageType]: number };
  /** Messages that could not be sent: interface down, no buffers. Repeated like lost ones. */
  sendErrors: number;
  /** Answers that were taken, by type. */
  readonly received: { [type in DhcpMessageType]: number };
  /** Messages that are none, by `parseDhcpMessage`. */
  malformed: number;
  /** Messages of other transactions, for other clients, or from clients. */
  foreign: number;
  /** Answers which do not fit the state, or come from the wrong server, or lack what they must have. */
  unexpected: number;
  /** Offers beyond the bound of 16 in one {@linkcode DhcpClientOptions.offerWaitMs}. */
  offersDropped: number;
}

/** Counters at 0. */
export function newDhcpCounters(): DhcpCounters {
  const perType = () => ({
    DISCOVER: 0,
    OFFER: 0,
    REQUEST: 0,
    DECLINE: 0,
    ACK: 0,
    NAK: 0,
    RELEASE: 0,
    INFORM: 0,
  });
  return {
    sent: perType(),
    sendErrors: 0,
    received: perType(),
    malformed: 0,
    foreign: 0,
    unexpected: 0,
    offersDropped: 0,
  };
}
