/** DNS records in the shapes of `Deno.resolveDns`.
 *
 * @module
 */
import { absoluteDnsName, type DnsRecord } from "@lightwire/dns";

/** An MX record, assignable to `Deno.MxRecord`. */
export interface MxRecord {
  /** The smallest is asked first. */
  preference: number;
  /** Who takes the mail. */
  exchange: string;
}

/** A SOA record, assignable to `Deno.SoaRecord`. */
export interface SoaRecord {
  /** The primary server. */
  mname: string;
  /** Mailbox of who is responsible. */
  rname: string;
  /** Version of the zone. */
  serial: number;
  /** Seconds between two looks of a secondary server. */
  refresh: number;
  /** Seconds until it tries again. */
  retry: number;
  /** Seconds after which it gives up. */
  expire: number;
  /** Seconds to remember that something does not exist, at most. */
  minimum: number;
}

/** An SRV record, assignable to `Deno.SrvRecord`. */
export interface SrvRecord {
  /** The smallest is asked first. */
  priority: number;
  /** Share among those of the same priority. */
  weight: number;
  /** Port of the service. */
  port: number;
  /** Host of the service. */
  target: string;
}

/** What `Stack.resolveDns` yields for each record type. */
export interface ResolvedRecords {
  /** IPv4 addresses. */
  A: string[];
  /** IPv6 addresses. */
  AAAA: string[];
  /** Aliases. */
  CNAME: string[];
  /** Name servers. */
  NS: string[];
  /** Names of an address. */
  PTR: string[];
  /** Mail exchangers. */
  MX: MxRecord[];
  /** Starts of authority. */
  SOA: SoaRecord[];
  /** Services. */
  SRV: SrvRecord[];
  /** Texts, each in its pieces. */
  TXT: string[][];
}

/** Record types that `Stack.resolveDns` takes. */
export type ResolvableType = keyof ResolvedRecords;

/** Translates records. Names end with a dot, as those of Deno do. */
export function toResolvedRecords<T extends ResolvableType>(
  type: T,
  records: readonly DnsRecord[],
): ResolvedRecords[T] {
  const found = records.filter((record) => record.type === type).map(toResolved);
  return found as unknown as ResolvedRecords[T];
}

function toResolved(record: DnsRecord): string | MxRecord | SoaRecord | SrvRecord | string[] {
  switch (record.type) {
    case "A":
    case "AAAA":
      return record.data.toString();
    case "CNAME":
    case "NS":
    case "PTR":
      return absoluteDnsName(record.data);
    case "MX":
      return { ...record.data, exchange: absoluteDnsName(record.data.exchange) };
    case "SOA":
      return {
        ...record.data,
        mname: absoluteDnsName(record.data.mname),
        rname: absoluteDnsName(record.data.rname),
      };
    case "SRV":
      return { ...record.data, target: absoluteDnsName(record.data.target) };
    case "TXT":
      return record.data.map((bytes) => new TextDecoder().decode(bytes));
    case "OPT":
    case "UNKNOWN":
      return "";
  }
}
