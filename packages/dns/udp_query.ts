/** {@linkcode UdpQuery}: one query to one server by datagram.
 *
 * @module
 */
import { copyTo, type Pbuf } from "@lightwire/pbuf";
import { NetError, type NetErrorCode, type Random, randomBelow } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";
import type { UdpEndpoint, UdpLayer } from "@lightwire/udp";
import { type DnsMessage, type DnsQuestion, emitDnsQuery, parseDnsMessage } from "./dns_message.ts";
import { sameDnsName } from "./dns_name.ts";
import type { DnsCounters } from "./resolver_options.ts";

/** Ports are drawn from here up to 65535: below are those that programs listen on. */
const LOWEST_PORT = 16384;
/** Draws of a port before giving up: each fails only when another endpoint has it. */
const PORT_DRAWS = 16;

/** What a {@linkcode UdpQuery} is made from. */
export interface UdpQueryConfig {
  /** The transport. */
  readonly udp: UdpLayer;
  /** Entropy. */
  readonly random: Random;
  /** Where to count. */
  readonly counters: DnsCounters;
  /** Whom to ask. */
  readonly server: IpAddress;
  /** Port there. */
  readonly port: number;
  /** What to ask. */
  readonly question: DnsQuestion;
  /** UDP payload to take; 0: no EDNS0. */
  readonly udpPayloadBytes: number;
  /** The response. Called once; it is closed then. */
  readonly onResponse: (message: DnsMessage) => void;
  /** The server is not there. Called once; it is closed then. */
  readonly onUnreachable: () => void;
}

/** A query with a number and a port of its own, both drawn at random (RFC 5452 §9.2). The endpoint is connected, so that only
 * datagrams from the server's address and port are looked at (RFC 5452 §9.1). */
export class UdpQuery {
  /** Datagrams from the server that are no message. */
  malformed: number = 0;
  readonly #config: UdpQueryConfig;
  readonly #id: number;
  readonly #bytes: Uint8Array;
  readonly #endpoint: UdpEndpoint;

  /** Sends nothing yet.
   *
   * @throws {NetError} when no port is free, or no route leads to the server.
   */
  constructor(config: UdpQueryConfig) {
    this.#config = config;
    this.#id = config.random.uint32() >>> 16;
    const { question, udpPayloadBytes } = config;
    this.#bytes = emitDnsQuery({ id: this.#id, name: question.name, type: question.type, udpPayloadBytes });
    this.#endpoint = openAtRandom(config.udp, config.random);
    try {
      this.#endpoint.connect(config.server, config.port);
    } catch (error) {
      this.#endpoint.close();
      throw error;
    }
    this.#endpoint.onReceive = (p) => this.#receive(p);
    this.#endpoint.onError = (error) => {
      if (error.code === undefined || error.code === "MESSAGE_TOO_LONG") return;
      this.close();
      config.onUnreachable();
    };
  }

  /** Sends it, again perhaps: with the same number and port, so that the answer to either transmission fits. */
  send(): NetErrorCode | undefined {
    this.#config.counters.sent++;
    return this.#endpoint.send(this.#bytes);
  }

  /** Ends it; nothing is reported afterwards. */
  close(): void {
    this.#endpoint.close();
  }

  #receive(p: Pbuf): void {
    const bytes = new Uint8Array(p.totalLength);
    copyTo(p, bytes);
    p.release();
    const { counters, question } = this.#config;
    const message = parseDnsMessage(bytes);
    if (typeof message === "string") {
      counters.malformed++;
      this.malformed++;
      return;
    }
    if (!isResponseTo(message, this.#id, question)) {
      counters.unrelated++;
      return;
    }
    counters.responses++;
    this.close();
    this.#config.onResponse(message);
  }
}

/** Whether a message is the response to a query (RFC 5452 §9.1). A response without question is taken for one when it reports an
 * error: servers that did not understand a query cannot repeat it. */
export function isResponseTo(message: DnsMessage, id: number, question: DnsQuestion): boolean {
  if (!message.isResponse || message.id !== id || message.opcode !== 0) return false;
  if (message.questions.length === 0) return message.rcode !== 0 && message.rcode !== 3;
  if (message.questions.length !== 1) return false;
  const echoed = message.questions[0]!;
  return echoed.type === question.type && echoed.class === question.class &&
    sameDnsName(echoed.name, question.name);
}

function openAtRandom(udp: UdpLayer, random: Random): UdpEndpoint {
  for (let draw = 1;; draw++) {
    try {
      return udp.open({ localPort: LOWEST_PORT + randomBelow(random, 65536 - LOWEST_PORT) });
    } catch (error) {
      const isTaken = error instanceof NetError && error.code === "ADDRESS_IN_USE";
      if (!isTaken || draw === PORT_DRAWS) throw error;
    }
  }
}
