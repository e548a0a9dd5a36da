/** {@linkcode DnsResult}: what a question came to.
 *
 * @module
 */
import type { NetErrorCode } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";
import type { DnsRecord } from "./resource_record.ts";

/** Why there is no answer.
 *
 * - `NXDOMAIN`: the name does not exist.
 * - `NODATA`: the name exists, but has no record of that type (RFC 2308 §2.2).
 * - `SERVFAIL`: a server said that it could not, and none said anything better.
 * - `REFUSED`: a server said that it would not, and none said anything better.
 * - `MALFORMED`: servers answered with what is no use: malformed, truncated with no way to ask by TCP, a referral.
 * - `TIMED_OUT`: no server answered.
 * - `NO_SERVERS`: no server is known.
 * - `UNREACHABLE`: no server could be reached: no route, or port unreachable.
 * - `CNAME_LOOP`: more aliases than {@linkcode MAX_ALIASES}.
 * - `BAD_NAME`: the text is no domain name.
 * - `TOO_MANY_QUERIES`: the bound of outstanding questions is reached.
 * - `CLOSED`: the resolver was closed.
 */
export type DnsFailureReason =
  | "NXDOMAIN"
  | "NODATA"
  | "SERVFAIL"
  | "REFUSED"
  | "MALFORMED"
  | "TIMED_OUT"
  | "NO_SERVERS"
  | "UNREACHABLE"
  | "CNAME_LOOP"
  | "BAD_NAME"
  | "TOO_MANY_QUERIES"
  | "CLOSED";

/** Most aliases that are followed from one name. */
export const MAX_ALIASES = 8;

/** There is no answer. */
export interface DnsFailure {
  /** False. */
  readonly isOk: false;
  /** Why. */
  readonly reason: DnsFailureReason;
  /** The same as a code of `NetError`. */
  readonly code: NetErrorCode;
  /** The name that was asked for last. */
  readonly name: string;
  /** Seconds for which this is known to stay so; 0 when it is not known (RFC 2308 §5). */
  readonly ttl: number;
  /** The server that said so; `undefined` when none did. */
  readonly server: IpAddress | undefined;
}

/** Records were found. */
export interface DnsAnswer {
  /** True. */
  readonly isOk: true;
  /** The name that was asked for, as it was found: with the search domain that led there. */
  readonly name: string;
  /** The name that the records stand under, after all aliases. */
  readonly canonicalName: string;
  /** The records of the type that was asked for, at least one, in the order of the answer. */
  readonly records: readonly DnsRecord[];
  /** The aliases from `name` to `canonicalName`, as CNAME records. */
  readonly aliases: readonly DnsRecord[];
  /** Seconds for which it may be kept: the least of all. */
  readonly ttl: number;
  /** Where it comes from. */
  readonly origin: "server" | "cache" | "local";
  /** The server that said it; `undefined` for what is known here. */
  readonly server: IpAddress | undefined;
}

/** What a question came to. */
export type DnsResult = DnsAnswer | DnsFailure;

/** Addresses of a name. */
export interface DnsAddresses {
  /** True. */
  readonly isOk: true;
  /** The name that was found. */
  readonly name: string;
  /** The name that the addresses stand under. */
  readonly canonicalName: string;
  /** At least one, in the order of the answer. */
  readonly addresses: readonly IpAddress[];
  /** Seconds for which they may be kept. */
  readonly ttl: number;
}

/** What a look-up came to. */
export type DnsAddressResult = DnsAddresses | DnsFailure;

/** Makes a failure.
 *
 * @param ttl seconds for which this is known to stay so.
 * @param server who said so.
 */
export function dnsFailure(
  reason: DnsFailureReason,
  name: string,
  ttl: number = 0,
  server: IpAddress | undefined = undefined,
): DnsFailure {
  return { isOk: false, reason, code: CODES[reason], name, ttl, server };
}

/** Makes an answer of records that are known here. */
export function localDnsAnswer(name: string, records: readonly DnsRecord[]): DnsAnswer {
  return {
    isOk: true,
    name,
    canonicalName: name,
    records,
    aliases: [],
    ttl: 0,
    origin: "local",
    server: undefined,
  };
}

/** One sentence for users. */
export function formatDnsFailure(failure: DnsFailure): string {
  const by = failure.server === undefined ? "" : ` (${failure.server})`;
  return `Cannot resolve "${failure.name}": ${TEXTS[failure.reason]}${by}`;
}

const CODES: { readonly [reason in DnsFailureReason]: NetErrorCode } = {
  NXDOMAIN: "NAME_NOT_FOUND",
  NODATA: "NAME_NOT_FOUND",
  SERVFAIL: "NAME_SERVER_FAILED",
  REFUSED: "NAME_SERVER_FAILED",
  MALFORMED: "NAME_SERVER_FAILED",
  TIMED_OUT: "NAME_SERVER_FAILED",
  NO_SERVERS: "NAME_SERVER_FAILED",
  UNREACHABLE: "NAME_SERVER_FAILED",
  CNAME_LOOP: "NAME_SERVER_FAILED",
  BAD_NAME: "NAME_NOT_FOUND",
  TOO_MANY_QUERIES: "NO_BUFFERS",
  CLOSED: "CLOSED",
};

const TEXTS: { readonly [reason in DnsFailureReason]: string } = {
  NXDOMAIN: "the name does not exist",
  NODATA: "the name has no such record",
  SERVFAIL: "the name server could not answer",
  REFUSED: "the name server refused to answer",
  MALFORMED: "the name server's answer is no use",
  TIMED_OUT: "no name server answered",
  NO_SERVERS: "no name server is known",
  UNREACHABLE: "no name server can be reached",
  CNAME_LOOP: "its aliases do not end",
  BAD_NAME: "not a domain name",
  TOO_MANY_QUERIES: "too many questions are open",
  CLOSED: "the resolver was closed",
};
