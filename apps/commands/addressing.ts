/** The ADDRESSING options: how the host gets its addresses, routes and name servers.
 *
 * @module
 */
import { parseMac } from "@lightwire/netif";
import type { MacAddress } from "@lightwire/netif";
import { parseAddressAndLength, parseIpAddress, parsePrefix } from "@lightwire/ip";
import { parseInteger } from "./units.ts";
import { type ParsedOptions, UsageError } from "./usage.ts";

/** One `--route NET/LEN,VIA`. */
export interface RouteOption {
  /** "10.0.0.0/8". */
  readonly destination: string;
  /** The router. */
  readonly gateway: string;
}

/** What the options ask for. */
export interface Addressing {
  /** "A/LEN", possibly several. */
  readonly addresses: readonly string[];
  /** Default router. */
  readonly gateway: string | undefined;
  /** Name servers. */
  readonly dns: readonly string[];
  /** Ask a DHCP server. */
  readonly isDhcp: boolean;
  /** Station address. */
  readonly mac: MacAddress | undefined;
  /** MTU. */
  readonly mtu: number | undefined;
  /** Name told to the DHCP server. */
  readonly hostname: string | undefined;
  /** Further routes. */
  readonly routes: readonly RouteOption[];
  /** 802.1Q tag that all our frames carry. */
  readonly vlan: number | undefined;
}

/** Options with a value of this group. */
export const ADDRESSING_STRINGS = ["gateway", "mac", "mtu", "hostname", "vlan"] as const;
/** Options with a value of this group that may be repeated. */
export const ADDRESSING_COLLECTS = ["address", "dns", "route"] as const;
/** Options without a value of this group. */
export const ADDRESSING_BOOLEANS = ["dhcp"] as const;

/** Their part of the help text. */
export const ADDRESSING_HELP = `ADDRESSING
  --address A/LEN      our address and its network (repeatable)
  --gateway A          default router
  --dns A              name server (repeatable)
  --dhcp               ask a DHCP server for all of that
  --hostname H         name we tell the DHCP server
  --route NET/LEN,VIA  further route (repeatable)
  --mac M              our station address (default: a random one of our own)
  --mtu N              largest packet (default: the link's)
  --vlan ID            802.1Q tag of all our frames`;

/** Reads the group.
 *
 * @throws {UsageError} for anything that is not an address, a prefix, ….
 */
export function parseAddressing(o: ParsedOptions): Addressing {
  for (const text of o.all("address")) {
    if (!text.includes("/") || parseAddressAndLength(text) === undefined) {
      throw new UsageError(`--address must look like 10.0.0.2/24, not "${text}".`);
    }
  }
  const mac = o.text("mac");
  const parsedMac = mac === undefined ? undefined : parseMac(mac);
  if (mac !== undefined && parsedMac === undefined) {
    throw new UsageError(`--mac must look like 02:00:00:00:00:01, not "${mac}".`);
  }
  return {
    addresses: o.all("address"),
    gateway: o.text("gateway") === undefined ? undefined : address(o.text("gateway")!, "--gateway"),
    dns: o.all("dns").map((text) => address(text, "--dns")),
    isDhcp: o.has("dhcp"),
    mac: parsedMac,
    mtu: o.text("mtu") === undefined ? undefined : parseInteger(o.text("mtu")!, "--mtu", 68, 65_535),
    hostname: o.text("hostname"),
    routes: o.all("route").map(route),
    vlan: o.text("vlan") === undefined ? undefined : parseInteger(o.text("vlan")!, "--vlan", 1, 4094),
  };
}

function address(text: string, option: string): string {
  if (parseIpAddress(text) === undefined) {
    throw new UsageError(`${option} must be an IP address, not "${text}".`);
  }
  return text;
}

function route(text: string): RouteOption {
  const [destination = "", gateway = ""] = text.split(",");
  if (parsePrefix(destination) === undefined || parseIpAddress(gateway) === undefined) {
    throw new UsageError(`--route must look like 10.0.0.0/8,192.168.1.1, not "${text}".`);
  }
  return { destination, gateway };
}
