/** What a {@linkcode StubResolver} is made from, and what it counts.
 *
 * @module
 */
import type { Random, TimerQueue } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";
import type { UdpLayer } from "@lightwire/udp";
import type { DnsCacheOptions } from "./dns_cache.ts";
import type { LocalHost } from "./local_hosts.ts";

/** Port of name servers. */
export const DNS_PORT = 53;
/** Pauses after each transmission to one server, in milliseconds: four transmissions within seven seconds, as lwIP does. */
export const DNS_RETRY_PAUSES_MS: readonly number[] = [1000, 1000, 2000, 3000];
/** Most questions under way at a time, by default. */
export const DNS_MAX_QUESTIONS = 64;
/** Most servers that are kept, by default. */
export const DNS_MAX_SERVERS = 16;
/** Longest exchange over TCP with one server, in milliseconds, by default. */
export const DNS_TCP_TIMEOUT_MS = 5000;

/** What DNS needs of the host. */
export interface DnsHost {
  /** Time and timers. */
  readonly timers: TimerQueue;
  /** Entropy for query numbers and ports: must not be predictable (RFC 5452 §4). */
  readonly random: Random;
}

/** How a byte stream to a server reports. */
export interface DnsStreamHandlers {
  /** Octets came; borrowed until the call returns. */
  data(bytes: Uint8Array): void;
  /** The stream has ended, or never began; nothing follows. */
  closed(): void;
}

/** A byte stream to a server. */
export interface DnsStream {
  /** Queues octets, allowed before the stream is connected.
   *
   * @returns whether all of them were taken.
   */
  send(bytes: Uint8Array): boolean;
  /** Ends it; nothing is reported afterwards. */
  close(): void;
}

/** Opens a byte stream to a server, for what is too long for a datagram (RFC 7766 §5). Reports later, never before it returned.
 *
 * @returns `undefined` when that is not possible now.
 */
export type DnsStreamConnector = (
  server: IpAddress,
  port: number,
  handlers: DnsStreamHandlers,
) => DnsStream | undefined;

/** Choices of a {@linkcode StubResolver}. */
export interface StubResolverOptions {
  /** Servers, best first. */
  readonly servers?: readonly IpAddress[];
  /** Servers to ask when there are no others, or all others failed. */
  readonly fallbackServers?: readonly IpAddress[];
  /** Domains that short names are looked up in. */
  readonly search?: readonly string[];
  /** A name with this many dots is first taken as it is; default 1. */
  readonly ndots?: number;
  /** Port of the servers; default 53. */
  readonly port?: number;
  /** Pauses after each transmission to one server; default {@linkcode DNS_RETRY_PAUSES_MS}. */
  readonly retryPausesMs?: readonly number[];
  /** Longest exchange over TCP with one server; default {@linkcode DNS_TCP_TIMEOUT_MS}. */
  readonly tcpTimeoutMs?: number;
  /** UDP payload that servers may send; 0: no EDNS0. Default 1232. */
  readonly udpPayloadBytes?: number;
  /** Most questions under way; default {@linkcode DNS_MAX_QUESTIONS}. */
  readonly maxQuestions?: number;
  /** Bounds of the cache. */
  readonly cache?: DnsCacheOptions;
  /** Names that need no server. */
  readonly hosts?: Iterable<LocalHost>;
  /** Asked for the addresses of a name before anything else (DNS_LOOKUP_LOCAL_EXTERN of lwIP); `undefined`: go on. */
  readonly lookupLocal?: (name: string) => readonly IpAddress[] | undefined;
}

/** What a {@linkcode StubResolver} works on. */
export interface StubResolverConfig {
  /** The transport. */
  readonly udp: UdpLayer;
  /** Time and entropy. */
  readonly host: DnsHost;
  /** The transport for long answers; default: none, and truncated ones are no use. */
  readonly connectTcp?: DnsStreamConnector;
  /** Choices. */
  readonly options?: StubResolverOptions;
}

/** Counters of a {@linkcode StubResolver}. */
export interface DnsCounters {
  /** Questions put to servers. */
  questions: number;
  /** Questions that joined one under way. */
  shared: number;
  /** Questions refused because too many were under way. */
  refused: number;
  /** Datagrams sent, repetitions included. */
  sent: number;
  /** Of these, repetitions. */
  repeated: number;
  /** Responses that were taken. */
  responses: number;
  /** Datagrams dropped because they are no message. */
  malformed: number;
  /** Datagrams dropped because they answer no question of ours: number, question, or the QR bit are wrong (RFC 5452 §9.1). */
  unrelated: number;
  /** Servers that did not answer in time. */
  timeouts: number;
  /** Servers that could not be reached. */
  unreachable: number;
  /** Servers that answered with an error. */
  serverErrors: number;
  /** Responses of no use: referrals, or truncated and TCP is no way. */
  useless: number;
  /** Queries repeated without EDNS0 (RFC 6891 §7). */
  withoutEdns: number;
  /** Exchanges over TCP. */
  tcp: number;
  /** Questions asked anew because an alias led out of the response. */
  aliasesFollowed: number;
}

/** All zero. */
export function newDnsCounters(): DnsCounters {
  return {
    questions: 0,
    shared: 0,
    refused: 0,
    sent: 0,
    repeated: 0,
    responses: 0,
    malformed: 0,
    unrelated: 0,
    timeouts: 0,
    unreachable: 0,
    serverErrors: 0,
    useless: 0,
    withoutEdns: 0,
    tcp: 0,
    aliasesFollowed: 0,
  };
}
