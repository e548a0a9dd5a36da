/** {@linkcode resolveIpv4Path}: which interface, which next hop, which source for a packet of ours (RFC 1122 §3.3.1).
 *
 * @module
 */
import type { MacAddress, NetErrorCode, Netif } from "@lightwire/netif";
import { type IpAddress, ipv4, IPV4_ANY } from "../address.ts";
import type { IpInterface } from "../ip_interface.ts";
import type { IpLayer } from "../ip_layer.ts";
import type { IpTx } from "../ip_tx.ts";
import { staticNeighbor } from "../neighbor_entry.ts";
import type { RouteResult } from "../route_table.ts";

/** The station address every station listens to. */
export const ETHERNET_BROADCAST: MacAddress = 0xffff_ffff_ffff;

/** The station address of an IPv4 group: 01:00:5e and its low 23 bits (RFC 1112 §6.4). */
export function groupMacIpv4(group: number): MacAddress {
  return 0x0100_5e00_0000 + (group & 0x7f_ffff);
}

/** Fills the lower half of `tx`. {@linkcode IpTx.generation} is left to the caller.
 *
 * @returns why there is no way, or `undefined`.
 */
export function resolveIpv4Path(ip: IpLayer, tx: IpTx): NetErrorCode | undefined {
  const destination = tx.destination;
  const bits = destination.w3;
  if (destination.family !== 4 || bits === 0) return "NETWORK_UNREACHABLE";
  if (!tx.source.isUnspecified && !isUsableSource(ip, tx.source)) return "ADDRESS_NOT_AVAILABLE";
  const local = ip.interfaces.localIpv4(bits);
  if (local !== undefined && !local.isTentative) return toSelf(ip, tx, local.owner);
  if (bits >>> 24 === 127) return "NETWORK_UNREACHABLE";
  if (bits >>> 28 === 0xe) return toGroup(ip, tx);
  if (bits === 0xffffffff) return toLimitedBroadcast(ip, tx);
  const found = ip.routes.lookup(destination, { source: tx.source, boundNetif: tx.boundNetif }) ??
    hookedRoute(ip, tx) ?? unroutedPointToPoint(ip, tx);
  if (found === undefined) return tx.boundNetif?.isUp === false ? "NETWORK_DOWN" : "NETWORK_UNREACHABLE";
  return toUnicast(ip, tx, found.netif, found.nextHop, found.route?.source);
}

/** Chooses our address for packets to `destination` by way of `nextHop` (RFC 1122 §3.3.4.3): one in the network of the
 * next hop, else the first of the interface that is not link-local, else any of the interface, else (weak host
 * model) any other interface's that is neither loopback nor link-local.
 *
 * @returns `undefined` when there is none.
 */
export function selectIpv4Source(ip: IpLayer, iface: IpInterface, nextHop: IpAddress): IpAddress | undefined {
  const toward = iface.addressToward(nextHop);
  if (toward !== undefined && toward.address.family === 4) return toward.address;
  let linkLocal: IpAddress | undefined;
  for (const a of iface.addresses) {
    if (a.address.family !== 4 || a.isTentative) continue;
    if (!a.address.isLinkLocal) return a.address;
    linkLocal ??= a.address;
  }
  if (linkLocal !== undefined || ip.options.strongHost) return linkLocal;
  for (const other of ip.interfaces) {
    if (other.isLoopback || !other.netif.isUp) continue;
    for (const a of other.addresses) {
      if (a.address.family === 4 && !a.isTentative && !a.address.isLinkLocal) return a.address;
    }
  }
  return undefined;
}

function isUsableSource(ip: IpLayer, source: IpAddress): boolean {
  if (source.family !== 4) return false;
  const entry = ip.interfaces.localIpv4(source.w3);
  return entry !== undefined && !entry.isTentative;
}

function toSelf(ip: IpLayer, tx: IpTx, owner: IpInterface): NetErrorCode | undefined {
  if (tx.source.isUnspecified) tx.source = tx.destination;
  const loopback = ip.interfaces.loopback;
  tx.nextHop = tx.destination;
  tx.validUntil = Infinity;
  tx.isPathNarrow = false;
  if (loopback !== undefined) {
    if (!loopback.netif.isUp) return "NETWORK_DOWN";
    const { capabilities } = loopback.netif.driver;
    tx.netif = loopback.netif;
    tx.pathMtu = loopback.netif.mtu;
    tx.canOffloadChecksum = capabilities.txChecksum;
    tx.gsoMaxBytes = capabilities.gsoMaxBytes;
    tx.neighbor = loopback.pointToPoint ??
      staticNeighbor(loopback.netif, IPV4_ANY, loopback.netif.macAddress);
    tx.isPlain = tx.options === undefined;
    return undefined;
  }
  tx.netif = owner.netif;
  tx.pathMtu = 0xffff;
  tx.canOffloadChecksum = true;
  tx.gsoMaxBytes = 0xffff;
  tx.neighbor = owner.self;
  tx.isPlain = false;
  return undefined;
}

function toGroup(ip: IpLayer, tx: IpTx): NetErrorCode | undefined {
  const netif = tx.boundNetif ?? ownerOf(ip, tx.source) ?? ip.defaultMulticastNetif ??
    ip.routes.lookup(tx.destination)?.netif ?? firstUp(ip);
  if (netif === undefined) return "NETWORK_UNREACHABLE";
  return toLink(ip, tx, netif, groupMacIpv4(tx.destination.w3));
}

function toLimitedBroadcast(ip: IpLayer, tx: IpTx): NetErrorCode | undefined {
  if (!tx.allowBroadcast) return "ACCESS_DENIED";
  const netif = tx.boundNetif ?? ownerOf(ip, tx.source) ?? ip.routes.lookup(ipv4(1))?.netif ?? firstUp(ip);
  if (netif === undefined) return "NETWORK_UNREACHABLE";
  return toLink(ip, tx, netif, ETHERNET_BROADCAST);
}

/** A destination whose station address follows from the address. */
function toLink(ip: IpLayer, tx: IpTx, netif: Netif, mac: MacAddress): NetErrorCode | undefined {
  const iface = ip.interfaces.of(netif);
  if (iface === undefined) return "NETWORK_UNREACHABLE";
  if (!netif.isUp) return "NETWORK_DOWN";
  if (!chooseSource(ip, tx, iface, tx.destination)) return "ADDRESS_NOT_AVAILABLE";
  fillFromNetif(tx, netif, netif.mtu);
  tx.nextHop = tx.destination;
  tx.neighbor = iface.pointToPoint ?? staticNeighbor(netif, tx.destination, mac);
  tx.isPlain = false;
  return undefined;
}

function toUnicast(
  ip: IpLayer,
  tx: IpTx,
  netif: Netif,
  hop: IpAddress,
  preferred: IpAddress | undefined,
): NetErrorCode | undefined {
  const iface = ip.interfaces.of(netif);
  if (iface === undefined) return "NETWORK_UNREACHABLE";
  if (!netif.isUp) return "NETWORK_DOWN";
  if (iface.isBroadcast(tx.destination.w3)) {
    return tx.allowBroadcast ? toLink(ip, tx, netif, ETHERNET_BROADCAST) : "ACCESS_DENIED";
  }
  let nextHop = hop;
  if (nextHop !== tx.destination) nextHop = ip.hooks.arpGetGateway?.(netif, tx.destination) ?? nextHop;
  if (tx.source.isUnspecified && preferred !== undefined && isUsableSource(ip, preferred)) {
    tx.source = preferred;
  }
  if (!chooseSource(ip, tx, iface, nextHop)) return "ADDRESS_NOT_AVAILABLE";
  fillFromNetif(tx, netif, netif.mtu);
  ip.pathMtu.apply(tx);
  tx.nextHop = nextHop;
  tx.neighbor = iface.pointToPoint ?? ip.neighbors.lookup(netif, nextHop);
  tx.isPlain = tx.options === undefined;
  return undefined;
}

function chooseSource(ip: IpLayer, tx: IpTx, iface: IpInterface, nextHop: IpAddress): boolean {
  if (!tx.source.isUnspecified || tx.allowUnspecifiedSource) return true;
  const source = selectIpv4Source(ip, iface, nextHop);
  if (source === undefined) return false;
  tx.source = source;
  return true;
}

function fillFromNetif(tx: IpTx, netif: Netif, mtu: number): void {
  const { capabilities } = netif.driver;
  tx.netif = netif;
  tx.pathMtu = mtu;
  tx.validUntil = Infinity;
  tx.isPathNarrow = false;
  tx.canOffloadChecksum = capabilities.txChecksum;
  tx.gsoMaxBytes = capabilities.gsoMaxBytes;
}

function hookedRoute(
  ip: IpLayer,
  tx: IpTx,
): RouteResult | undefined {
  const hooked = ip.hooks.ip4Route?.(tx.destination, tx.source);
  if (hooked === undefined || (tx.boundNetif !== undefined && hooked.netif !== tx.boundNetif)) {
    return undefined;
  }
  return { route: undefined, netif: hooked.netif, nextHop: hooked.gateway ?? tx.destination };
}

/** A flow bound to a link with only one other end needs no route. */
function unroutedPointToPoint(
  ip: IpLayer,
  tx: IpTx,
): RouteResult | undefined {
  if (tx.boundNetif === undefined) return undefined;
  const iface = ip.interfaces.of(tx.boundNetif);
  return iface?.pointToPoint === undefined
    ? undefined
    : { route: undefined, netif: tx.boundNetif, nextHop: tx.destination };
}

function ownerOf(ip: IpLayer, source: IpAddress): Netif | undefined {
  const owner = source.isUnspecified ? undefined : ip.interfaces.local(source)?.owner;
  return owner === undefined || owner.isLoopback ? undefined : owner.netif;
}

function firstUp(ip: IpLayer): Netif | undefined {
  for (const iface of ip.interfaces) if (!iface.isLoopback && iface.netif.isUp) return iface.netif;
  return undefined;
}
