/** {@linkcode LcpEcho}: whether the peer is still there, by Echo-Request and Echo-Reply (RFC 1661 §5.8).
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif";
import { CP_CODE, type CpPacket } from "./cp_packet.ts";

/** When to ask. */
export interface LcpEchoOptions {
  /** Time between Echo-Requests; default 10,000 ms, 0 for none. */
  readonly echoIntervalMs?: number;
  /** Echo-Requests in a row without a reply until the peer counts as dead; default 3. */
  readonly echoFailures?: number;
  /** Whether not to ask after an interval in which other packets have come in; default false. */
  readonly echoAdaptive?: boolean;
}

/** Time between Echo-Requests by default. */
export const DEFAULT_ECHO_INTERVAL_MS = 10_000;
/** Unanswered Echo-Requests in a row, by default. */
export const DEFAULT_ECHO_FAILURES = 3;

/** What {@linkcode LcpEcho} needs of LCP. */
export interface LcpEchoOwner {
  /** Our magic number; 0 for none. */
  readonly localMagic: number;
  /** Sends a packet. */
  echoSend(code: number, id: number, data: Uint8Array): void;
  /** An identifier for a request. */
  echoId(): number;
  /** The peer does not answer; or, if `isLooped`, it is ourselves who does. */
  echoFailed(isLooped: boolean): void;
}

const MAGIC_LENGTH = 4;

/** Keep-alive of one link. */
export class LcpEcho {
  /** Replies received. */
  replies: number = 0;
  /** Requests received. */
  requests: number = 0;
  /** Round trip of the last reply, in milliseconds; −1 before the first. */
  roundTripMs: number = -1;
  /** Packets with our own magic number in them: the line sends back what we send. */
  looped: number = 0;
  /** Packets that have come in, of whatever protocol but LCP; counted by whoever receives them. */
  packetsSeen: number = 0;
  readonly #timers: TimerQueue;
  readonly #owner: LcpEchoOwner;
  readonly #timer: Timer;
  readonly #intervalMs: number;
  readonly #failures: number;
  readonly #isAdaptive: boolean;
  #unanswered = 0;
  #loopedNow = 0;
  #id = -1;
  #sentAt = 0;
  #seenBefore = 0;

  /** Makes a keep-alive that is not started. */
  constructor(timers: TimerQueue, owner: LcpEchoOwner, options: LcpEchoOptions = {}) {
    this.#timers = timers;
    this.#owner = owner;
    this.#timer = timers.create(() => this.#expired());
    this.#intervalMs = options.echoIntervalMs ?? DEFAULT_ECHO_INTERVAL_MS;
    this.#failures = options.echoFailures ?? DEFAULT_ECHO_FAILURES;
    this.#isAdaptive = options.echoAdaptive ?? false;
  }

  /** LCP is open. */
  start(): void {
    this.#unanswered = this.#loopedNow = 0;
    this.#seenBefore = this.packetsSeen;
    if (this.#intervalMs > 0) this.#timer.start(this.#intervalMs);
  }

  /** LCP is not open any more, or the peer does not know the code. */
  stop(): void {
    this.#timer.stop();
    this.#id = -1;
  }

  /** An Echo-Request or Echo-Reply has arrived, with LCP open. */
  input(packet: CpPacket): void {
    if (packet.data.length < MAGIC_LENGTH) return;
    const { buffer, byteOffset } = packet.data;
    const magic = new DataView(buffer, byteOffset).getUint32(0);
    if (magic !== 0 && magic === this.#owner.localMagic) {
      this.looped++;
      this.#loopedNow++;
    } else if (packet.code === CP_CODE.ECHO_REQUEST) {
      this.requests++;
      this.#owner.echoSend(CP_CODE.ECHO_REPLY, packet.id, this.#withMagic(packet.data));
    } else if (packet.id === this.#id) {
      this.#id = -1;
      this.#unanswered = this.#loopedNow = 0;
      this.replies++;
      this.roundTripMs = this.#timers.clock.now() - this.#sentAt;
    }
  }

  #expired(): void {
    const hasTraffic = this.packetsSeen !== this.#seenBefore;
    this.#seenBefore = this.packetsSeen;
    if (this.#isAdaptive && hasTraffic) {
      this.#unanswered = 0;
      return this.#timer.start(this.#intervalMs);
    }
    if (this.#unanswered >= this.#failures) return this.#owner.echoFailed(this.#loopedNow > 0);
    this.#unanswered++;
    this.#id = this.#owner.echoId();
    this.#sentAt = this.#timers.clock.now();
    this.#timer.start(this.#intervalMs);
    this.#owner.echoSend(CP_CODE.ECHO_REQUEST, this.#id, this.#withMagic(new Uint8Array(MAGIC_LENGTH)));
  }

  #withMagic(data: Uint8Array): Uint8Array {
    const copy = data.slice();
    new DataView(copy.buffer).setUint32(0, this.#owner.localMagic);
    return copy;
  }
}
