/** UDP ASSOCIATE of SOCKS 5 (RFC 1928 §7).
 *
 * ```text
 *   datagram of the client, and to it:   00 00 | fragment (1) | address | data
 * ```
 *
 * @module
 */
import { parseIpAddress } from "@lightwire/ip/address";
import { type DatagramPeer, openHostPort, openStackPort } from "./forward_datagrams.ts";
import { type Endpoint, formatEndpoint } from "./forward.ts";
import { emitSocksAddress, parseSocksAddress } from "./socks_address.ts";
import type { ProxySession } from "./socks_session.ts";

/** Names that are being resolved for one association, at a time; further datagrams to names are lost. */
const MAX_LOOKUPS = 16;

/** What is counted of one association. */
interface AssociationCounts {
  up: number;
  down: number;
  dropped: number;
}

/** Relays datagrams as long as the client's connection stands. Only the client's own address is listened to; the first datagram
 * fixes its port unless the request has named it.
 *
 * @param announced address and port that the client says to send from; zeros: not known yet.
 * @param granted the reply, for the address where datagrams are taken.
 */
export async function serveUdpAssociation(
  session: ProxySession,
  announced: Endpoint,
  granted: (relayed: Endpoint) => Uint8Array,
): Promise<void> {
  const { context: { stack, output, signal }, near } = session;
  const clientHost = near.remoteAddr.hostname;
  const hostPort = await openHostPort(near.localAddr.hostname, 0);
  const netPort = openStackPort(stack, 0);
  const counts: AssociationCounts = { up: 0, down: 0, dropped: 0 };
  let peer: DatagramPeer | undefined = announced.port === 0
    ? undefined
    : { hostname: clientHost, port: announced.port };
  let lookups = 0;
  const sendUp = async (data: Uint8Array, target: Endpoint): Promise<void> => {
    let { hostname } = target;
    if (parseIpAddress(hostname) === undefined) {
      if (lookups >= MAX_LOOKUPS) return void counts.dropped++;
      lookups++;
      try {
        hostname = await stack.lookup(hostname, { signal });
      } catch {
        return void counts.dropped++;
      } finally {
        lookups--;
      }
    }
    counts.up++;
    netPort.send(data, { hostname, port: target.port });
  };
  hostPort.onReceive = (data, from) => {
    const target = data.length > 4 && data[2] === 0 ? parseSocksAddress(data.subarray(3)) : undefined;
    const isClient = from.hostname === clientHost && (peer === undefined || peer.port === from.port);
    // Fragments are not put together: RFC 1928 §7 lets a server drop them.
    if (!isClient || target === undefined || target.port === 0) return void counts.dropped++;
    peer = from;
    void sendUp(data.slice(3 + target.length), target);
  };
  netPort.onReceive = (data, from) => {
    if (peer === undefined) return;
    const header = emitSocksAddress(from);
    const datagram = new Uint8Array(3 + header.length + data.length);
    datagram.set(header, 3);
    datagram.set(data, 3 + header.length);
    counts.down++;
    hostPort.send(datagram, peer);
  };
  const pair = { protocol: "socks5-udp", client: session.client, target: formatEndpoint(hostPort.addr) };
  const startedAt = performance.now();
  const stop = (): void => near.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await session.reply(granted(hostPort.addr));
    output.event("connection", pair, `${session.client} relays datagrams (socks5)`);
    const buffer = new Uint8Array(64);
    while (await near.read(buffer) !== null);
  } catch {
    // The client has gone, or the program ends: so does the association.
  } finally {
    signal.removeEventListener("abort", stop);
    hostPort.close();
    netPort.close();
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    output.event("closed", { ...pair, ...counts, seconds });
  }
}
