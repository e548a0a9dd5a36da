/** {@linkcode Lease}: what a server granted, and its times.
 *
 * @module
 */
import { type IpAddress, netmaskToLength } from "@lightwire/ip";
import { type DhcpRoute, parseClasslessRoutes } from "./classless_routes.ts";
import type { DhcpMessage } from "./dhcp_message.ts";
import { DHCP_OPTION, type DhcpOptions } from "./dhcp_options.ts";
import { parseDomainSearch } from "./domain_search.ts";

/** T1 as a part of the lease, unless the server says otherwise (RFC 2131 §4.4.5). */
export const DEFAULT_T1 = 0.5;
/** T2 as a part of the lease. */
export const DEFAULT_T2 = 0.875;

/** What a server tells about the network. */
export interface DhcpConfiguration {
  /** The server's identifier. */
  readonly serverId: IpAddress;
  /** Default routers, best first. Where the server sent classless routes, those of them to 0.0.0.0/0 and nothing else
   * (RFC 3442: the router option must be ignored then). */
  readonly routers: readonly IpAddress[];
  /** Classless static routes other than the default. */
  readonly staticRoutes: readonly DhcpRoute[];
  /** Name servers, best first. */
  readonly dnsServers: readonly IpAddress[];
  /** Domain of the host. */
  readonly domainName: string | undefined;
  /** Domains to try for short names, best first: option 119, else the domain name. */
  readonly searchDomains: readonly string[];
  /** NTP servers, best first. */
  readonly ntpServers: readonly IpAddress[];
  /** Directed broadcast address, where the server named one. */
  readonly broadcastAddress: IpAddress | undefined;
  /** MTU of the link, ≥ 68, where the server named one. */
  readonly mtu: number | undefined;
  /** The name that the server gave us. */
  readonly hostname: string | undefined;
  /** All options as received, for what is not listed here. */
  readonly options: DhcpOptions;
}

/** An address for a time. */
export interface Lease extends DhcpConfiguration {
  /** Ours for the time being. */
  readonly address: IpAddress;
  /** Length of the network's prefix: from the mask, or guessed by class where that is absent or has holes. */
  readonly prefixLength: number;
  /** When the request that was granted left (clock milliseconds); all times count from here (RFC 2131 §4.4.1). */
  readonly grantedAt: number;
  /** Its length in milliseconds; `Infinity`: for ever. */
  readonly leaseMs: number;
  /** From when on the server is asked to extend it; `Infinity`: never. */
  readonly t1Ms: number;
  /** From when on any server is asked; `Infinity`: never. */
  readonly t2Ms: number;
}

/** What a message tells about the network. */
export function configurationFrom(message: DhcpMessage, serverId: IpAddress): DhcpConfiguration {
  const { options } = message;
  const routes = classlessRoutes(options);
  const domainName = domainText(options.text(DHCP_OPTION.DOMAIN_NAME));
  const search = parseDomainSearch(options.get(DHCP_OPTION.DOMAIN_SEARCH) ?? new Uint8Array(0));
  const mtu = options.uint16(DHCP_OPTION.INTERFACE_MTU);
  return {
    serverId,
    routers: routes === undefined
      ? options.addresses(DHCP_OPTION.ROUTER).filter((a) => !a.isUnspecified)
      : routes.filter((r) => r.destination.length === 0 && r.gateway !== undefined).map((r) => r.gateway!),
    staticRoutes: routes?.filter((r) => r.destination.length > 0) ?? [],
    dnsServers: options.addresses(DHCP_OPTION.DOMAIN_NAME_SERVER).filter((a) => !a.isUnspecified),
    domainName,
    searchDomains: search.length > 0 ? search : domainName === undefined ? [] : [domainName],
    ntpServers: options.addresses(DHCP_OPTION.NTP_SERVERS).filter((a) => !a.isUnspecified),
    broadcastAddress: options.address(DHCP_OPTION.BROADCAST_ADDRESS),
    mtu: mtu !== undefined && mtu >= 68 ? mtu : undefined,
    hostname: domainText(options.text(DHCP_OPTION.HOST_NAME)),
    options,
  };
}

/** The lease that an ACK grants.
 *
 * @param grantedAt when the request left.
 * @returns `undefined` when it names no time, no time at all, or no usable address.
 */
export function leaseFrom(message: DhcpMessage, serverId: IpAddress, grantedAt: number): Lease | undefined {
  const { options, yiaddr } = message;
  const seconds = options.uint32(DHCP_OPTION.LEASE_TIME);
  if (seconds === undefined || seconds === 0 || !isHostAddress(yiaddr)) return undefined;
  const leaseMs = secondsToMs(seconds);
  const times = renewalTimes(options, leaseMs);
  const mask = options.uint32(DHCP_OPTION.SUBNET_MASK);
  const prefixLength = mask === undefined || mask === 0 ? undefined : netmaskToLength(mask);
  return {
    ...configurationFrom(message, serverId),
    address: yiaddr,
    prefixLength: prefixLength ?? classfulPrefixLength(yiaddr),
    grantedAt,
    leaseMs,
    ...times,
  };
}

/** Whether a host can have an address: not this network, loopback, a group, reserved or broadcast (RFC 1122 §3.2.1.3). */
export function isHostAddress(address: IpAddress): boolean {
  const first = address.w3 >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

/** T1 and T2: the server's where 0 < T1 ≤ T2 ≤ lease, else the defaults (RFC 2131 §4.4.5). */
function renewalTimes(options: DhcpOptions, leaseMs: number): { t1Ms: number; t2Ms: number } {
  const t1 = options.uint32(DHCP_OPTION.RENEWAL_TIME);
  const t2 = options.uint32(DHCP_OPTION.REBINDING_TIME);
  const t2Ms = t2 === undefined || t2 === 0 ? leaseMs * DEFAULT_T2 : secondsToMs(t2);
  const t1Ms = t1 === undefined || t1 === 0 ? Math.min(leaseMs * DEFAULT_T1, t2Ms) : secondsToMs(t1);
  if (t1Ms <= t2Ms && t2Ms <= leaseMs) return { t1Ms, t2Ms };
  return { t1Ms: leaseMs * DEFAULT_T1, t2Ms: leaseMs * DEFAULT_T2 };
}

function secondsToMs(seconds: number): number {
  return seconds === 0xffffffff ? Infinity : seconds * 1000;
}

/** What the class of an address says about its network (RFC 791 §2.3), for servers that send no mask. */
function classfulPrefixLength(address: IpAddress): number {
  const first = address.w3 >>> 24;
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/** Option 121 where it is well-formed. */
function classlessRoutes(options: DhcpOptions): DhcpRoute[] | undefined {
  const bytes = options.get(DHCP_OPTION.CLASSLESS_ROUTES);
  return bytes === undefined || bytes.length === 0 ? undefined : parseClasslessRoutes(bytes);
}

function domainText(text: string | undefined): string | undefined {
  const name = text?.trim().replace(/\.$/, "");
  return name === undefined || name === "" || /\s/.test(name) ? undefined : name;
}
