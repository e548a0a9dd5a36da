/** Names that no server is asked about (RFC 6761, RFC 7686).
 *
 * @module
 */
import { IPV4_LOOPBACK, IPV6_LOOPBACK } from "@lightwire/ip";
import { isWithinDomain } from "./dns_name.ts";
import { dnsFailure, type DnsResult, localDnsAnswer } from "./dns_result.ts";
import { DNS_TYPE } from "./record_type.ts";
import { dnsRecord } from "./resource_record.ts";
import { addressOfReverseDnsName } from "./reverse_name.ts";

/** What is known of a name in advance: that `localhost` and all below it is ourselves (RFC 6761 §6.3), that nothing exists
 * below `invalid` (RFC 6761 §6.4) and, in DNS, below `onion` (RFC 7686 §2).
 *
 * @param type type number.
 * @returns `undefined` when servers are to be asked.
 */
export function resolveSpecialName(name: string, type: number): DnsResult | undefined {
  if (isWithinDomain(name, "localhost")) {
    if (type === DNS_TYPE.A) {
      return localDnsAnswer(name, [dnsRecord(name, 0, { type: "A", data: IPV4_LOOPBACK })]);
    }
    if (type === DNS_TYPE.AAAA) {
      return localDnsAnswer(name, [dnsRecord(name, 0, { type: "AAAA", data: IPV6_LOOPBACK })]);
    }
    return dnsFailure("NODATA", name);
  }
  if (isWithinDomain(name, "invalid") || isWithinDomain(name, "onion")) return dnsFailure("NXDOMAIN", name);
  if (type !== DNS_TYPE.PTR) return undefined;
  return addressOfReverseDnsName(name)?.isLoopback === true
    ? localDnsAnswer(name, [dnsRecord(name, 0, { type: "PTR", data: "localhost" })])
    : undefined;
}
