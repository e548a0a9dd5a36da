/** What a response says about its question (RFC 1034 §4.3.1, §5.2.2; RFC 2308 §2).
 *
 * @module
 */
import { sameDnsName } from "./dns_name.ts";
import type { DnsMessage } from "./dns_message.ts";
import { MAX_ALIASES } from "./dns_result.ts";
import { DNS_CLASS_IN, DNS_RCODE, DNS_TYPE } from "./record_type.ts";
import type { DnsRecord } from "./resource_record.ts";

/** What a response says.
 *
 * - `FOUND`: here are the records.
 * - `ALIAS`: the name is an alias of another one, of which nothing is said.
 * - `NXDOMAIN`, `NODATA`: there is nothing.
 * - `CNAME_LOOP`: too many aliases.
 * - `REFERRAL`: ask others; not what a stub resolver can use.
 */
export type DnsReadingKind = "FOUND" | "ALIAS" | "NXDOMAIN" | "NODATA" | "CNAME_LOOP" | "REFERRAL";

/** A response, read. */
export interface DnsReading {
  /** What it says. */
  readonly kind: DnsReadingKind;
  /** The name that it says so about: the question's, or what that is an alias of. */
  readonly name: string;
  /** The aliases that lead there, in order. */
  readonly aliases: readonly DnsRecord[];
  /** Records of the type that was asked for. */
  readonly records: readonly DnsRecord[];
  /** Seconds for which all of it holds; 0 for the lack of records when no SOA record tells (RFC 2308 §5). */
  readonly ttl: number;
}

/** Reads a response whose code is NOERROR or NXDOMAIN. Only records of the question's name count, and of the names that
 * its aliases lead to: what else a server slips in is left aside.
 *
 * @param aliasesBefore aliases that were followed before, to be counted with these.
 */
export function readDnsAnswer(
  message: DnsMessage,
  name: string,
  type: number,
  aliasesBefore: number = 0,
): DnsReading {
  const aliases: DnsRecord[] = [];
  const own = message.answers.filter((record) => record.class === DNS_CLASS_IN);
  let owner = name;
  for (;;) {
    const about = own.filter((record) => sameDnsName(record.name, owner));
    const records = about.filter((record) => type === DNS_TYPE.ANY || record.typeNumber === type);
    if (records.length > 0) {
      return { kind: "FOUND", name: owner, aliases, records, ttl: leastTtl([...aliases, ...records]) };
    }
    const alias = about.find((record) => record.type === "CNAME");
    if (alias?.type !== "CNAME") break;
    aliases.push(alias);
    owner = alias.data;
    if (aliasesBefore + aliases.length > MAX_ALIASES) {
      return { kind: "CNAME_LOOP", name, aliases, records: [], ttl: 0 };
    }
  }
  const soa = message.authorities.find((record) => record.type === "SOA");
  const ttl = soa?.type !== "SOA" ? 0 : Math.min(soa.ttl, soa.data.minimum, leastTtl(aliases));
  return {
    kind: lackOf(message, soa !== undefined, aliases.length > 0),
    name: owner,
    aliases,
    records: [],
    ttl,
  };
}

/** The kinds of RFC 2308 §2.1 and §2.2. */
function lackOf(message: DnsMessage, hasSoa: boolean, hasAliases: boolean): DnsReadingKind {
  if (message.rcode === DNS_RCODE.NXDOMAIN) return "NXDOMAIN";
  if (hasSoa) return "NODATA";
  if (hasAliases) return "ALIAS";
  const isReferral = !message.isAuthoritative && message.authorities.some((record) => record.type === "NS");
  return isReferral ? "REFERRAL" : "NODATA";
}

function leastTtl(records: readonly DnsRecord[]): number {
  return records.reduce((least, record) => Math.min(least, record.ttl), Infinity);
}
