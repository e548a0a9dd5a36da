/** From what a user asks for to a TCB or a listener with addresses and ports: the parameters of OPEN (RFC 9293 §3.10.1).
 *
 * @module
 */
import { formatIpAddress, type IpAddress, IPV4_ANY, IPV6_ANY } from "@lightwire/ip";
import { NetError, type NetErrorCode, type Netif } from "@lightwire/netif";
import { TcpConnection, type TcpHandlers } from "./connection.ts";
import type { TcpListener, TcpListenOptions } from "./listener.ts";
import { followRoute, forwardRoute } from "./source_route.ts";
import { Tcb } from "./tcb.ts";
import { resolveConnectionOptions, type TcpConnectionOptions } from "./tcp_config.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import { setUpRoute } from "./transmit.ts";
import { openActive, send } from "./user_calls.ts";

/** Options of {@linkcode TcpLayer.connect}. */
export interface TcpConnectOptions extends TcpConnectionOptions {
  /** Whom to connect to. */
  readonly remoteAddress: IpAddress;
  /** Port there, 1 … 65535. */
  readonly remotePort: number;
  /** Our address. Default: as routing says. */
  readonly localAddress?: IpAddress;
  /** Our port. Default: an ephemeral one, drawn as RFC 6056 §3.3.3 says. */
  readonly localPort?: number;
  /** Use this interface only. */
  readonly boundNetif?: Netif;
  /** Ask for a Fast Open cookie, and with one let text that is handed over before the next flush travel in the SYN (RFC 7413).
   * The server may get that text twice: only for requests that bear it. Default false. */
  readonly fastOpen?: boolean;
  /** With {@linkcode fastOpen}: text goes with the SYN although the server has given no cookie, and no option says so (Linux:
   * TCP_FASTOPEN_NO_COOKIE). For servers that are known to take it: others drop the text, and it is sent again. Default false. */
  readonly fastOpenWithoutCookie?: boolean;
  /** Text to begin with, as by {@linkcode TcpConnection.send}; implies {@linkcode fastOpen}. */
  readonly fastOpenData?: Uint8Array;
  /** IPv4 options of every packet: a multiple of 4 bytes, 40 at most. Not copied. A source route (MUST-51) names all its
   * routers in order, the first one included. */
  readonly ipOptions?: Uint8Array;
}

/** OPEN, active.
 *
 * @throws {RangeError} if a port is not one.
 * @throws {NetError} no route, no such address of ours, port or connection in use, too many connections.
 */
export function openConnection(layer: TcpLayer, o: TcpConnectOptions, handlers: TcpHandlers): TcpConnection {
  checkPort("remotePort", o.remotePort, 1);
  checkPort("localPort", o.localPort ?? 0, 0);
  const { remoteAddress, remotePort } = o;
  if (remoteAddress.isUnspecified || remoteAddress.isMulticast || remoteAddress.isLimitedBroadcast) {
    throw openError("NETWORK_UNREACHABLE", o, "TCP needs the address of one host");
  }
  const tcb = new Tcb(layer, resolveConnectionOptions(o, layer.config), handlers);
  tcb.connection = new TcpConnection(tcb);
  tcb.remoteAddress = remoteAddress;
  tcb.remotePort = remotePort;
  const wanted = o.localAddress;
  if (wanted !== undefined && !wanted.isUnspecified) {
    if (!layer.ip.isLocalAddress(wanted)) {
      throw openError("ADDRESS_NOT_AVAILABLE", o, `${formatIpAddress(wanted)} is no address of this host`);
    }
    tcb.localAddress = wanted;
  } else {
    tcb.localAddress = remoteAddress.family === 4 ? IPV4_ANY : IPV6_ANY;
  }
  setUpRoute(tcb, o.boundNetif);
  const route = o.ipOptions === undefined ? undefined : forwardRoute(o.ipOptions, remoteAddress);
  if (route !== undefined) followRoute(tcb, route);
  else tcb.tx.options = o.ipOptions;
  const code = layer.ip.prepare(tcb.tx);
  if (code !== undefined) throw openError(code, o, REASONS[code] ?? code);
  tcb.localAddress = tcb.tx.source;
  tcb.localPort = choosePort(layer, tcb, o);
  if (!layer.addConnection(tcb)) {
    throw openError("NO_BUFFERS", o, "too many connections");
  }
  layer.authentication?.attach(tcb);
  const { fastOpenData } = o;
  if (o.fastOpen ?? fastOpenData !== undefined) {
    layer.handshakes.fastOpen.ask(tcb, o.fastOpenWithoutCookie ?? false);
  }
  openActive(tcb);
  if (fastOpenData !== undefined) send(tcb, fastOpenData, 0, fastOpenData.length, false, false);
  return tcb.connection;
}

const REASONS: Partial<Record<NetErrorCode, string>> = {
  HOST_UNREACHABLE: "no route to host",
  NETWORK_UNREACHABLE: "no route to that network",
  NETWORK_DOWN: "the interface is down",
  ADDRESS_NOT_AVAILABLE: "there is no address to send from",
  ACCESS_DENIED: "it is a broadcast address",
};

function choosePort(layer: TcpLayer, tcb: Tcb, o: TcpConnectOptions): number {
  const { localAddress, remoteAddress, remotePort } = tcb;
  const isFree = (port: number) => layer.find(localAddress, port, remoteAddress, remotePort) === undefined;
  const wanted = o.localPort ?? 0;
  if (wanted !== 0) {
    if (!isFree(wanted)) throw openError("ADDRESS_IN_USE", o, "this connection exists already");
    return wanted;
  }
  const port = layer.ephemeralPorts.next(
    (candidate) => isFree(candidate) && layer.listeners.onPort(candidate).length === 0,
    layer.isns.portOffset(localAddress, remoteAddress, remotePort),
  );
  if (port === undefined) throw openError("ADDRESS_NOT_AVAILABLE", o, "no ephemeral port is free");
  return port;
}

function openError(code: NetErrorCode, o: TcpConnectOptions, why: string): NetError {
  const remoteAddress = formatIpAddress(o.remoteAddress);
  return new NetError(code, `Cannot connect to ${remoteAddress}:${o.remotePort}: ${why}`, {
    remoteAddress,
    remotePort: o.remotePort,
    localPort: o.localPort,
  });
}

/** The port a listener gets: the one it asks for if that is free, or an ephemeral one for 0.
 *
 * Deviation from lwIP (TC-13), with Linux: two listeners of one address and port need `reusePort`; `reuseAddress`
 * is about connections that still hold the port.
 *
 * @throws {RangeError} if the port is not one.
 * @throws {NetError} ADDRESS_IN_USE, ADDRESS_NOT_AVAILABLE.
 */
export function chooseListenPort(layer: TcpLayer, o: TcpListenOptions): number {
  checkPort("port", o.port, 0);
  const address = o.address ?? IPV4_ANY;
  if (!address.isUnspecified && !layer.ip.isLocalAddress(address)) {
    throw listenError("ADDRESS_NOT_AVAILABLE", address, o.port, "it is no address of this host");
  }
  if (o.port === 0) {
    const port = layer.ephemeralPorts.next(
      (candidate) => layer.listeners.onPort(candidate).length === 0,
      layer.random.uint32(),
    );
    if (port === undefined) throw listenError("ADDRESS_IN_USE", address, 0, "no ephemeral port is free");
    return port;
  }
  for (const other of layer.listeners.onPort(o.port)) {
    if (collides(other, address, o)) {
      throw listenError("ADDRESS_IN_USE", address, o.port, "another listener has the port");
    }
  }
  if (o.reuseAddress === false) {
    for (const tcb of layer.tcbs()) {
      if (tcb.localPort === o.port && (address.isUnspecified || tcb.localAddress.equals(address))) {
        throw listenError("ADDRESS_IN_USE", address, o.port, "a connection still has the port");
      }
    }
  }
  return o.port;
}

function collides(other: TcpListener, address: IpAddress, o: TcpListenOptions): boolean {
  if (other.reusePort && o.reusePort === true) return false;
  if (other.localAddress.family !== address.family) return false;
  if (other.boundNetif !== undefined && o.boundNetif !== undefined && other.boundNetif !== o.boundNetif) {
    return false;
  }
  // A special address beside a wildcard is found first (TC-02): no collision, as on Linux with SO_REUSEADDR.
  if (other.localAddress.isUnspecified !== address.isUnspecified) {
    return !(other.reuseAddress && o.reuseAddress !== false);
  }
  return other.localAddress.equals(address) && other.boundNetif === o.boundNetif;
}

function listenError(code: NetErrorCode, address: IpAddress, port: number, why: string): NetError {
  const localAddress = formatIpAddress(address);
  return new NetError(code, `Cannot listen on ${localAddress}:${port}: ${why}`, {
    localAddress,
    localPort: port,
  });
}

function checkPort(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value > 65535) {
    throw new RangeError(`${name} must be an integer in the range ${least} … 65535: got ${value}`);
  }
}
