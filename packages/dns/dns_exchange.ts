/** {@linkcode DnsExchange}: one question, put to one server after the other until one can answer.
 *
 * @module
 */
import { NetError, type Timer } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";
import type { UdpLayer } from "@lightwire/udp";
import type { DnsMessage, DnsQuestion } from "./dns_message.ts";
import { type DnsReading, readDnsAnswer } from "./dns_answer.ts";
import type { DnsFailureReason } from "./dns_result.ts";
import { DNS_RCODE } from "./record_type.ts";
import type { DnsCounters, DnsHost, DnsStreamConnector } from "./resolver_options.ts";
import { TcpQuery } from "./tcp_query.ts";
import { UdpQuery } from "./udp_query.ts";

/** What all exchanges of a resolver share. */
export interface DnsExchangeContext {
  /** The transport. */
  readonly udp: UdpLayer;
  /** Time and entropy. */
  readonly host: DnsHost;
  /** The transport for long answers. */
  readonly connectTcp: DnsStreamConnector | undefined;
  /** Where to count. */
  readonly counters: DnsCounters;
  /** Port of the servers. */
  readonly port: number;
  /** Pauses after each transmission to one server. */
  readonly retryPausesMs: readonly number[];
  /** Longest exchange over TCP. */
  readonly tcpTimeoutMs: number;
  /** UDP payload to take; 0: no EDNS0. */
  readonly udpPayloadBytes: number;
  /** A server answered, or did not. */
  readonly onServer: (server: IpAddress, isAlive: boolean) => void;
}

/** How an exchange ended: with a reading of a response, or without any that is of use. */
export type DnsExchangeOutcome =
  | { readonly reading: DnsReading; readonly server: IpAddress }
  | { readonly failure: DnsFailureReason; readonly server: IpAddress | undefined };

/** What is told of several servers that failed: the first of these that holds. */
const FAILURES: readonly DnsFailureReason[] = [
  "SERVFAIL",
  "REFUSED",
  "MALFORMED",
  "TIMED_OUT",
  "UNREACHABLE",
  "NO_SERVERS",
];

/** Asks servers in order, each several times. NXDOMAIN and the lack of data are answers; SERVFAIL, REFUSED and whatever is of no
 * use make it go on to the next server. */
export class DnsExchange {
  readonly #context: DnsExchangeContext;
  readonly #question: DnsQuestion;
  readonly #servers: readonly IpAddress[];
  readonly #aliasesBefore: number;
  readonly #onDone: (outcome: DnsExchangeOutcome) => void;
  readonly #timer: Timer;
  #index = -1;
  #attempt = 0;
  #hasEdns = true;
  #udp: UdpQuery | undefined = undefined;
  #tcp: TcpQuery | undefined = undefined;
  #failure: DnsFailureReason = "NO_SERVERS";
  #failedServer: IpAddress | undefined = undefined;
  #isStarting = false;
  #isOver = false;

  /** Sends nothing yet.
   *
   * @param onDone called once, never before {@linkcode start} returned.
   */
  constructor(
    context: DnsExchangeContext,
    question: DnsQuestion,
    servers: readonly IpAddress[],
    aliasesBefore: number,
    onDone: (outcome: DnsExchangeOutcome) => void,
  ) {
    this.#context = context;
    this.#question = question;
    this.#servers = servers;
    this.#aliasesBefore = aliasesBefore;
    this.#onDone = onDone;
    this.#timer = context.host.timers.create(() => this.#timeout());
  }

  /** Begins. */
  start(): void {
    this.#isStarting = true;
    this.#askNext();
    this.#isStarting = false;
  }

  /** Ends it; nothing is reported afterwards. */
  cancel(): void {
    this.#isOver = true;
    this.#stop();
  }

  #stop(): void {
    this.#timer.stop();
    this.#udp?.close();
    this.#tcp?.close();
    this.#udp = undefined;
    this.#tcp = undefined;
  }

  #askNext(): void {
    this.#index++;
    this.#hasEdns = this.#context.udpPayloadBytes > 0;
    if (this.#index < this.#servers.length) return this.#ask();
    // Nobody is called back from within start().
    if (this.#isStarting) this.#timer.start(0);
    else this.#finish({ failure: this.#failure, server: this.#failedServer });
  }

  #ask(): void {
    const { udp, host, counters, port, udpPayloadBytes } = this.#context;
    const server = this.#servers[this.#index]!;
    this.#attempt = 0;
    try {
      this.#udp = new UdpQuery({
        udp,
        random: host.random,
        counters,
        server,
        port,
        question: this.#question,
        udpPayloadBytes: this.#hasEdns ? udpPayloadBytes : 0,
        onResponse: (message) => this.#respond(message, false),
        onUnreachable: () => this.#unreachable(),
      });
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      return this.#unreachable();
    }
    this.#transmit();
  }

  /** What could not be sent now is sent with the next repetition, as if it had been lost. */
  #transmit(): void {
    if (this.#attempt > 0) this.#context.counters.repeated++;
    this.#udp!.send();
    this.#timer.start(this.#context.retryPausesMs[this.#attempt++]!);
  }

  #timeout(): void {
    if (this.#index >= this.#servers.length) {
      return this.#finish({ failure: this.#failure, server: this.#failedServer });
    }
    if (this.#udp !== undefined && this.#attempt < this.#context.retryPausesMs.length) {
      return this.#transmit();
    }
    this.#context.counters.timeouts++;
    const wasNonsense = this.#udp !== undefined && this.#udp.malformed > 0;
    this.#fail(wasNonsense ? "MALFORMED" : "TIMED_OUT", false);
  }

  #unreachable(): void {
    this.#context.counters.unreachable++;
    this.#fail("UNREACHABLE", false);
  }

  /** Notes why this server is no use, and goes on to the next. */
  #fail(reason: DnsFailureReason, isAlive: boolean): void {
    const server = this.#servers[this.#index]!;
    this.#context.onServer(server, isAlive);
    if (FAILURES.indexOf(reason) < FAILURES.indexOf(this.#failure)) {
      this.#failure = reason;
      this.#failedServer = server;
    }
    this.#stop();
    this.#askNext();
  }

  #respond(message: DnsMessage, isOverTcp: boolean): void {
    this.#stop();
    const { counters } = this.#context;
    if (message.rcode !== DNS_RCODE.NOERROR && message.rcode !== DNS_RCODE.NXDOMAIN) {
      return this.#serverError(message.rcode);
    }
    if (message.isTruncated && !isOverTcp) return this.#askOverTcp();
    const { name, type } = this.#question;
    const reading = readDnsAnswer(message, name, type, this.#aliasesBefore);
    if (reading.kind === "REFERRAL") {
      counters.useless++;
      return this.#fail("MALFORMED", true);
    }
    const server = this.#servers[this.#index]!;
    this.#context.onServer(server, true);
    this.#finish({ reading, server });
  }

  #serverError(rcode: number): void {
    this.#context.counters.serverErrors++;
    const isEdnsUnknown = rcode === DNS_RCODE.FORMERR || rcode === DNS_RCODE.NOTIMP ||
      rcode === DNS_RCODE.BADVERS;
    if (isEdnsUnknown && this.#hasEdns) {
      this.#context.counters.withoutEdns++;
      this.#hasEdns = false;
      return this.#ask();
    }
    this.#fail(rcode === DNS_RCODE.REFUSED ? "REFUSED" : "SERVFAIL", true);
  }

  #askOverTcp(): void {
    const { connectTcp, counters, host, port, tcpTimeoutMs } = this.#context;
    if (connectTcp !== undefined) {
      counters.tcp++;
      this.#tcp = new TcpQuery({
        connect: connectTcp,
        random: host.random,
        server: this.#servers[this.#index]!,
        port,
        question: this.#question,
        onDone: (message) => {
          if (message !== undefined) return this.#respond(message, true);
          counters.useless++;
          this.#fail("MALFORMED", true);
        },
      });
      if (this.#tcp.start()) return this.#timer.start(tcpTimeoutMs);
    }
    counters.useless++;
    this.#fail("MALFORMED", true);
  }

  #finish(outcome: DnsExchangeOutcome): void {
    if (this.#isOver) return;
    this.cancel();
    this.#onDone(outcome);
  }
}
