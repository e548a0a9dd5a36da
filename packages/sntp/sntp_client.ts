/** {@linkcode SntpClient}: asks for the time again and again (RFC 4330 §10).
 *
 * @module
 */
import { randomUnit, type Timer } from "@lightwire/netif";
import { type IpAddress, parseIpAddress } from "@lightwire/ip";
import type { UdpLayer } from "@lightwire/udp";
import { kissMeaning } from "./reply_check.ts";
import {
  newSntpCounters,
  type SntpCounters,
  type SntpFailure,
  sntpFailure,
  type SntpHost,
  type SntpResult,
} from "./sntp_options.ts";
import { SntpQuery, type SntpQueryOptions } from "./sntp_query.ts";

/** Most servers that are kept. */
export const SNTP_MAX_SERVERS = 16;
/** Milliseconds between two successful queries, by default: an hour. */
export const SNTP_SYNC_INTERVAL_MS = 3_600_000;
/** Shortest interval: RFC 4330 §10 forbids less. */
export const SNTP_MIN_SYNC_INTERVAL_MS = 15_000;
/** The first request leaves at random within so many milliseconds, so that hosts that start together do not ask together
 * (RFC 4330 §10 wants one to five minutes where many do). */
export const SNTP_STARTUP_DELAY_MS = 5000;
/** How long a reply may take, in milliseconds. */
export const SNTP_REPLY_TIMEOUT_MS = 15_000;
/** Pause after all servers failed, in milliseconds; it doubles each time… */
export const SNTP_RETRY_MS = 15_000;
/** …up to this. */
export const SNTP_MAX_RETRY_MS = 150_000;
/** Longest pause for a server that was asked too often: 36 hours (RFC 5905 §7.2, MAXPOLL). */
export const SNTP_MAX_PAUSE_MS = 2 ** 17 * 1000;
/** Pauses are longer by up to this share, at random. */
const JITTER = 1 / 16;

/** Finds the addresses of a server's name; calls back once, never before it returned.
 *
 * @returns what ends it.
 */
export type SntpLookup = (name: string, callback: (addresses: readonly IpAddress[]) => void) => () => void;

/** Choices of a {@linkcode SntpClient}. */
export interface SntpClientOptions extends Omit<SntpQueryOptions, "retryPausesMs"> {
  /** Addresses and names, best first; at most {@linkcode SNTP_MAX_SERVERS}. Default: none. */
  readonly servers?: readonly (IpAddress | string)[];
  /** Milliseconds between two successful queries; at least {@linkcode SNTP_MIN_SYNC_INTERVAL_MS}. Default
   * {@linkcode SNTP_SYNC_INTERVAL_MS}. */
  readonly syncIntervalMs?: number;
  /** Default {@linkcode SNTP_STARTUP_DELAY_MS}; 0: ask at once. */
  readonly startupDelayMs?: number;
  /** Default {@linkcode SNTP_REPLY_TIMEOUT_MS}. */
  readonly replyTimeoutMs?: number;
  /** The time is known. */
  readonly onSync?: (result: SntpResult) => void;
  /** A server was no use. */
  readonly onFailure?: (failure: SntpFailure) => void;
}

/** What a {@linkcode SntpClient} is made from. */
export interface SntpClientConfig {
  /** The transport. */
  readonly udp: UdpLayer;
  /** Time and entropy. */
  readonly host: SntpHost;
  /** Resolves names of servers, each time anew; without it, names fail. */
  readonly lookup?: SntpLookup;
  /** Choices. */
  readonly options?: SntpClientOptions;
}

/** What is known of a server. */
export interface SntpServerStatus {
  /** As it was given. */
  readonly server: IpAddress | string;
  /** Its last eight polls, the latest in the lowest bit: 1 answered, 0 not. 0xff: all well (RFC 5905 §13, `reach`). */
  readonly reachability: number;
  /** The last kiss it sent (RFC 5905 §7.4). */
  readonly kissCode: string | undefined;
  /** It wants no more requests from us (DENY, RSTR), and gets none. */
  readonly isBarred: boolean;
}

class Server {
  readonly server: IpAddress | string;
  reachability = 0;
  kissCode: string | undefined = undefined;
  isBarred = false;
  pauseMs = 0;
  pausedUntil = -Infinity;

  constructor(server: IpAddress | string) {
    this.server = server;
  }
}

/** Polls one server as long as it answers, and goes on to the next when it does not, or sends a kiss-o'-death. */
export class SntpClient {
  /** What happened so far. */
  readonly counters: SntpCounters = newSntpCounters();
  /** The time is known. Called with nothing of ours under way: it may stop, or change servers. */
  onSync: ((result: SntpResult) => void) | undefined;
  /** A server was no use. Likewise. */
  onFailure: ((failure: SntpFailure) => void) | undefined;
  readonly #config: SntpClientConfig;
  readonly #timer: Timer;
  #servers: Server[] = [];
  #current = 0;
  #syncIntervalMs = SNTP_SYNC_INTERVAL_MS;
  #retryMs = SNTP_RETRY_MS;
  #failedInRound = 0;
  #isRunning = false;
  #cancel: (() => void) | undefined = undefined;

  /** Does nothing yet.
   *
   * @throws {RangeError} when there are too many servers.
   */
  constructor(config: SntpClientConfig) {
    const { options = {}, host } = config;
    this.#config = config;
    this.onSync = options.onSync;
    this.onFailure = options.onFailure;
    this.#timer = host.timers.create(() => this.#poll());
    this.servers = options.servers ?? [];
    this.syncIntervalMs = options.syncIntervalMs ?? SNTP_SYNC_INTERVAL_MS;
  }

  /** Whether it was started. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whom to ask, best first. Setting forgets what is known of them, kisses included; a query under way goes on.
   *
   * @throws {RangeError} when there are more than {@linkcode SNTP_MAX_SERVERS}.
   */
  get servers(): readonly (IpAddress | string)[] {
    return this.#servers.map((s) => s.server);
  }

  set servers(servers: readonly (IpAddress | string)[]) {
    if (servers.length > SNTP_MAX_SERVERS) {
      throw new RangeError(`Cannot keep ${servers.length} time servers: at most ${SNTP_MAX_SERVERS}`);
    }
    this.#servers = servers.map((server) => new Server(server));
    this.#current = 0;
    this.#failedInRound = 0;
    if (this.#isRunning && this.#cancel === undefined && !this.#timer.isArmed) this.#timer.start(0);
  }

  /** Milliseconds between two successful queries; less than {@linkcode SNTP_MIN_SYNC_INTERVAL_MS} is raised to that. Counts from
   * the next query on. */
  get syncIntervalMs(): number {
    return this.#syncIntervalMs;
  }

  set syncIntervalMs(ms: number) {
    this.#syncIntervalMs = Math.max(SNTP_MIN_SYNC_INTERVAL_MS, ms);
  }

  /** Begins; without effect when it is running. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#retryMs = SNTP_RETRY_MS;
    this.#failedInRound = 0;
    const delayMs = this.#config.options?.startupDelayMs ?? SNTP_STARTUP_DELAY_MS;
    this.#timer.start(delayMs * randomUnit(this.#config.host.random));
  }

  /** Ends it: no timer, no socket, no callback is left. It may be started again. */
  stop(): void {
    this.#isRunning = false;
    this.#timer.stop();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** What is known of each server, in their order. */
  status(): SntpServerStatus[] {
    return this.#servers.map(({ server, reachability, kissCode, isBarred }) => {
      return { server, reachability, kissCode, isBarred };
    });
  }

  #poll(): void {
    const server = this.#choose();
    if (server === undefined) return;
    const literal = typeof server.server === "string" ? parseIpAddress(server.server) : server.server;
    if (literal !== undefined) return this.#ask(server, literal);
    const { lookup } = this.#config;
    if (lookup === undefined) return this.#failed(server, sntpFailure("NAME_NOT_FOUND"));
    this.#cancel = lookup(server.server as string, (addresses) => {
      this.#cancel = undefined;
      const [address] = addresses;
      if (address !== undefined) this.#ask(server, address);
      else this.#failed(server, sntpFailure("NAME_NOT_FOUND"));
    });
  }

  /** The next server that may be asked; if there is none now, the timer waits for one, or nothing happens any more. */
  #choose(): Server | undefined {
    const now = this.#config.host.timers.clock.now();
    const all = this.#servers;
    for (let i = 0; i < all.length; i++) {
      const index = (this.#current + i) % all.length;
      const server = all[index]!;
      if (server.isBarred || server.pausedUntil > now) continue;
      this.#current = index;
      return server;
    }
    const next = Math.min(...all.filter((s) => !s.isBarred).map((s) => s.pausedUntil));
    if (next < Infinity) this.#timer.start(next - now);
    else this.onFailure?.(sntpFailure("NO_SERVERS"));
    return undefined;
  }

  #ask(server: Server, address: IpAddress): void {
    const { udp, host, options = {} } = this.#config;
    const query = new SntpQuery({
      udp,
      host,
      servers: [address],
      counters: this.counters,
      options: { ...options, retryPausesMs: [options.replyTimeoutMs ?? SNTP_REPLY_TIMEOUT_MS] },
      onDone: (outcome) => {
        this.#cancel = undefined;
        if (outcome.isOk) this.#synchronized(server, outcome);
        else this.#failed(server, outcome);
      },
    });
    this.#cancel = () => query.cancel();
    query.start();
  }

  #synchronized(server: Server, result: SntpResult): void {
    server.reachability = (server.reachability << 1 | 1) & 0xff;
    this.#failedInRound = 0;
    this.#retryMs = SNTP_RETRY_MS;
    if (result.kissCode === undefined) server.pauseMs = 0;
    else this.#kissed(server, result.kissCode);
    this.#timer.start(withJitter(this.#syncIntervalMs, this.#config.host));
    this.onSync?.(result);
  }

  /** Notes it, and goes on to the next server at once, or after a pause when all have failed. */
  #failed(server: Server, failure: SntpFailure): void {
    server.reachability = (server.reachability << 1) & 0xff;
    if (failure.kissCode !== undefined) this.#kissed(server, failure.kissCode);
    if (this.#servers.length > 0) this.#current = (this.#current + 1) % this.#servers.length;
    this.#failedInRound++;
    const usable = this.#servers.filter((s) => !s.isBarred).length;
    if (this.#failedInRound < usable) {
      this.#timer.start(0);
    } else {
      this.#failedInRound = 0;
      this.#timer.start(withJitter(this.#retryMs, this.#config.host));
      this.#retryMs = Math.min(SNTP_MAX_RETRY_MS, 2 * this.#retryMs);
    }
    this.onFailure?.(failure);
  }

  /** Does what a kiss asks for (RFC 5905 §7.4): stop, or ask half as often each time. */
  #kissed(server: Server, kissCode: string): void {
    server.kissCode = kissCode;
    const meaning = kissMeaning(kissCode);
    if (meaning === "stop") server.isBarred = true;
    if (meaning !== "less") return;
    server.pauseMs = Math.min(SNTP_MAX_PAUSE_MS, 2 * Math.max(this.#syncIntervalMs, server.pauseMs));
    server.pausedUntil = this.#config.host.timers.clock.now() + server.pauseMs;
  }
}

function withJitter(ms: number, host: SntpHost): number {
  return ms * (1 + JITTER * randomUnit(host.random));
}
