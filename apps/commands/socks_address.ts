/** Addresses in SOCKS 5 (RFC 1928 §5): `01 IPv4 (4) | 03 length (1) name | 04 IPv6 (16)`, then the port (2).
 *
 * @module
 */
import { parseIpAddress } from "@lightwire/ip/address";
import type { Endpoint } from "./forward.ts";

/** Reads type, address and port from octets, of a request or of a datagram.
 *
 * @returns also how many octets they were; `undefined` when they are none.
 */
export function parseSocksAddress(bytes: Uint8Array): Endpoint & { readonly length: number } | undefined {
  const type = bytes[0];
  const start = type === 3 ? 2 : 1;
  const length = type === 1 ? 4 : type === 4 ? 16 : type === 3 ? bytes[1] : undefined;
  if (length === undefined || length === 0 || bytes.length < start + length + 2) return undefined;
  const octets = bytes.subarray(start, start + length);
  const port = bytes[start + length]! * 256 + bytes[start + length + 1]!;
  return { hostname: addressText(type!, octets), port, length: start + length + 2 };
}

function addressText(type: number, octets: Uint8Array): string {
  if (type === 1) return octets.join(".");
  if (type === 3) return String.fromCharCode(...octets);
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((octets[i]! * 256 + octets[i + 1]!).toString(16));
  return groups.join(":");
}

/** Type, address and port as octets. What is no address is written as 0.0.0.0. */
export function emitSocksAddress({ hostname, port }: Endpoint): Uint8Array {
  const address = parseIpAddress(hostname);
  const words = address === undefined
    ? [0]
    : address.family === 4
    ? [address.w3]
    : [address.w0, address.w1, address.w2, address.w3];
  const octets = words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
  return Uint8Array.of(octets.length === 4 ? 1 : 4, ...octets, port >> 8, port & 255);
}
