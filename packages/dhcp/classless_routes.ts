/** The classless static route option (RFC 3442): `| length | significant octets of the network | router |`, repeated.
 *
 * @module
 */
import { type IpAddress, ipv4, type Prefix, prefixOf } from "@lightwire/ip";

/** A route from a lease. */
export interface DhcpRoute {
  /** Where it leads. */
  readonly destination: Prefix;
  /** The router; `undefined`: the destination is on the link (RFC 3442, "Local Subnet Routes"). */
  readonly gateway: IpAddress | undefined;
}

/** Reads option 121.
 *
 * @returns `undefined` when a length is above 32 or the option ends in the middle of a route: then none of it is used.
 */
export function parseClasslessRoutes(bytes: Uint8Array): DhcpRoute[] | undefined {
  const routes: DhcpRoute[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = bytes[at++]!;
    const octets = (length + 7) >> 3;
    if (length > 32 || at + octets + 4 > bytes.length) return undefined;
    let bits = 0;
    for (let i = 0; i < 4; i++) bits = (bits << 8) | (i < octets ? bytes[at + i]! : 0);
    at += octets;
    const router = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
      0;
    at += 4;
    routes.push({
      destination: prefixOf(ipv4(bits), length),
      gateway: router === 0 ? undefined : ipv4(router),
    });
  }
  return routes;
}

/** Writes option 121. */
export function emitClasslessRoutes(routes: readonly DhcpRoute[]): Uint8Array {
  const bytes: number[] = [];
  for (const { destination, gateway } of routes) {
    bytes.push(destination.length);
    for (let i = 0; i < (destination.length + 7) >> 3; i++) {
      bytes.push((destination.address.w3 >>> (24 - 8 * i)) & 0xff);
    }
    const router = gateway?.w3 ?? 0;
    bytes.push(router >>> 24, (router >>> 16) & 0xff, (router >>> 8) & 0xff, router & 0xff);
  }
  return Uint8Array.from(bytes);
}
