/** {@linkcode NetAddr}: a transport address as Deno writes it.
 *
 * @module
 */

/** A transport address, assignable to and from `Deno.NetAddr`. */
export interface NetAddr {
  /** The transport protocol. */
  transport: "tcp" | "udp";
  /** The IP address as text. */
  hostname: string;
  /** The port. */
  port: number;
}

/** "10.0.0.2:80", "[fe80::1%2]:80". */
export function formatNetAddr(address: NetAddr): string {
  return `${formatHost(address.hostname)}:${address.port}`;
}

/** A host as it stands before a port: IPv6 addresses in brackets. */
export function formatHost(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
