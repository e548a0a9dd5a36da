/** Names of addresses: in-addr.arpa (RFC 1035 §3.5) and ip6.arpa (RFC 3596 §2.5).
 *
 * @module
 */
import { addressFromBytes, addressToBytes, type IpAddress, parseIpAddress } from "@lightwire/ip";
import { dnsNameKey } from "./dns_name.ts";

/** The name under which the PTR records of an address stand: `1.2.0.192.in-addr.arpa` for 192.0.2.1. */
export function reverseDnsName(address: IpAddress): string {
  const bytes = [...addressToBytes(address)].reverse();
  if (address.family === 4) return `${bytes.join(".")}.in-addr.arpa`;
  return `${bytes.map((b) => `${(b & 15).toString(16)}.${(b >> 4).toString(16)}`).join(".")}.ip6.arpa`;
}

/** The address that a name of in-addr.arpa or ip6.arpa belongs to.
 *
 * @returns `undefined` when it is another name, or stands for less than a whole address.
 */
export function addressOfReverseDnsName(name: string): IpAddress | undefined {
  const key = dnsNameKey(name);
  if (key.endsWith(".in-addr.arpa")) {
    const labels = key.slice(0, -".in-addr.arpa".length).split(".");
    return labels.length === 4 ? parseIpAddress(labels.reverse().join(".")) : undefined;
  }
  if (!/^(?:[0-9a-f]\.){32}ip6\.arpa$/.test(key)) return undefined;
  const nibbles = key.slice(0, 63).split(".").reverse();
  const bytes = Uint8Array.from(
    { length: 16 },
    (_, i) => parseInt(nibbles[2 * i]! + nibbles[2 * i + 1]!, 16),
  );
  return addressFromBytes(bytes);
}
