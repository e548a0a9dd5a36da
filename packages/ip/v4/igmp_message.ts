/** IGMP messages (RFC 3376 §4, RFC 2236 §2, RFC 1112).
 *
 * ```text
 * query      | 0x11 | max resp code |   checksum    |   group address                |
 *            | resv S QRV | QQIC    | number of sources | sources …                  |   version 3 only
 * report v3  | 0x22 | 0             |   checksum    | 0  | number of records         |
 *   record   | type | aux len       | number of sources | group | sources … | aux    |
 * older      | 0x12 report v1, 0x16 report v2, 0x17 leave | max resp | checksum | group |
 * ```
 *
 * Refused: fewer than 8 bytes, a wrong checksum, 9 to 11 bytes of a query, sources beyond the end. Other types are let
 * through as "other".
 *
 * @module
 */
import { finishSum, type Pbuf, sumPbuf } from "@lightwire/pbuf";
import { type IpAddress, ipv4 } from "../address.ts";
import type { GroupRecord, MembershipQuery } from "../membership_reporter.ts";

/** Type: membership query. */
export const IGMP_QUERY = 0x11;
/** Type: report of version 1. */
export const IGMP_V1_REPORT = 0x12;
/** Type: report of version 2. */
export const IGMP_V2_REPORT = 0x16;
/** Type: leave group (version 2). */
export const IGMP_LEAVE = 0x17;
/** Type: report of version 3. */
export const IGMP_V3_REPORT = 0x22;

/** Longest answer time of a query of version 1 (RFC 2236 §4): 10 s. */
const V1_MAX_RESPONSE_MS = 10_000;
/** Sources of a query that are looked at; more cannot come in one Ethernet frame. */
const SOURCES_MAX = 366;

/** What {@linkcode parseIgmpMessage} found. */
export type IgmpMessage =
  | { readonly type: "query"; readonly query: MembershipQuery }
  | { readonly type: "report"; readonly group: IpAddress }
  | { readonly type: "other" };

/** Why {@linkcode parseIgmpMessage} refused. */
export type IgmpParseFailure = "truncated" | "bad-checksum";

/** Reads the message at the start of `p`, whose first node must hold all of it. */
export function parseIgmpMessage(p: Pbuf): IgmpMessage | IgmpParseFailure {
  const { view, start } = p;
  const length = p.end - start;
  if (length < 8 || p.next !== undefined) return "truncated";
  if (sumPbuf(p, 0) !== 0xffff) return "bad-checksum";
  const type = view.getUint8(start);
  if (type === IGMP_V1_REPORT || type === IGMP_V2_REPORT) {
    return { type: "report", group: ipv4(view.getUint32(start + 4)) };
  }
  if (type !== IGMP_QUERY) return { type: "other" };
  const code = view.getUint8(start + 1);
  const groupBits = view.getUint32(start + 4);
  const group = groupBits === 0 ? undefined : ipv4(groupBits);
  if (length === 8) {
    const version = code === 0 ? 1 : 2;
    const maxResponseMs = version === 1 ? V1_MAX_RESPONSE_MS : code * 100;
    const query = { version, group, sources: [], maxResponseMs, robustness: 0, queryIntervalMs: 0 } as const;
    return { type: "query", query };
  }
  if (length < 12) return "truncated";
  const count = view.getUint16(start + 10);
  if (length < 12 + 4 * count || count > SOURCES_MAX) return "truncated";
  const sources: IpAddress[] = [];
  for (let i = 0; i < count; i++) sources.push(ipv4(view.getUint32(start + 12 + 4 * i)));
  const query: MembershipQuery = {
    version: 3,
    group,
    sources,
    maxResponseMs: decodeTimeCode(code) * 100,
    robustness: view.getUint8(start + 8) & 7,
    queryIntervalMs: decodeTimeCode(view.getUint8(start + 9)) * 1000,
  };
  return { type: "query", query };
}

/** The value of a max resp code or QQIC: itself below 128, else a small floating-point number (RFC 3376 §4.1.1). */
export function decodeTimeCode(code: number): number {
  return code < 128 ? code : ((code & 0x0f) | 0x10) << (((code >> 4) & 7) + 3);
}

/** Bytes of a record in a report of version 3. */
export function groupRecordLength(record: GroupRecord): number {
  return 8 + 4 * record.sources.length;
}

/** Writes a report of version 3 into `p`, whose length must be 8 and that of all records. */
export function emitIgmpV3Report(p: Pbuf, records: readonly GroupRecord[]): void {
  const { view } = p;
  let at = p.start;
  view.setUint32(at, IGMP_V3_REPORT << 24);
  view.setUint32(at + 4, records.length);
  at += 8;
  for (const record of records) {
    view.setUint32(at, (record.type << 24) | record.sources.length);
    view.setUint32(at + 4, record.group.w3);
    at += 8;
    for (const source of record.sources) {
      view.setUint32(at, source.w3);
      at += 4;
    }
  }
  view.setUint16(p.start + 2, finishSum(sumPbuf(p, 0)));
}

/** Writes a message of versions 1 and 2 into the 8 bytes of `p`. */
export function emitIgmpV2Message(p: Pbuf, type: number, group: IpAddress): void {
  const { view, start } = p;
  view.setUint32(start, (type << 24) >>> 0);
  view.setUint32(start + 4, group.w3);
  view.setUint16(start + 2, finishSum(sumPbuf(p, 0)));
}
