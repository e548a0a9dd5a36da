/** Resource records: what they say, their wire form, their text.
 *
 * ```text
 *   +-------------------------------+
 *   |  name, perhaps compressed     |
 *   +---------------+---------------+
 *   |     type      |     class     |
 *   +---------------+---------------+
 *   |              ttl              |
 *   +---------------+---------------+
 *   |   rdlength    |  rdata …
 *   +---------------+
 * ```
 *
 * Parsing refuses record data that does not fill its length exactly as its type demands. It lets through any type that is not
 * known here, as octets (RFC 3597 §3), and any class. A TTL with its highest bit set counts as 0 (RFC 2181 §8).
 *
 * @module
 */
import { addressFromBytes, addressToBytes, type IpAddress } from "@lightwire/ip";
import { absoluteDnsName, parseDnsName } from "./dns_name.ts";
import type { DnsWriter } from "./dns_writer.ts";
import { DNS_CLASS_IN, DNS_TYPE, dnsTypeName } from "./record_type.ts";

/** Data of a SOA record (RFC 1035 §3.3.13). */
export interface DnsSoaData {
  /** The primary server. */
  readonly mname: string;
  /** Mailbox of who is responsible, its first label being the part before the "@". */
  readonly rname: string;
  /** Version of the zone. */
  readonly serial: number;
  /** Seconds between two looks of a secondary server. */
  readonly refresh: number;
  /** Seconds until it tries again. */
  readonly retry: number;
  /** Seconds after which it gives up. */
  readonly expire: number;
  /** Seconds to remember that something does not exist, at most (RFC 2308 §4). */
  readonly minimum: number;
}

/** Data of an MX record (RFC 1035 §3.3.9). */
export interface DnsMxData {
  /** The smallest is asked first. */
  readonly preference: number;
  /** Who takes the mail. */
  readonly exchange: string;
}

/** Data of an SRV record (RFC 2782). */
export interface DnsSrvData {
  /** The smallest is asked first. */
  readonly priority: number;
  /** Share among those of the same priority. */
  readonly weight: number;
  /** Port of the service. */
  readonly port: number;
  /** Host of the service; "": there is none. */
  readonly target: string;
}

/** What a record says, by its type. */
export type DnsRecordData =
  | { readonly type: "A" | "AAAA"; readonly data: IpAddress }
  | { readonly type: "CNAME" | "NS" | "PTR"; readonly data: string }
  | { readonly type: "SOA"; readonly data: DnsSoaData }
  | { readonly type: "MX"; readonly data: DnsMxData }
  | { readonly type: "SRV"; readonly data: DnsSrvData }
  | { readonly type: "TXT"; readonly data: readonly Uint8Array[] }
  | { readonly type: "OPT"; readonly data: Uint8Array }
  | { readonly type: "UNKNOWN"; readonly data: Uint8Array };

/** A resource record. */
export type DnsRecord = DnsRecordData & {
  /** Whom it is about. */
  readonly name: string;
  /** Number of its type. */
  readonly typeNumber: number;
  /** Class; 1 for the Internet. In OPT: the largest UDP payload that its sender takes (RFC 6891 §6.1.2). */
  readonly class: number;
  /** Seconds for which it may be remembered. In OPT: extended response code, version, flags (RFC 6891 §6.1.3). */
  readonly ttl: number;
};

/** A record read from a message. */
export interface ParsedDnsRecord {
  /** It. */
  readonly record: DnsRecord;
  /** Offset of what follows it. */
  readonly end: number;
}

/** Makes a record of class IN.
 *
 * @param ttl seconds for which it may be remembered.
 */
export function dnsRecord(
  name: string,
  ttl: number,
  data: Exclude<DnsRecordData, { readonly type: "UNKNOWN" }>,
): DnsRecord {
  return { name, typeNumber: DNS_TYPE[data.type], class: DNS_CLASS_IN, ttl, ...data };
}

/** Reads the record at `offset` of a message.
 *
 * @returns `undefined` when it is malformed.
 */
export function parseDnsRecord(message: Uint8Array, offset: number): ParsedDnsRecord | undefined {
  const name = parseDnsName(message, offset);
  if (name === undefined || name.end + 10 > message.length) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const typeNumber = view.getUint16(name.end);
  const start = name.end + 10;
  const end = start + view.getUint16(name.end + 8);
  if (end > message.length) return undefined;
  const data = parseRecordData(message, view, typeNumber, start, end);
  if (data === undefined) return undefined;
  const ttl = view.getUint32(name.end + 4);
  const isOpt = typeNumber === DNS_TYPE.OPT;
  const record: DnsRecord = {
    name: name.name,
    typeNumber,
    class: view.getUint16(name.end + 2),
    ttl: !isOpt && ttl > 0x7fffffff ? 0 : ttl,
    ...data,
  };
  return { record, end };
}

/** Appends a record to a message.
 *
 * @throws {RangeError} when a name in it is none, or its data is too long.
 */
export function emitDnsRecord(writer: DnsWriter, record: DnsRecord): void {
  writer.name(record.name, true);
  writer.uint16(record.typeNumber);
  writer.uint16(record.class);
  writer.uint32(record.ttl);
  const finish = writer.length16();
  emitRecordData(writer, record);
  finish();
}

/** The data of a record as text, like a master file has it (RFC 1035 §5.1). */
export function formatDnsRecordData(record: DnsRecordData): string {
  switch (record.type) {
    case "A":
    case "AAAA":
      return record.data.toString();
    case "CNAME":
    case "NS":
    case "PTR":
      return absoluteDnsName(record.data);
    case "SOA": {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      const names = `${absoluteDnsName(mname)} ${absoluteDnsName(rname)}`;
      return `${names} ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
    }
    case "MX":
      return `${record.data.preference} ${absoluteDnsName(record.data.exchange)}`;
    case "SRV": {
      const { priority, weight, port, target } = record.data;
      return `${priority} ${weight} ${port} ${absoluteDnsName(target)}`;
    }
    case "TXT":
      return record.data.map(quote).join(" ");
    case "OPT":
    case "UNKNOWN": {
      const hex = Array.from(record.data, (octet) => octet.toString(16).padStart(2, "0")).join("");
      return `\\# ${record.data.length}${hex === "" ? "" : ` ${hex}`}`; // RFC 3597 §5
    }
  }
}

/** A record as a line of a master file: name, TTL, class, type, data. */
export function formatDnsRecord(record: DnsRecord): string {
  const kind = record.class === DNS_CLASS_IN ? "IN" : `CLASS${record.class}`;
  const type = dnsTypeName(record.typeNumber);
  return `${absoluteDnsName(record.name)} ${record.ttl} ${kind} ${type} ${formatDnsRecordData(record)}`;
}

function parseRecordData(
  message: Uint8Array,
  view: DataView,
  type: number,
  start: number,
  end: number,
): DnsRecordData | undefined {
  switch (type) {
    case DNS_TYPE.A:
    case DNS_TYPE.AAAA: {
      if (end - start !== (type === DNS_TYPE.A ? 4 : 16)) return undefined;
      const data = addressFromBytes(message.subarray(start, end));
      return data === undefined ? undefined : { type: type === DNS_TYPE.A ? "A" : "AAAA", data };
    }
    case DNS_TYPE.CNAME:
    case DNS_TYPE.NS:
    case DNS_TYPE.PTR: {
      const name = parseDnsName(message, start, end);
      if (name?.end !== end) return undefined;
      return { type: dnsTypeName(type) as "CNAME" | "NS" | "PTR", data: name.name };
    }
    case DNS_TYPE.SOA:
      return parseSoa(message, view, start, end);
    case DNS_TYPE.MX: {
      const name = parseDnsName(message, start + 2, end);
      if (name?.end !== end) return undefined;
      return { type: "MX", data: { preference: view.getUint16(start), exchange: name.name } };
    }
    case DNS_TYPE.SRV: {
      const name = parseDnsName(message, start + 6, end);
      if (name?.end !== end) return undefined;
      const priority = view.getUint16(start);
      const weight = view.getUint16(start + 2);
      return { type: "SRV", data: { priority, weight, port: view.getUint16(start + 4), target: name.name } };
    }
    case DNS_TYPE.TXT:
      return parseTxt(message, start, end);
    default:
      return { type: type === DNS_TYPE.OPT ? "OPT" : "UNKNOWN", data: message.slice(start, end) };
  }
}

function parseSoa(
  message: Uint8Array,
  view: DataView,
  start: number,
  end: number,
): DnsRecordData | undefined {
  const mname = parseDnsName(message, start, end);
  const rname = mname === undefined ? undefined : parseDnsName(message, mname.end, end);
  if (mname === undefined || rname === undefined || rname.end + 20 !== end) return undefined;
  return {
    type: "SOA",
    data: {
      mname: mname.name,
      rname: rname.name,
      serial: view.getUint32(rname.end),
      refresh: view.getUint32(rname.end + 4),
      retry: view.getUint32(rname.end + 8),
      expire: view.getUint32(rname.end + 12),
      minimum: view.getUint32(rname.end + 16),
    },
  };
}

function parseTxt(message: Uint8Array, start: number, end: number): DnsRecordData | undefined {
  const data: Uint8Array[] = [];
  for (let at = start; at < end;) {
    const next = at + 1 + message[at]!;
    if (next > end) return undefined;
    data.push(message.slice(at + 1, next));
    at = next;
  }
  return data.length === 0 ? undefined : { type: "TXT", data };
}

function emitRecordData(writer: DnsWriter, record: DnsRecordData): void {
  switch (record.type) {
    case "A":
    case "AAAA":
      return writer.bytes(addressToBytes(record.data));
    case "CNAME":
    case "NS":
    case "PTR":
      return writer.name(record.data, true);
    case "SOA": {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      writer.name(mname, true);
      writer.name(rname, true);
      for (const value of [serial, refresh, retry, expire, minimum]) writer.uint32(value);
      return;
    }
    case "MX":
      writer.uint16(record.data.preference);
      return writer.name(record.data.exchange, true);
    case "SRV":
      writer.uint16(record.data.priority);
      writer.uint16(record.data.weight);
      writer.uint16(record.data.port);
      return writer.name(record.data.target, false); // RFC 2782, "Target"
    case "TXT":
      for (const text of record.data) {
        if (text.length > 255) throw new RangeError(`Cannot write a string of ${text.length} bytes`);
        writer.uint8(text.length);
        writer.bytes(text);
      }
      return;
    case "OPT":
    case "UNKNOWN":
      return writer.bytes(record.data);
  }
}

function quote(text: Uint8Array): string {
  let quoted = "";
  for (const octet of text) {
    if (octet === 0x22 || octet === 0x5c) quoted += `\\${String.fromCharCode(octet)}`;
    else if (octet >= 0x20 && octet < 0x7f) quoted += String.fromCharCode(octet);
    else quoted += `\\${String(octet).padStart(3, "0")}`;
  }
  return `"${quoted}"`;
}
