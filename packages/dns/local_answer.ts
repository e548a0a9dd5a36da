/** Answers that need no server and no cache: hosts known here, and special names.
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip";
import { dnsFailure, type DnsResult, localDnsAnswer } from "./dns_result.ts";
import type { LocalHosts } from "./local_hosts.ts";
import { DNS_TYPE } from "./record_type.ts";
import { dnsRecord } from "./resource_record.ts";
import { addressOfReverseDnsName } from "./reverse_name.ts";
import { resolveSpecialName } from "./special_names.ts";

/** What is known of a name here: by `lookupLocal`, from the list of hosts, or because it is special.
 *
 * A name in the list has the addresses that stand there and no others: it is NODATA for the other family. Types other than
 * addresses are asked of servers.
 *
 * @param type type number.
 * @returns `undefined` when nothing is.
 */
export function resolveLocalName(
  name: string,
  type: number,
  hosts: LocalHosts,
  lookupLocal: ((name: string) => readonly IpAddress[] | undefined) | undefined,
): DnsResult | undefined {
  if (type === DNS_TYPE.PTR) {
    const address = addressOfReverseDnsName(name);
    const target = address === undefined ? undefined : hosts.nameOf(address);
    if (target !== undefined) {
      return localDnsAnswer(name, [dnsRecord(name, 0, { type: "PTR", data: target })]);
    }
  } else if (type === DNS_TYPE.A || type === DNS_TYPE.AAAA) {
    const known = lookupLocal?.(name) ?? hosts.addressesOf(name);
    if (known !== undefined) {
      const family = type === DNS_TYPE.A ? 4 : 6;
      const records = known.filter((address) => address.family === family)
        .map((data) => dnsRecord(name, 0, { type: family === 4 ? "A" : "AAAA", data }));
      return records.length === 0 ? dnsFailure("NODATA", name) : localDnsAnswer(name, records);
    }
  }
  return resolveSpecialName(name, type);
}
