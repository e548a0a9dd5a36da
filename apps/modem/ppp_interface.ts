/** {@linkcode attachPpp}: an interface of the stack with what the peer of a PPP link gave.
 *
 * @module
 */
import type { Addressing, LinkHost } from "@lightwire/app-commands";
import type { PppNetworkLink, PppUp } from "@lightwire/ppp";
import type { StackInterface } from "@lightwire/sockets";

/** What the interface is called. */
export const PPP_INTERFACE = "ppp0";

/** Adds the interface: our address as a host of its own, everything else behind the peer, name servers of the peer unless
 * the command line has others.
 *
 * @param isServer The peer is a caller, not the way to the world.
 */
export function attachPpp(
  host: LinkHost,
  link: PppNetworkLink,
  up: PppUp,
  addressing: Addressing,
  isServer: boolean,
): StackInterface {
  const added = host.attach(link, { name: PPP_INTERFACE, captureName: PPP_INTERFACE });
  const { ipv4, mtu } = up;
  added.netif.setMtu(Math.min(mtu, added.mtu));
  if (ipv4 !== undefined) {
    added.addAddress(`${ipv4.localAddress}/32`);
    added.addRoute({ destination: `${ipv4.peerAddress}/32` });
    if (!isServer) added.addRoute({ destination: "0.0.0.0/0" });
    if (addressing.dns.length === 0) added.nameServers = ipv4.dnsServers.map(String);
  }
  for (const route of addressing.routes) added.addRoute(route);
  return added;
}
