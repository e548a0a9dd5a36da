/** DNS messages (RFC 1035 §4.1), of resolvers and of servers.
 *
 * ```text
 *   +---------------------------------------------------------------+
 *   |              id               |QR|opcode |AA|TC|RD|RA|Z|AD|CD|rcode|   0
 *   +---------------------------------------------------------------+
 *   |           questions           |            answers            |   4
 *   +---------------------------------------------------------------+
 *   |          authorities          |          additionals          |   8
 *   +---------------------------------------------------------------+
 *   |  the questions, then the records of the three sections          12
 * ```
 *
 * Parsing refuses what is shorter than 12 bytes, a question or a record that is malformed or cut, and more than one OPT record
 * (RFC 6891 §6.1.1). It lets through octets after the last record, and, in a message with TC, records that are cut: those before
 * are kept. It never throws.
 *
 * @module
 */
import { parseDnsName } from "./dns_name.ts";
import { DnsWriter } from "./dns_writer.ts";
import { DNS_CLASS_IN, DNS_TYPE } from "./record_type.ts";
import { type DnsRecord, emitDnsRecord, parseDnsRecord } from "./resource_record.ts";

/** Bytes of a message before its questions. */
export const DNS_HEADER_LENGTH = 12;
/** UDP payload that we take: fits the smallest MTU of IPv6 unfragmented (RFC 6891 §6.2.5; DNS flag day 2020). */
export const DNS_UDP_PAYLOAD_BYTES = 1232;

const QR = 0x8000;
const AA = 0x0400;
const TC = 0x0200;
const RD = 0x0100;
const RA = 0x0080;
const AD = 0x0020;
const CD = 0x0010;

/** A question (RFC 1035 §4.1.2). */
export interface DnsQuestion {
  /** About whom. */
  readonly name: string;
  /** Number of the type asked for; see `DNS_TYPE`. */
  readonly type: number;
  /** Class; 1 for the Internet. */
  readonly class: number;
}

/** A message. */
export interface DnsMessage {
  /** Ties a response to its query. */
  readonly id: number;
  /** QR: a response. */
  readonly isResponse: boolean;
  /** Kind of query; 0: a standard one. */
  readonly opcode: number;
  /** AA: the server is an authority for the name. */
  readonly isAuthoritative: boolean;
  /** TC: cut; ask again over TCP. */
  readonly isTruncated: boolean;
  /** RD: please ask other servers too. */
  readonly recursionDesired: boolean;
  /** RA: the server would. */
  readonly recursionAvailable: boolean;
  /** AD: the server has verified it (RFC 4035 §3.2.3). */
  readonly isAuthentic: boolean;
  /** CD: do not verify (RFC 4035 §3.2.2). */
  readonly checkingDisabled: boolean;
  /** Response code, that of an OPT record included (RFC 6891 §6.1.3); see `DNS_RCODE`. */
  readonly rcode: number;
  /** Questions. */
  readonly questions: readonly DnsQuestion[];
  /** Records that answer. */
  readonly answers: readonly DnsRecord[];
  /** Records about authorities. */
  readonly authorities: readonly DnsRecord[];
  /** Further records, OPT included. */
  readonly additionals: readonly DnsRecord[];
}

/** Why octets are no message. */
export type DnsParseFailure = "HEADER_CUT" | "BAD_QUESTION" | "BAD_RECORD" | "TWO_OPT_RECORDS";

/** What {@linkcode emitDnsQuery} writes. */
export interface DnsQuery {
  /** Ties the response to it. */
  readonly id: number;
  /** About whom. */
  readonly name: string;
  /** Number of the type asked for. */
  readonly type: number;
  /** RD; default true. */
  readonly recursionDesired?: boolean;
  /** UDP payload we take, told in an OPT record (RFC 6891 §6.2.3); 0: no such record. Default
   * {@linkcode DNS_UDP_PAYLOAD_BYTES}. */
  readonly udpPayloadBytes?: number;
}

/** Reads a message. */
export function parseDnsMessage(bytes: Uint8Array): DnsMessage | DnsParseFailure {
  if (bytes.length < DNS_HEADER_LENGTH) return "HEADER_CUT";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  const isTruncated = (flags & TC) !== 0;
  const questions: DnsQuestion[] = [];
  let at = DNS_HEADER_LENGTH;
  for (let rest = view.getUint16(4); rest > 0; rest--) {
    const name = parseDnsName(bytes, at);
    if (name === undefined || name.end + 4 > bytes.length) return "BAD_QUESTION";
    questions.push({
      name: name.name,
      type: view.getUint16(name.end),
      class: view.getUint16(name.end + 2),
    });
    at = name.end + 4;
  }
  const sections: [DnsRecord[], DnsRecord[], DnsRecord[]] = [[], [], []];
  let isCut = false;
  for (let i = 0; i < sections.length && !isCut; i++) {
    for (let rest = view.getUint16(6 + 2 * i); rest > 0; rest--) {
      const parsed = parseDnsRecord(bytes, at);
      if (parsed === undefined) {
        if (!isTruncated) return "BAD_RECORD";
        isCut = true;
        break;
      }
      sections[i]!.push(parsed.record);
      at = parsed.end;
    }
  }
  const [answers, authorities, additionals] = sections;
  const opt = additionals.filter((record) => record.type === "OPT");
  if (opt.length > 1) return "TWO_OPT_RECORDS";
  const extended = opt.length === 0 ? 0 : opt[0]!.ttl >>> 24 << 4;
  const header = { id: view.getUint16(0), ...parseFlags(flags), rcode: (flags & 15) | extended };
  return { ...header, questions, answers, authorities, additionals };
}

/** Writes a message; its OPT record, if any, gets the upper bits of the response code.
 *
 * @throws {RangeError} when a name in it is none, or a part is too long; or the response code needs an OPT record which it has not.
 */
export function emitDnsMessage(message: DnsMessage): Uint8Array<ArrayBuffer> {
  const writer = new DnsWriter();
  writer.uint16(message.id);
  writer.uint16(emitFlags(message));
  writer.uint16(message.questions.length);
  writer.uint16(message.answers.length);
  writer.uint16(message.authorities.length);
  writer.uint16(message.additionals.length);
  for (const question of message.questions) {
    writer.name(question.name, true);
    writer.uint16(question.type);
    writer.uint16(question.class);
  }
  for (const record of message.answers) emitDnsRecord(writer, record);
  for (const record of message.authorities) emitDnsRecord(writer, record);
  let hasOpt = false;
  for (const record of message.additionals) {
    if (record.type !== "OPT") emitDnsRecord(writer, record);
    else {
      hasOpt = true;
      const ttl = ((record.ttl & 0xffffff) | (message.rcode >>> 4) << 24) >>> 0;
      emitDnsRecord(writer, { ...record, ttl });
    }
  }
  if (message.rcode > 15 && !hasOpt) {
    throw new RangeError(`Cannot write response code ${message.rcode} without an OPT record`);
  }
  return writer.finish();
}

/** Writes a query of one question.
 *
 * @throws {RangeError} when the name is none.
 */
export function emitDnsQuery(query: DnsQuery): Uint8Array<ArrayBuffer> {
  const payloadBytes = query.udpPayloadBytes ?? DNS_UDP_PAYLOAD_BYTES;
  return emitDnsMessage({
    id: query.id,
    isResponse: false,
    opcode: 0,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired: query.recursionDesired ?? true,
    recursionAvailable: false,
    isAuthentic: false,
    checkingDisabled: false,
    rcode: 0,
    questions: [{ name: query.name, type: query.type, class: DNS_CLASS_IN }],
    answers: [],
    authorities: [],
    additionals: payloadBytes === 0 ? [] : [dnsOptRecord(payloadBytes)],
  });
}

/** A response to a query, without records: for servers.
 *
 * @param change what is to differ.
 */
export function dnsResponse(query: DnsMessage, change: Partial<DnsMessage> = {}): DnsMessage {
  return {
    ...query,
    isResponse: true,
    isAuthoritative: false,
    isTruncated: false,
    recursionAvailable: true,
    isAuthentic: false,
    rcode: 0,
    answers: [],
    authorities: [],
    additionals: query.additionals.some((r) => r.type === "OPT") ? [dnsOptRecord(DNS_UDP_PAYLOAD_BYTES)] : [],
    ...change,
  };
}

/** An OPT record without options (RFC 6891 §6.1.2). */
export function dnsOptRecord(udpPayloadBytes: number): DnsRecord {
  return {
    name: "",
    type: "OPT",
    typeNumber: DNS_TYPE.OPT,
    class: udpPayloadBytes,
    ttl: 0,
    data: new Uint8Array(0),
  };
}

type Flags = Omit<DnsMessage, "id" | "rcode" | "questions" | "answers" | "authorities" | "additionals">;

function parseFlags(flags: number): Flags {
  return {
    isResponse: (flags & QR) !== 0,
    opcode: flags >>> 11 & 15,
    isAuthoritative: (flags & AA) !== 0,
    isTruncated: (flags & TC) !== 0,
    recursionDesired: (flags & RD) !== 0,
    recursionAvailable: (flags & RA) !== 0,
    isAuthentic: (flags & AD) !== 0,
    checkingDisabled: (flags & CD) !== 0,
  };
}

function emitFlags(message: DnsMessage): number {
  return (message.isResponse ? QR : 0) | (message.opcode & 15) << 11 | (message.isAuthoritative ? AA : 0) |
    (message.isTruncated ? TC : 0) | (message.recursionDesired ? RD : 0) |
    (message.recursionAvailable ? RA : 0) | (message.isAuthentic ? AD : 0) |
    (message.checkingDisabled ? CD : 0) | (message.rcode & 15);
}
