/** {@linkcode SharedQuestion}: one name and type being asked for, by whoever wants to know.
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip";
import type { DnsCache } from "./dns_cache.ts";
import { DnsExchange, type DnsExchangeContext, type DnsExchangeOutcome } from "./dns_exchange.ts";
import { dnsFailure, type DnsFailureReason, type DnsResult, MAX_ALIASES } from "./dns_result.ts";
import { DNS_CLASS_IN } from "./record_type.ts";
import type { DnsRecord } from "./resource_record.ts";

/** A question under way. When an alias leads out of a response, what it leads to is asked for in turn (RFC 1034 §5.2.2). */
export class SharedQuestion {
  readonly #context: DnsExchangeContext;
  readonly #cache: DnsCache | undefined;
  readonly #name: string;
  readonly #type: number;
  readonly #servers: readonly IpAddress[];
  readonly #waiting: Set<(result: DnsResult) => void> = new Set();
  readonly #onDone: (result: DnsResult) => void;
  #current: string;
  #aliases: DnsRecord[] = [];
  #ttl = Infinity;
  #exchange: DnsExchange | undefined = undefined;

  /** Asks nobody yet.
   *
   * @param cache where to look for what aliases lead to; `undefined`: nowhere.
   * @param onDone called once, before all who wait, with what they get.
   */
  constructor(
    context: DnsExchangeContext,
    cache: DnsCache | undefined,
    question: { readonly name: string; readonly type: number },
    servers: readonly IpAddress[],
    onDone: (result: DnsResult) => void,
  ) {
    this.#context = context;
    this.#cache = cache;
    this.#name = question.name;
    this.#type = question.type;
    this.#servers = servers;
    this.#onDone = onDone;
    this.#current = question.name;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Adds one who waits. */
  add(callback: (result: DnsResult) => void): void {
    this.#waiting.add(callback);
  }

  /** Takes one away; the last one ends the question.
   *
   * @returns whether it is at its end.
   */
  remove(callback: (result: DnsResult) => void): boolean {
    this.#waiting.delete(callback);
    if (this.#waiting.size > 0) return false;
    this.#exchange?.cancel();
    return true;
  }

  /** Begins. */
  start(): void {
    const question = { name: this.#current, type: this.#type, class: DNS_CLASS_IN };
    const before = this.#aliases.length;
    const onDone = (outcome: DnsExchangeOutcome): void => this.#continue(outcome);
    this.#exchange = new DnsExchange(this.#context, question, this.#servers, before, onDone);
    this.#exchange.start();
  }

  /** Ends it with a failure. */
  fail(reason: DnsFailureReason): void {
    this.#exchange?.cancel();
    this.#finish(dnsFailure(reason, this.#current));
  }

  #continue(outcome: DnsExchangeOutcome): void {
    if ("failure" in outcome) {
      return this.#finish(dnsFailure(outcome.failure, this.#current, 0, outcome.server));
    }
    const { reading, server } = outcome;
    this.#aliases.push(...reading.aliases);
    for (const alias of reading.aliases) this.#ttl = Math.min(this.#ttl, alias.ttl);
    if (reading.kind === "FOUND") {
      this.#ttl = Math.min(this.#ttl, reading.ttl);
      this.#found(reading.name, reading.records, server);
    } else if (reading.kind === "ALIAS") {
      this.#follow(reading.name);
    } else {
      const reason = reading.kind === "REFERRAL" ? "MALFORMED" : reading.kind;
      this.#finish(dnsFailure(reason, reading.name, Math.min(this.#ttl, reading.ttl), server));
    }
  }

  #follow(target: string): void {
    if (this.#aliases.length > MAX_ALIASES) {
      return this.#finish(dnsFailure("CNAME_LOOP", this.#name));
    }
    this.#context.counters.aliasesFollowed++;
    this.#current = target;
    const known = this.#cache?.get(target, this.#type);
    if (known === undefined) return this.start();
    this.#ttl = Math.min(this.#ttl, known.ttl);
    if (!known.isOk) return this.#finish(dnsFailure(known.reason, known.name, this.#ttl, known.server));
    this.#aliases.push(...known.aliases);
    this.#found(known.canonicalName, known.records, known.server);
  }

  #found(canonicalName: string, records: readonly DnsRecord[], server: IpAddress | undefined): void {
    this.#finish({
      isOk: true,
      name: this.#name,
      canonicalName,
      records,
      aliases: this.#aliases,
      ttl: this.#ttl,
      origin: "server",
      server,
    });
  }

  #finish(result: DnsResult): void {
    this.#onDone(result);
    for (const callback of [...this.#waiting]) {
      if (this.#waiting.delete(callback)) callback(result);
    }
  }
}
