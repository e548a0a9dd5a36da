/** ICMP messages (RFC 792, RFC 1191 §4, RFC 1812 §4.3.3).
 *
 * ```text
 * +---------------+---------------+-------------------------------+
 * |     type      |     code      |           checksum            |
 * +---------------+---------------+-------------------------------+
 * |  echo, timestamp: identifier  |        sequence number        |
 * |  unreachable: 0 | code 4: 0            | next-hop MTU         |
 * |  redirect: gateway            | parameter problem: pointer, 0 |
 * +-------------------------------+-------------------------------+
 * |  echo: data | errors: IP header and first bytes of the packet |
 * ```
 *
 * Refused: fewer than 8 bytes, a wrong checksum; errors that do not quote an IPv4 header and 8 bytes behind it.
 *
 * @module
 */
import type { IpErrorInfo } from "../protocol.ts";

/** Bytes of the header of every message. */
export const ICMP_HEADER_LENGTH = 8;
/** Type: echo reply. */
export const ICMP_ECHO_REPLY = 0;
/** Type: destination unreachable. */
export const ICMP_UNREACHABLE = 3;
/** Type: source quench, which is ignored (RFC 6633). */
export const ICMP_SOURCE_QUENCH = 4;
/** Type: redirect. */
export const ICMP_REDIRECT = 5;
/** Type: echo request. */
export const ICMP_ECHO_REQUEST = 8;
/** Type: time exceeded. */
export const ICMP_TIME_EXCEEDED = 11;
/** Type: parameter problem. */
export const ICMP_PARAMETER_PROBLEM = 12;
/** Type: timestamp request. */
export const ICMP_TIMESTAMP = 13;
/** Type: timestamp reply. */
export const ICMP_TIMESTAMP_REPLY = 14;

/** Codes of {@linkcode ICMP_UNREACHABLE} that we send. */
export const UNREACHABLE_CODE = {
  "net-unreachable": 0,
  "host-unreachable": 1,
  "protocol-unreachable": 2,
  "port-unreachable": 3,
  "fragmentation-needed": 4,
  "source-route-failed": 5,
  "prohibited": 13,
} as const;

/** What an ICMP unreachable that we send may say. */
export type UnreachableKind = keyof typeof UNREACHABLE_CODE;

/** Meanings of the codes of {@linkcode ICMP_UNREACHABLE} (RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1). */
const UNREACHABLE_KINDS: readonly IpErrorInfo["kind"][] = [
  "net-unreachable",
  "host-unreachable",
  "protocol-unreachable",
  "port-unreachable",
  "fragmentation-needed",
  "source-route-failed",
  "net-unreachable",
  "host-unreachable",
  "host-unreachable",
  "prohibited",
  "prohibited",
  "net-unreachable",
  "host-unreachable",
  "prohibited",
  "prohibited",
  "prohibited",
];

/** What an error means, whatever the family.
 *
 * @returns `undefined` when type and code are not those of a known error.
 */
export function icmpErrorKind(type: number, code: number): IpErrorInfo["kind"] | undefined {
  switch (type) {
    case ICMP_UNREACHABLE:
      return UNREACHABLE_KINDS[code];
    case ICMP_SOURCE_QUENCH:
      return code === 0 ? "source-quench" : undefined;
    case ICMP_TIME_EXCEEDED:
      return code === 0 ? "ttl-exceeded" : code === 1 ? "reassembly-timeout" : undefined;
    case ICMP_PARAMETER_PROBLEM:
      return code <= 2 ? "parameter-problem" : undefined;
    default:
      return undefined;
  }
}

/** Whether a message is an error, which must never be answered with another (RFC 1122 §3.2.2). Unknown types count
 * as errors, to be safe. */
export function isIcmpError(type: number): boolean {
  switch (type) {
    case ICMP_ECHO_REPLY:
    case ICMP_ECHO_REQUEST:
    case ICMP_TIMESTAMP:
    case ICMP_TIMESTAMP_REPLY:
    case 9: // router advertisement
    case 10: // router solicitation
    case 15: // information request
    case 16: // information reply
    case 17: // address mask request
    case 18: // address mask reply
      return false;
    default:
      return true;
  }
}

const TYPE_NAMES: Record<number, string> = {
  0: "echo reply",
  3: "unreachable",
  4: "source quench",
  5: "redirect",
  8: "echo request",
  11: "time exceeded",
  12: "parameter problem",
  13: "timestamp request",
  14: "timestamp reply",
};

/** A line like tcpdump's: "ICMP echo request, id 4660, seq 1, length 64". */
export function formatIcmpMessage(view: DataView, offset: number, length: number): string {
  if (length < ICMP_HEADER_LENGTH) return `ICMP truncated, length ${length}`;
  const type = view.getUint8(offset);
  const name = TYPE_NAMES[type] ?? `type ${type}`;
  const detail = isIcmpError(type)
    ? `, code ${view.getUint8(offset + 1)}`
    : `, id ${view.getUint16(offset + 4)}, seq ${view.getUint16(offset + 6)}`;
  return `ICMP ${name}${detail}, length ${length}`;
}
