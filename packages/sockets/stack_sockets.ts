/** Opens the sockets of a stack: from options as Deno has them to those of the layers.
 *
 * @module
 */
import type { Netif } from "@lightwire/netif";
import { type IpAddress, parseIpAddress } from "@lightwire/ip/address";
import type { TcpConnectOptions, TcpLayer, TcpState } from "@lightwire/tcp";
import type { UdpLayer } from "@lightwire/udp";
import { DatagramConn, type DatagramHost } from "./datagram_conn.ts";
import { netError, withDenoName } from "./errors.ts";
import { isLocalhost } from "./resolve.ts";
import type { ConnectOptions, ListenDatagramOptions, ListenOptions } from "./stack_options.ts";
import type { TcpConn } from "./tcp_conn.ts";
import { adoptConnection, connectTcp } from "./tcp_connector.ts";
import { type ListenerHost, TcpListener } from "./tcp_listener.ts";

/** What sockets need of a stack. */
export interface SocketHost extends Omit<DatagramHost, "closed">, Omit<ListenerHost, "closed"> {
  /** TCP. */
  readonly tcp: TcpLayer;
  /** UDP. */
  readonly udp: UdpLayer;
  /** Called once for each socket that is closed. */
  closed(socket: TcpListener | DatagramConn): void;
}

/** See `Stack.connect`; `addresses` are those of the host's name. */
export function openConnection(
  host: SocketHost,
  hostname: string,
  addresses: readonly IpAddress[],
  options: ConnectOptions,
): Promise<TcpConn> {
  assertPort(options.port, 1);
  const {
    localHostname,
    localPort,
    networkInterface,
    autoSelectFamilyAttemptDelay,
    timeoutMs,
    signal,
    fastOpen,
  } = options;
  const tcp: Omit<TcpConnectOptions, "remoteAddress"> = {
    ...options.tcp,
    remotePort: options.port,
    ...(localHostname === undefined ? {} : { localAddress: literal(localHostname) }),
    ...(localPort === undefined ? {} : { localPort }),
    ...(fastOpen === undefined ? {} : { fastOpenData: fastOpen }),
    ...boundTo(host, networkInterface),
  };
  return connectTcp(host, hostname, addresses, {
    tcp,
    signal,
    ...(autoSelectFamilyAttemptDelay === undefined ? {} : { attemptDelayMs: autoSelectFamilyAttemptDelay }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

/** See `Stack.listen`. */
export function openListener(host: SocketHost, options: ListenOptions): TcpListener {
  const port = options.port ?? 0;
  assertPort(port, 0);
  const address = literal(options.hostname ?? "0.0.0.0");
  const { tcpBacklog, fastOpen } = options;
  const endpoint = named(() =>
    host.tcp.listen({
      ...options.tcp,
      address,
      port,
      ...(tcpBacklog === undefined ? {} : { backlog: tcpBacklog }),
      ...(fastOpen === undefined ? {} : { fastOpen }),
      ...boundTo(host, options.networkInterface),
    }, (connection) => {
      connection.holdBacklog();
      const conn = adoptConnection(connection, host.pump);
      listener.offer(conn, () => connection.releaseBacklog());
      return conn.upcalls;
    })
  );
  const addr = { transport: "tcp" as const, hostname: address.toString(), port: endpoint.localPort };
  const listener: TcpListener = new TcpListener(host, endpoint, addr);
  return listener;
}

/** See `Stack.listenDatagram`. */
export function openDatagram(host: SocketHost, options: ListenDatagramOptions): DatagramConn {
  const port = options.port ?? 0;
  assertPort(port, 0);
  const endpoint = named(() =>
    host.udp.open({
      localAddress: literal(options.hostname ?? "0.0.0.0"),
      localPort: port,
      reuseAddress: options.reuseAddress ?? false,
      allowBroadcast: options.broadcast ?? true,
      dontFragment: options.dontFragment ?? false,
      lite: options.transport === "udplite",
      ...(options.ttl === undefined ? {} : { ttl: options.ttl }),
      ...boundTo(host, options.networkInterface),
    })
  );
  endpoint.multicastLoop = options.loopback ?? false;
  return new DatagramConn(endpoint, host, options);
}

/** How often connections are looked at while they drain. */
const DRAIN_INTERVAL_MS = 5;

/** Closes all connections and waits until each has delivered what was written and its FIN, but no longer than `graceMs`. */
export function drainConnections(
  host: Pick<SocketHost, "tcp" | "timers" | "pump">,
  graceMs: number,
): Promise<void> {
  const { tcp, timers, pump } = host;
  const endAt = timers.clock.now() + graceMs;
  for (const connection of tcp.connections()) connection.close();
  pump.hold();
  return new Promise<void>((resolve) => {
    const look = (): void => {
      const isDrained = [...tcp.connections()].every((c) => DELIVERED_STATES.includes(c.state));
      if (!isDrained && timers.clock.now() < endAt) return timer.start(DRAIN_INTERVAL_MS);
      pump.release();
      resolve();
    };
    const timer = timers.create(look);
    pump.requestFlush();
    look();
  });
}

/** States in which our FIN has been acknowledged, and so everything before it. */
const DELIVERED_STATES: readonly TcpState[] = ["FIN-WAIT-2", "TIME-WAIT", "CLOSED"];

function boundTo(host: SocketHost, name: string | undefined): { readonly boundNetif?: Netif } {
  if (name === undefined) return {};
  const boundNetif = host.findNetif(name);
  if (boundNetif === undefined) {
    throw netError("ADDRESS_NOT_AVAILABLE", `Cannot use ${name}: there is no such interface`);
  }
  return { boundNetif };
}

function literal(hostname: string): IpAddress {
  const address = parseIpAddress(isLocalhost(hostname) ? "127.0.0.1" : hostname);
  if (address === undefined) throw new TypeError(`Cannot use "${hostname}" here: an IP address is needed`);
  return address;
}

function assertPort(port: number, least: number): void {
  if (Number.isInteger(port) && port >= least && port <= 65535) return;
  throw new RangeError(`Cannot use port ${port}: it must be an integer from ${least} to 65535`);
}

function named<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw withDenoName(error);
  }
}
