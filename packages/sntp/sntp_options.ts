/** What SNTP needs of its host, what it counts, what it says.
 *
 * @module
 */
import type { Random, TimerQueue, WallClock } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";
import type { NtpLeap } from "./ntp_message.ts";
import type { SntpRefusal } from "./reply_check.ts";

/** Port of time servers. */
export const NTP_PORT = 123;
/** Most samples of one query. */
export const SNTP_MAX_SAMPLES = 64;
/** Pause between two samples of one query, in milliseconds: that of a burst (RFC 5905 §13.2, BTIME). */
export const SNTP_SAMPLE_INTERVAL_MS = 2000;
/** Pauses after each request for one sample, in milliseconds: three requests, eight seconds. */
export const SNTP_RETRY_PAUSES_MS: readonly number[] = [1500, 2500, 4000];
/** Most requests for one sample. */
export const SNTP_MAX_TRIES = 16;

/** What SNTP needs of the host. */
export interface SntpHost {
  /** Time and timers. */
  readonly timers: TimerQueue;
  /** Entropy for originate timestamps: must not be predictable. */
  readonly random: Random;
  /** The clock that is compared with the server's. It may be wrong by decades. */
  readonly wallClock: WallClock;
}

/** What happened so far. */
export interface SntpCounters {
  /** Requests sent. */
  sent: number;
  /** Replies of use. */
  replies: number;
  /** Datagrams that are no NTP message. */
  malformed: number;
  /** Messages that answer no request of ours: late, forged, or no reply at all. */
  foreign: number;
  /** Replies that were refused, without kisses. */
  refused: number;
  /** Kisses of death. */
  kisses: number;
  /** Servers that did not answer. */
  timeouts: number;
  /** Servers that cannot be reached, by ICMP or for lack of a route. */
  unreachable: number;
}

/** Counters at zero. */
export function newSntpCounters(): SntpCounters {
  return {
    sent: 0,
    replies: 0,
    malformed: 0,
    foreign: 0,
    refused: 0,
    kisses: 0,
    timeouts: 0,
    unreachable: 0,
  };
}

/** One comparison of the clocks. */
export interface SntpSample {
  /** The server's clock minus ours, in milliseconds. */
  readonly offsetMs: number;
  /** The round trip without the server's own time, in milliseconds. */
  readonly delayMs: number;
}

/** What a server's replies say. Of several samples the one with the shortest delay counts: it is off by half of that at most
 * (RFC 5905 §10). */
export interface SntpResult extends SntpSample {
  /** Tells it from a failure. */
  readonly isOk: true;
  /** Who answered. */
  readonly server: IpAddress;
  /** The right time, in milliseconds since 1970, when {@linkcode measuredAt} was. */
  readonly unixMs: number;
  /** The monotonic clock when the reply arrived: the time is `unixMs + clock.now() − measuredAt` later on. */
  readonly measuredAt: number;
  /** How wrong it can be at most, in milliseconds: half of all delays, and all dispersions, up to the reference clock
   * (root distance, RFC 5905 §11.2). */
  readonly rootDistanceMs: number;
  /** Leap indicator. */
  readonly leap: Exclude<NtpLeap, "unsynchronized">;
  /** Stratum, 1 … 15. */
  readonly stratum: number;
  /** Where the server has its time from. */
  readonly referenceId: string;
  /** Round trip from the server to the reference clock, in milliseconds. */
  readonly rootDelayMs: number;
  /** Error of the server with respect to the reference clock, in milliseconds. */
  readonly rootDispersionMs: number;
  /** Precision of the server's clock as exponent of two, in seconds. */
  readonly precision: number;
  /** All samples, in order. */
  readonly samples: readonly SntpSample[];
  /** A kiss that cut the samples short: "RATE", when the server did not want to be asked for more. */
  readonly kissCode: string | undefined;
}

/** Why there is no result. */
export type SntpFailureReason =
  | "TIMED_OUT"
  | "UNREACHABLE"
  | "KISS_OF_DEATH"
  | "REFUSED"
  | "NAME_NOT_FOUND"
  | "NO_SERVERS"
  | "CLOSED";

/** There is no result. */
export interface SntpFailure {
  /** Tells it from a result. */
  readonly isOk: false;
  /** Why. */
  readonly reason: SntpFailureReason;
  /** Of which server that is told; `undefined`: of none. */
  readonly server: IpAddress | undefined;
  /** The kiss, for KISS_OF_DEATH. */
  readonly kissCode: string | undefined;
  /** What was wrong with the reply, for REFUSED. */
  readonly refusal: SntpRefusal | undefined;
}

/** A failure.
 *
 * @param details what is known besides.
 */
export function sntpFailure(
  reason: SntpFailureReason,
  details: Partial<Pick<SntpFailure, "server" | "kissCode" | "refusal">> = {},
): SntpFailure {
  return { isOk: false, reason, server: undefined, kissCode: undefined, refusal: undefined, ...details };
}

/** A failure as a clause: "203.0.113.123 did not answer". */
export function formatSntpFailure(failure: SntpFailure): string {
  const server = failure.server?.toString() ?? "the server";
  switch (failure.reason) {
    case "TIMED_OUT":
      return `${server} did not answer`;
    case "UNREACHABLE":
      return `${server} cannot be reached, or has no time server`;
    case "KISS_OF_DEATH":
      return KISSES[failure.kissCode!]?.(server) ??
        `${server} answered with the kiss code ${failure.kissCode}`;
    case "REFUSED":
      return `${server} ${REFUSALS[failure.refusal!]}`;
    case "NAME_NOT_FOUND":
      return "its name cannot be resolved";
    case "NO_SERVERS":
      return "there is no server to ask";
    case "CLOSED":
      return "the client was closed";
  }
}

const KISSES: Readonly<Record<string, (server: string) => string>> = {
  DENY: (server) => `${server} does not serve us (kiss code DENY)`,
  RSTR: (server) => `${server} does not serve us (kiss code RSTR)`,
  RATE: (server) => `${server} was asked too often (kiss code RATE)`,
  INIT: (server) => `${server} is not synchronized yet (kiss code INIT)`,
  STEP: (server) => `${server} is setting its own clock (kiss code STEP)`,
};

const REFUSALS: Readonly<Record<SntpRefusal, string>> = {
  "not-a-server": "answered with something else than a server's reply",
  "bad-version": "answered in an unknown version",
  "wrong-origin": "answered something that was not asked",
  "kiss-of-death": "answered with a kiss of death",
  "unsynchronized": "is not synchronized itself",
  "no-time": "left its timestamps empty",
  "time-goes-back": "sent timestamps that go back",
  "root-distance": "is too far from any reference clock",
  "impossible-delay": "sent timestamps that are further apart than we have waited",
};
