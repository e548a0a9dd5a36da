/** Source routes of connections (RFC 791 §3.1, RFC 9293 §3.9.2.1, MUST-51 to MUST-53).
 *
 * A packet with a source route is addressed to the first router of the route; its option names the others and, last, the
 * peer. TCP's pseudo header has the peer (RFC 1122 §3.2.1.8).
 *
 * ```text
 *   connect: hops h1 h2 … hn to the peer P     ->  to h1, option  h2 … hn P
 *   SYN came by h1 h2 … hn from the peer P     ->  to hn, option  h(n-1) … h1 P
 * ```
 *
 * The IP layer refuses source-routed packets unless told otherwise (`sourceRoute: "accept-final"`, RFC 7126 §4.3), so
 * answering along a route is off by default.
 *
 * @module
 */
import {
  type IpAddress,
  ipv4,
  IPV4_OPTION_LOOSE_SOURCE_ROUTE,
  IPV4_OPTION_NOP,
  IPV4_OPTION_STRICT_SOURCE_ROUTE,
  newIpv4Options,
  scanIpv4Options,
} from "@lightwire/ip";
import type { Tcb } from "./tcb.ts";

/** Bytes of an IPv4 header without options. */
const IPV4_HEADER_LENGTH = 20;
/** Type, length and pointer. */
const ROUTE_HEADER_LENGTH = 3;
/** The pointer of a route not yet travelled. */
const FIRST_SLOT = 4;

/** Where packets of a connection go first, and the options that lead on from there. */
export interface SourceRoute {
  /** The first router. */
  readonly firstHop: IpAddress;
  /** IPv4 options, a multiple of 4 bytes; the last slot of the route is the peer. */
  readonly options: Uint8Array;
}

/** The way back along the route that a packet came by to its end.
 *
 * @param start offset of the IP header in `bytes`.
 * @returns `undefined` when it came by none.
 */
export function returnRoute(bytes: Uint8Array, start: number, headerLength: number): SourceRoute | undefined {
  const found = newIpv4Options();
  if (!scanIpv4Options(bytes, start, headerLength, found)) return undefined;
  if (found.sourceRouteAt === 0 || !found.isSourceRouteDone) return undefined;
  const hops = slots(bytes, start + found.sourceRouteAt);
  const source = bytes.subarray(start + 12, start + 16);
  if (hops.length === 0) return undefined;
  const back = hops.reverse();
  const type = found.isStrict ? IPV4_OPTION_STRICT_SOURCE_ROUTE : IPV4_OPTION_LOOSE_SOURCE_ROUTE;
  return { firstHop: toAddress(back[0]!), options: emitRoute(type, [...back.slice(1), source]) };
}

/** The route that the user of an active OPEN gave as an option which names all routers (MUST-51).
 *
 * @param options IPv4 options; others than the route are kept in front of it.
 * @returns `undefined` when no source route is among them, or a malformed one.
 */
export function forwardRoute(options: Uint8Array, peer: IpAddress): SourceRoute | undefined {
  const header = new Uint8Array(IPV4_HEADER_LENGTH + options.length);
  header.set(options, IPV4_HEADER_LENGTH);
  const found = newIpv4Options();
  if (!scanIpv4Options(header, 0, header.length, found) || found.sourceRouteAt === 0) return undefined;
  const at = found.sourceRouteAt - IPV4_HEADER_LENGTH;
  const hops = slots(options, at);
  if (hops.length === 0) return undefined;
  const result = options.slice();
  const last = at + ROUTE_HEADER_LENGTH + (hops.length - 1) * 4;
  result.set(options.subarray(at + ROUTE_HEADER_LENGTH + 4, last + 4), at + ROUTE_HEADER_LENGTH);
  new DataView(result.buffer).setUint32(last, peer.w3);
  result[at + 2] = FIRST_SLOT;
  return { firstHop: toAddress(hops[0]!), options: result };
}

/** Sends all segments of a connection by `route` from now on. */
export function followRoute(tcb: Tcb, route: SourceRoute): void {
  const tx = tcb.tx;
  tx.destination = route.firstHop;
  tx.options = route.options;
  tx.generation = -1;
}

function slots(bytes: Uint8Array, at: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  const end = at + bytes[at + 1]!;
  for (let slot = at + ROUTE_HEADER_LENGTH; slot + 4 <= end; slot += 4) {
    found.push(bytes.slice(slot, slot + 4));
  }
  return found;
}

function emitRoute(type: number, addresses: readonly Uint8Array[]): Uint8Array {
  const options = new Uint8Array(4 + addresses.length * 4);
  options.set([IPV4_OPTION_NOP, type, ROUTE_HEADER_LENGTH + addresses.length * 4, FIRST_SLOT]);
  addresses.forEach((address, i) => options.set(address, 4 + i * 4));
  return options;
}

function toAddress(bytes: Uint8Array): IpAddress {
  return ipv4(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
}
