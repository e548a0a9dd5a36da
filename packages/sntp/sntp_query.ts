/** {@linkcode SntpQuery}: asks servers for the time until one of them knows it.
 *
 * @module
 */
import { copyTo, type Pbuf } from "@lightwire/pbuf";
import { NetError, type Timer } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";
import type { UdpEndpoint, UdpLayer } from "@lightwire/udp";
import {
  emitNtpMessage,
  formatReferenceId,
  type NtpMessage,
  ntpRequest,
  parseNtpMessage,
} from "./ntp_message.ts";
import { type NtpTimestamp, unixMsFromNtp } from "./ntp_timestamp.ts";
import { checkSntpReply, delayOf, isForeignReply, kissCodeOf } from "./reply_check.ts";
import {
  newSntpCounters,
  NTP_PORT,
  SNTP_MAX_SAMPLES,
  SNTP_MAX_TRIES,
  SNTP_RETRY_PAUSES_MS,
  SNTP_SAMPLE_INTERVAL_MS,
  type SntpCounters,
  type SntpFailure,
  sntpFailure,
  type SntpHost,
  type SntpResult,
} from "./sntp_options.ts";

/** Choices of a {@linkcode SntpQuery}. */
export interface SntpQueryOptions {
  /** Port of the servers; default {@linkcode NTP_PORT}. */
  readonly port?: number | undefined;
  /** Samples to take, 1 … {@linkcode SNTP_MAX_SAMPLES}; default 1. */
  readonly samples?: number | undefined;
  /** Milliseconds between two samples; default {@linkcode SNTP_SAMPLE_INTERVAL_MS}. */
  readonly sampleIntervalMs?: number | undefined;
  /** How long to wait after each request for one sample; as many requests as there are pauses. Default
   * {@linkcode SNTP_RETRY_PAUSES_MS}. */
  readonly retryPausesMs?: readonly number[] | undefined;
  /** Largest root distance of a server; default 16 s (RFC 5905 §7.2, MAXDISP). */
  readonly maxRootDistanceMs?: number | undefined;
}

/** What a {@linkcode SntpQuery} is made from. */
export interface SntpQueryConfig {
  /** The transport. */
  readonly udp: UdpLayer;
  /** Time and entropy. */
  readonly host: SntpHost;
  /** Whom to ask, one after the other until one of them knows. */
  readonly servers: readonly IpAddress[];
  /** How it ended. Called once, never before {@linkcode SntpQuery.start} returned. */
  readonly onDone: (outcome: SntpResult | SntpFailure) => void;
  /** Choices. */
  readonly options?: SntpQueryOptions | undefined;
  /** Where to count; default: counters of its own. */
  readonly counters?: SntpCounters | undefined;
}

/** A request that may still be answered. */
interface Request {
  readonly origin: NtpTimestamp;
  /** T1 by the wall clock. */
  readonly unixMs: number;
  /** T1 by the monotonic clock. */
  readonly sentAt: number;
}

type Candidate = Omit<SntpResult, "samples" | "kissCode">;

/** One query, from a port of its own (RFC 9109) that is connected, so that only datagrams from the server's address and port come
 * up. Each request carries a random number in place of our time, which the reply must repeat: it cannot be forged unseen, and
 * tells nobody what our clock says. T1 is kept here. */
export class SntpQuery {
  /** What happened so far. */
  readonly counters: SntpCounters;
  readonly #config: SntpQueryConfig;
  readonly #port: number;
  readonly #sampleCount: number;
  readonly #sampleIntervalMs: number;
  readonly #pausesMs: readonly number[];
  readonly #timer: Timer;
  #index = -1;
  #endpoint: UdpEndpoint | undefined = undefined;
  #requests: Request[] = [];
  #isWaiting = false;
  #candidates: Candidate[] = [];
  #failure: SntpFailure = sntpFailure("NO_SERVERS");
  #outcome: SntpResult | SntpFailure | undefined = undefined;
  #isStarting = false;
  #isOver = false;

  /** Sends nothing yet.
   *
   * @throws {RangeError} when the port, the number of samples or the pauses are out of range.
   */
  constructor(config: SntpQueryConfig) {
    const { options = {} } = config;
    this.#config = config;
    this.counters = config.counters ?? newSntpCounters();
    this.#port = integer("the port", options.port ?? NTP_PORT, 65_535);
    this.#sampleCount = integer("the number of samples", options.samples ?? 1, SNTP_MAX_SAMPLES);
    this.#sampleIntervalMs = options.sampleIntervalMs ?? SNTP_SAMPLE_INTERVAL_MS;
    this.#pausesMs = options.retryPausesMs ?? SNTP_RETRY_PAUSES_MS;
    integer("the number of tries", this.#pausesMs.length, SNTP_MAX_TRIES);
    this.#timer = config.host.timers.create(() => this.#expires());
  }

  /** Begins. */
  start(): void {
    this.#isStarting = true;
    this.#nextServer();
    this.#isStarting = false;
  }

  /** Ends it; nothing is reported afterwards. Harmless when it is over. */
  cancel(): void {
    this.#isOver = true;
    this.#stop();
  }

  #stop(): void {
    this.#timer.stop();
    this.#endpoint?.close();
    this.#endpoint = undefined;
    this.#requests = [];
    this.#isWaiting = false;
  }

  #nextServer(): void {
    const { servers, udp } = this.#config;
    this.#index++;
    this.#candidates = [];
    if (this.#index >= servers.length) return this.#finish(this.#failure);
    const endpoint = udp.open();
    try {
      endpoint.connect(servers[this.#index]!, this.#port);
    } catch (error) {
      endpoint.close();
      if (!(error instanceof NetError)) throw error;
      return this.#unreachable();
    }
    endpoint.onReceive = (p) => this.#receive(p);
    endpoint.onError = (error) => {
      if (error.code !== undefined && error.code !== "MESSAGE_TOO_LONG") this.#unreachable();
    };
    this.#endpoint = endpoint;
    this.#ask();
  }

  /** What cannot be sent now is sent with the next repetition, as if it had been lost. */
  #ask(): void {
    const { timers, random, wallClock } = this.#config.host;
    const origin = { seconds: random.uint32(), fraction: (random.uint32() | 1) >>> 0 }; // never "unknown"
    const pauseMs = this.#pausesMs[this.#requests.length]!;
    this.#requests.push({ origin, unixMs: wallClock.unixMillis(), sentAt: timers.clock.now() });
    this.#isWaiting = true;
    this.counters.sent++;
    this.#timer.start(pauseMs); // before sending: an error that comes at once goes on from there
    this.#endpoint!.send(emitNtpMessage(ntpRequest(origin)));
  }

  #expires(): void {
    if (this.#outcome !== undefined) return this.#finish(this.#outcome);
    if (this.#requests.length < this.#pausesMs.length) return this.#ask();
    this.counters.timeouts++;
    this.#giveUp(sntpFailure("TIMED_OUT", { server: this.#server }));
  }

  #unreachable(): void {
    this.counters.unreachable++;
    this.#giveUp(sntpFailure("UNREACHABLE", { server: this.#config.servers[this.#index] }));
  }

  get #server(): IpAddress {
    return this.#config.servers[this.#index]!;
  }

  #receive(p: Pbuf): void {
    const bytes = new Uint8Array(p.totalLength);
    copyTo(p, bytes);
    p.release();
    const message = parseNtpMessage(new DataView(bytes.buffer));
    if (typeof message === "string") {
      this.counters.malformed++;
      return;
    }
    const now = this.#config.host.timers.clock.now();
    const requests = this.#isWaiting ? this.#requests : []; // every request is answered once
    const checked = checkSntpReply(message, {
      origins: requests.map((request) => request.origin),
      elapsedMs: (index) => now - requests[index]!.sentAt,
      maxRootDistanceMs: this.#config.options?.maxRootDistanceMs,
    });
    if (typeof checked === "number") return this.#accept(message, requests[checked]!, now);
    if (isForeignReply(checked)) {
      this.counters.foreign++;
      return;
    }
    const server = this.#server;
    if (checked === "kiss-of-death") {
      this.counters.kisses++;
      const kissCode = kissCodeOf(message);
      return this.#giveUp(sntpFailure("KISS_OF_DEATH", { server, kissCode }), kissCode);
    }
    this.counters.refused++;
    this.#candidates = []; // what it said before is worth no more
    this.#giveUp(sntpFailure("REFUSED", { server, refusal: checked }));
  }

  /** Computes offset and delay (RFC 5905 §8). The server's timestamps are of 1968 … 2104 (RFC 4330 §3), whatever our clock says. */
  #accept(m: NtpMessage, request: Request, now: number): void {
    this.counters.replies++;
    const elapsedMs = now - request.sentAt;
    const thereMs = unixMsFromNtp(m.receive) - request.unixMs;
    const backMs = unixMsFromNtp(m.transmit) - (request.unixMs + elapsedMs);
    const offsetMs = (thereMs + backMs) / 2;
    const delayMs = Math.max(0, delayOf(m, elapsedMs));
    this.#candidates.push({
      isOk: true,
      server: this.#server,
      offsetMs,
      delayMs,
      unixMs: request.unixMs + elapsedMs + offsetMs,
      measuredAt: now,
      rootDistanceMs: (delayMs + m.rootDelayMs) / 2 + m.rootDispersionMs,
      leap: m.leap as SntpResult["leap"],
      stratum: m.stratum,
      referenceId: formatReferenceId(m.stratum, m.referenceId),
      rootDelayMs: m.rootDelayMs,
      rootDispersionMs: m.rootDispersionMs,
      precision: m.precision,
    });
    this.#requests = [];
    this.#isWaiting = false;
    if (this.#candidates.length >= this.#sampleCount) this.#finish(this.#best(undefined));
    else this.#timer.start(this.#sampleIntervalMs);
  }

  /** This server says no more: what it has said must do, or the next one is asked. */
  #giveUp(failure: SntpFailure, kissCode?: string): void {
    this.#stop();
    if (this.#candidates.length > 0) return this.#finish(this.#best(kissCode));
    if (this.#failure.reason === "NO_SERVERS" || failure.reason !== "UNREACHABLE") this.#failure = failure;
    this.#nextServer();
  }

  #best(kissCode: string | undefined): SntpResult {
    const best = this.#candidates.reduce((a, b) => b.delayMs < a.delayMs ? b : a);
    const samples = this.#candidates.map(({ offsetMs, delayMs }) => ({ offsetMs, delayMs }));
    return { ...best, samples, kissCode };
  }

  #finish(outcome: SntpResult | SntpFailure): void {
    if (this.#isOver) return;
    if (this.#isStarting) {
      // Nobody is called back from within start().
      this.#outcome = outcome;
      return this.#timer.start(0);
    }
    this.cancel();
    this.#config.onDone(outcome);
  }
}

function integer(what: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new RangeError(`Cannot take ${value} as ${what}: it must be an integer from 1 to ${max}`);
}
