/** {@linkcode StubResolver}: names to records, by asking servers that do the work (RFC 1034 §5.3.1).
 *
 * @module
 */
import { type IpAddress, parseIpAddress } from "@lightwire/ip";
import { DnsCache } from "./dns_cache.ts";
import type { DnsExchangeContext } from "./dns_exchange.ts";
import { DNS_UDP_PAYLOAD_BYTES } from "./dns_message.ts";
import { dnsNameKey } from "./dns_name.ts";
import { SharedQuestion } from "./dns_question.ts";
import {
  type DnsAddressResult,
  type DnsFailure,
  dnsFailure,
  type DnsFailureReason,
  type DnsResult,
} from "./dns_result.ts";
import { resolveLocalName } from "./local_answer.ts";
import { LocalHosts } from "./local_hosts.ts";
import { type DnsTypeName, dnsTypeNumber } from "./record_type.ts";
import {
  DNS_MAX_QUESTIONS,
  DNS_MAX_SERVERS,
  DNS_PORT,
  DNS_RETRY_PAUSES_MS,
  DNS_TCP_TIMEOUT_MS,
  type DnsCounters,
  type DnsHost,
  newDnsCounters,
  type StubResolverConfig,
} from "./resolver_options.ts";
import { searchNames } from "./search_list.ts";
import { ServerList } from "./server_list.ts";

/** Which addresses are wanted: of one family, or of the second when there are none of the first. */
export type DnsFamily = 4 | 6 | "4-then-6" | "6-then-4";

/** Choices for one request. */
export interface DnsRequestOptions {
  /** Ask these servers instead of those of the resolver. Default: those of the resolver. */
  readonly servers?: readonly IpAddress[];
  /** Try the search domains; default true. */
  readonly search?: boolean;
  /** Ask servers in any case: neither the cache nor names known here count, and nothing is remembered. Default false. */
  readonly bypassCache?: boolean;
}

/** A request under way. */
export interface DnsRequest {
  /** Ends it without a call; harmless when it is over. */
  cancel(): void;
}

/** A stub resolver with a cache.
 *
 * Callbacks are called once, and never before the method that was given them has returned. */
export class StubResolver {
  /** Names that need no server. */
  readonly hosts: LocalHosts;
  /** Answers, and the lack of them. */
  readonly cache: DnsCache;
  /** What happened so far. */
  readonly counters: DnsCounters = newDnsCounters();
  /** Domains that short names are looked up in. */
  search: readonly string[];
  /** A name with this many dots is first taken as it is. */
  ndots: number;
  readonly #servers: ServerList;
  readonly #context: DnsExchangeContext;
  readonly #lookupLocal: ((name: string) => readonly IpAddress[] | undefined) | undefined;
  readonly #maxQuestions: number;
  readonly #questions: Map<string, SharedQuestion> = new Map();
  #isClosed = false;

  /** Asks nobody yet. */
  constructor(config: StubResolverConfig) {
    const { udp, host, connectTcp, options = {} } = config;
    this.hosts = new LocalHosts(options.hosts);
    this.cache = new DnsCache(host.timers.clock, options.cache);
    this.search = options.search ?? [];
    this.ndots = options.ndots ?? 1;
    this.#servers = new ServerList(host.timers.clock, DNS_MAX_SERVERS);
    this.#servers.servers = options.servers ?? [];
    this.#servers.fallback = options.fallbackServers ?? [];
    this.#lookupLocal = options.lookupLocal;
    this.#maxQuestions = options.maxQuestions ?? DNS_MAX_QUESTIONS;
    this.#context = {
      udp,
      host,
      connectTcp,
      counters: this.counters,
      port: options.port ?? DNS_PORT,
      retryPausesMs: options.retryPausesMs ?? DNS_RETRY_PAUSES_MS,
      tcpTimeoutMs: options.tcpTimeoutMs ?? DNS_TCP_TIMEOUT_MS,
      udpPayloadBytes: options.udpPayloadBytes ?? DNS_UDP_PAYLOAD_BYTES,
      onServer: (server, isAlive) => this.#servers.note(server, isAlive),
    };
  }

  /** Servers, best first; at most {@linkcode DNS_MAX_SERVERS}. Questions under way stay with those they began with. */
  get servers(): readonly IpAddress[] {
    return this.#servers.servers;
  }

  set servers(servers: readonly IpAddress[]) {
    this.#servers.servers = servers;
  }

  /** Servers to ask when there are no others, or all others failed. */
  get fallbackServers(): readonly IpAddress[] {
    return this.#servers.fallback;
  }

  set fallbackServers(servers: readonly IpAddress[]) {
    this.#servers.fallback = servers;
  }

  /** Number of questions under way. */
  get questionCount(): number {
    return this.#questions.size;
  }

  /** Looks for the records of a name.
   *
   * @param type "A", "MX", …, or "TYPE123".
   * @throws {RangeError} when there is no such type.
   */
  resolve(
    name: string,
    type: DnsTypeName | `TYPE${number}`,
    callback: (result: DnsResult) => void,
    options: DnsRequestOptions = {},
  ): DnsRequest {
    const number = dnsTypeNumber(type);
    if (number === undefined) throw new RangeError(`Cannot ask for "${type}": no such record type`);
    const domains = options.search ?? true ? this.search : [];
    const search = new Search(this, this.#context.host, searchNames(name, domains, this.ndots), {
      text: name,
      type: number,
      options,
      callback,
    });
    search.start();
    return search;
  }

  /** Looks for the addresses of a name; an address is its own. */
  lookup(
    name: string,
    family: DnsFamily,
    callback: (result: DnsAddressResult) => void,
    options: DnsRequestOptions = {},
  ): DnsRequest {
    const literal = parseIpAddress(name);
    if (literal !== undefined) return this.#answerLiteral(name, literal, callback);
    const first = family === 4 || family === "4-then-6" ? "A" : "AAAA";
    const second = family === "4-then-6" ? "AAAA" : family === "6-then-4" ? "A" : undefined;
    let request = this.resolve(name, first, (result) => {
      if (result.isOk || second === undefined || !mayHaveOtherFamily(result)) {
        return callback(toAddresses(result));
      }
      request = this.resolve(name, second, (other) => {
        callback(toAddresses(other.isOk || other.reason !== "NODATA" ? other : result));
      }, options);
    }, options);
    return { cancel: () => request.cancel() };
  }

  /** Ends everything: whoever waits is called with `CLOSED`, and so is whoever asks later. */
  close(): void {
    this.#isClosed = true;
    for (const question of [...this.#questions.values()]) question.fail("CLOSED");
    this.cache.clear();
  }

  /** What is known of one name without asking; for requests. */
  answerLocally(name: string, type: number, options: DnsRequestOptions): DnsResult | undefined {
    if (this.#isClosed) return dnsFailure("CLOSED", name);
    if (options.bypassCache) return undefined;
    return resolveLocalName(name, type, this.hosts, this.#lookupLocal) ??
      (options.servers === undefined ? this.cache.get(name, type) : undefined);
  }

  /** Asks servers about one name, or joins those who do; for requests.
   *
   * @returns what takes `callback` away, or why that is not possible.
   */
  ask(
    name: string,
    type: number,
    options: DnsRequestOptions,
    callback: (result: DnsResult) => void,
  ): (() => void) | DnsFailureReason {
    const servers = options.servers ?? this.#servers.order();
    if (servers.length === 0) return "NO_SERVERS";
    const isRemembered = options.servers === undefined && !options.bypassCache;
    const key = `${dnsNameKey(name)} ${type} ${options.servers?.join() ?? ""} ${isRemembered}`;
    const shared = this.#questions.get(key);
    if (shared === undefined && this.#questions.size >= this.#maxQuestions) {
      this.counters.refused++;
      return "TOO_MANY_QUERIES";
    }
    if (shared !== undefined) this.counters.shared++;
    const cache = isRemembered ? this.cache : undefined;
    const question = shared ?? new SharedQuestion(this.#context, cache, { name, type }, servers, (result) => {
      this.#questions.delete(key);
      cache?.put(name, type, result);
    });
    question.add(callback);
    if (shared === undefined) {
      this.counters.questions++;
      this.#questions.set(key, question);
      question.start();
    }
    return () => {
      if (question.remove(callback) && this.#questions.get(key) === question) this.#questions.delete(key);
    };
  }

  #answerLiteral(
    name: string,
    address: IpAddress,
    callback: (result: DnsAddressResult) => void,
  ): DnsRequest {
    const result = { isOk: true as const, name, canonicalName: name, addresses: [address], ttl: Infinity };
    const timer = this.#context.host.timers.create(() => callback(result));
    timer.start(0);
    return { cancel: () => timer.stop() };
  }
}

interface SearchRequest {
  readonly text: string;
  readonly type: number;
  readonly options: DnsRequestOptions;
  readonly callback: (result: DnsResult) => void;
}

/** Tries one name after the other until one has what is wanted. */
class Search implements DnsRequest {
  readonly #resolver: StubResolver;
  readonly #host: DnsHost;
  readonly #names: readonly string[];
  readonly #request: SearchRequest;
  #index = 0;
  #failure: DnsFailure | undefined = undefined;
  #isStarting = true;
  #isOver = false;
  #leave: (() => void) | undefined = undefined;

  constructor(resolver: StubResolver, host: DnsHost, names: readonly string[], request: SearchRequest) {
    this.#resolver = resolver;
    this.#host = host;
    this.#names = names;
    this.#request = request;
  }

  start(): void {
    if (this.#names.length === 0) this.#finish(dnsFailure("BAD_NAME", this.#request.text));
    else this.#next();
    this.#isStarting = false;
  }

  cancel(): void {
    this.#isOver = true;
    this.#leave?.();
    this.#leave = undefined;
  }

  #next(): void {
    const { type, options } = this.#request;
    const name = this.#names[this.#index]!;
    const known = this.#resolver.answerLocally(name, type, options);
    if (known !== undefined) return this.#take(known);
    const asked = this.#resolver.ask(name, type, options, (result) => this.#take(result));
    if (typeof asked === "string") this.#finish(dnsFailure(asked, name));
    else this.#leave = asked;
  }

  #take(result: DnsResult): void {
    this.#leave = undefined;
    if (this.#isOver) return;
    if (result.isOk || (result.reason !== "NXDOMAIN" && result.reason !== "NODATA")) {
      return this.#finish(result);
    }
    // That a name exists says more than that another does not.
    if (this.#failure === undefined || (this.#failure.reason === "NXDOMAIN" && result.reason === "NODATA")) {
      this.#failure = result;
    }
    this.#index++;
    if (this.#index < this.#names.length) return this.#next();
    const { reason, ttl, server } = this.#failure;
    this.#finish(dnsFailure(reason, this.#names.length > 1 ? this.#request.text : result.name, ttl, server));
  }

  #finish(result: DnsResult): void {
    if (!this.#isStarting) {
      this.#isOver = true;
      return this.#request.callback(result);
    }
    // Nobody is called back from within the call that asks.
    const timer = this.#host.timers.create(() => {
      this.#isOver = true;
      this.#request.callback(result);
    });
    this.#leave = () => timer.stop();
    timer.start(0);
  }
}

function mayHaveOtherFamily(failure: DnsFailure): boolean {
  switch (failure.reason) {
    case "NODATA":
    case "SERVFAIL":
    case "REFUSED":
    case "MALFORMED":
    case "TIMED_OUT":
      return true;
    default:
      return false;
  }
}

function toAddresses(result: DnsResult): DnsAddressResult {
  if (!result.isOk) return result;
  const addresses: IpAddress[] = [];
  for (const record of result.records) {
    if (record.type === "A" || record.type === "AAAA") addresses.push(record.data);
  }
  const { name, canonicalName, ttl } = result;
  return { isOk: true, name, canonicalName, addresses, ttl };
}
