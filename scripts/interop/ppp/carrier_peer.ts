/** The library's ends of PPPoE and L2TP on an Ethernet interface, for peers that nobody here wrote. To be started in a network
 * namespace: carrier_peer.ts ROLE INTERFACE OUR-ADDRESS PEER-ADDRESS; prints what happens.
 *
 * - `pppoe-server`: an access concentrator.
 * - `l2tp-client`: opens a tunnel to the peer's address, places a call and pings.
 * - `l2tp-server`: answers tunnels and calls.
 *
 * @module
 */
import { PacketDriver } from "@lightwire/app-ethernet/packet-driver";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import type { Pbuf } from "@lightwire/pbuf";
import type { PppLinkHandlers, PppNetworkLink, PppSessionOptions, PppUp } from "@lightwire/ppp";
import { L2tpLink, L2tpServer, type L2tpTransport } from "@lightwire/ppp/l2tp";
import { PppoeServer, PppoeStation } from "@lightwire/ppp/pppoe";
import { type DatagramConn, Stack } from "@lightwire/sockets";

const LOGIN = { name: "tester", secret: "secret" };
const L2TP_PORT = 1701;
const PING_COUNT = 5;

const [role, device, address, peerAddress] = Deno.args as [string, string, string, string];
const stack = new Stack();
const driver = PacketDriver.open({ name: device, pool: stack.pool, offload: false });
const ethernet = stack.addInterface({ driver, name: "en0" });
ethernet.addAddress(`${address}/24`);
let closeRole = (): void => {};

/** How we speak with those who call. */
const SERVER: PppSessionOptions = {
  peerSecrets: (name) => name === LOGIN.name ? LOGIN.secret : undefined,
  ipcp: {
    localAddress: parseIpAddressOrThrow("10.99.0.1"),
    peerAddress: parseIpAddressOrThrow("10.99.0.2"),
    isPeerAddressFixed: true,
  },
};

function tell(upcall: (up: PppUp) => void): PppLinkHandlers {
  return {
    up: (up) => {
      upcall(up);
      console.log(`up ${up.ipv4?.localAddress} peer ${up.ipv4?.peerAddress} name ${up.peerName}`);
    },
    ended: (end, message) => console.log(`ended ${end} ${message}`),
  };
}

/** Makes an interface of a link; the returned function gives it what was agreed on. */
function addInterface(link: PppNetworkLink, isDefault: boolean): (up: PppUp) => void {
  const ppp = stack.addInterface({ driver: link });
  return ({ ipv4 }) => {
    if (ipv4 === undefined) return;
    ppp.addAddress(`${ipv4.localAddress}/32`);
    ppp.addRoute({ destination: `${ipv4.peerAddress}/32` });
    if (isDefault) ppp.addRoute({ destination: "0.0.0.0/0" });
  };
}

/** Datagrams over a socket of the stack. */
function over(socket: DatagramConn, hostname: string, port: number): L2tpTransport {
  return {
    send(p: Pbuf) {
      const bytes = p.bytes.slice(p.start, p.end);
      p.release();
      socket.send(bytes, { transport: "udp", hostname, port }).catch(() => {});
    },
    flush: () => {},
  };
}

async function ping(hostname: string): Promise<void> {
  let replies = 0;
  for await (const { type } of stack.ping(hostname, { count: PING_COUNT, intervalMs: 300 })) {
    if (type === "reply") replies++;
  }
  console.log(`pings ${replies}`);
}

function servePppoe(): void {
  const station = new PppoeStation(ethernet.netif, stack.pool);
  const server = new PppoeServer(stack, station, () => {
    let configure = (_: PppUp): void => {};
    return {
      options: SERVER,
      handlers: tell((up) => configure(up)),
      made: (link) => configure = addInterface(link, false),
    };
  });
  closeRole = () => server.close();
}

async function serveL2tp(socket: DatagramConn): Promise<void> {
  const server = new L2tpServer(stack, () => {
    let configure = (_: PppUp): void => {};
    return {
      options: SERVER,
      handlers: tell((up) => configure(up)),
      made: (link) => configure = addInterface(link, false),
    };
  });
  closeRole = () => server.close();
  const transports = new Map<string, L2tpTransport>();
  for await (const [bytes, from] of socket) {
    const { hostname, port } = from as Deno.NetAddr;
    const peer = `${hostname}:${port}`;
    const transport = transports.get(peer) ?? over(socket, hostname, port);
    transports.set(peer, transport);
    server.datagramInput(peer, transport, bytes, 0, bytes.length);
  }
}

async function callL2tp(socket: DatagramConn): Promise<void> {
  let configure = (_: PppUp): void => {};
  const link = new L2tpLink(stack, over(socket, peerAddress, L2TP_PORT), { credentials: LOGIN }, {
    ...tell((up) => {
      configure(up);
      void ping("10.64.64.53");
    }),
  });
  configure = addInterface(link, true);
  closeRole = () => link.stop();
  link.start();
  for await (const [bytes] of socket) link.datagramInput(bytes, 0, bytes.length);
}

if (role === "pppoe-server") servePppoe();
else {
  const socket = stack.listenDatagram({ port: L2TP_PORT });
  void (role === "l2tp-server" ? serveL2tp(socket) : callL2tp(socket));
}
console.log("ready");
await new Promise<void>((resolve) => Deno.addSignalListener("SIGTERM", resolve));
closeRole();
await new Promise((resolve) => setTimeout(resolve, 300));
Deno.exit(0);
