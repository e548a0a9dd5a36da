/** {@linkcode TcpQuery}: one query to one server by byte stream (RFC 1035 §4.2.2, RFC 7766).
 *
 * ```text
 *   +-------------------------------+
 *   |            length             |   0
 *   +-------------------------------+
 *   |  the message                      2
 * ```
 *
 * @module
 */
import type { Random } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";
import { type DnsMessage, type DnsQuestion, emitDnsQuery, parseDnsMessage } from "./dns_message.ts";
import type { DnsStream, DnsStreamConnector } from "./resolver_options.ts";
import { isResponseTo } from "./udp_query.ts";

/** What a {@linkcode TcpQuery} is made from. */
export interface TcpQueryConfig {
  /** Opens the stream. */
  readonly connect: DnsStreamConnector;
  /** Entropy. */
  readonly random: Random;
  /** Whom to ask. */
  readonly server: IpAddress;
  /** Port there. */
  readonly port: number;
  /** What to ask. */
  readonly question: DnsQuestion;
  /** The end, once: the response, or `undefined` when there is none. It is closed then. */
  readonly onDone: (message: DnsMessage | undefined) => void;
}

/** A query over a stream of its own, with one answer. */
export class TcpQuery {
  readonly #config: TcpQueryConfig;
  readonly #id: number;
  #stream: DnsStream | undefined = undefined;
  #received: Uint8Array<ArrayBuffer> = new Uint8Array(2);
  #count = 0;

  /** Does nothing yet. */
  constructor(config: TcpQueryConfig) {
    this.#config = config;
    this.#id = config.random.uint32() >>> 16;
  }

  /** Connects and asks.
   *
   * @returns whether that was possible; if not, nothing is reported.
   */
  start(): boolean {
    const { connect, server, port, question } = this.#config;
    const query = emitDnsQuery({ id: this.#id, name: question.name, type: question.type });
    const framed = new Uint8Array(2 + query.length);
    new DataView(framed.buffer).setUint16(0, query.length);
    framed.set(query, 2);
    this.#stream = connect(server, port, {
      data: (bytes) => this.#receive(bytes),
      closed: () => this.#finish(undefined),
    });
    if (this.#stream?.send(framed) === true) return true;
    this.close();
    return false;
  }

  /** Ends it; nothing is reported afterwards. */
  close(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }

  #receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#stream !== undefined;) {
      const count = Math.min(bytes.length - at, this.#received.length - this.#count);
      this.#received.set(bytes.subarray(at, at + count), this.#count);
      this.#count += count;
      at += count;
      if (this.#count < this.#received.length) return;
      if (this.#count > 2 || (this.#received[0] === 0 && this.#received[1] === 0)) {
        return this.#complete(this.#received.subarray(2));
      }
      const whole = new Uint8Array(2 + (this.#received[0]! << 8 | this.#received[1]!));
      whole.set(this.#received);
      this.#received = whole;
    }
  }

  #complete(bytes: Uint8Array): void {
    const message = parseDnsMessage(bytes);
    const isFitting = typeof message !== "string" && isResponseTo(message, this.#id, this.#config.question);
    this.#finish(isFitting && !message.isTruncated ? message : undefined);
  }

  #finish(message: DnsMessage | undefined): void {
    if (this.#stream === undefined) return;
    this.close();
    this.#config.onDone(message);
  }
}
