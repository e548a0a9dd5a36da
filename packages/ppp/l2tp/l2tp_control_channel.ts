/** {@linkcode L2tpControlChannel}: the reliable delivery of L2TP's control messages (RFC 2661 §5.8).
 *
 * Messages are numbered and sent again until they are acknowledged; at most as many are under way as the peer's window takes.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif";
import { emitL2tpControl, L2TP_MESSAGE, type L2tpAvp, type L2tpControl } from "./l2tp_message.ts";

/** First wait for an acknowledgement by default; doubles up to {@linkcode MAX_L2TP_RETRY_MS}. */
export const DEFAULT_L2TP_RETRY_MS = 1000;
/** Longest wait (RFC 2661 §5.8 asks for a cap of no less than 8 s). */
export const MAX_L2TP_RETRY_MS = 8000;
/** Transmissions of one message until the peer counts as gone (RFC 2661 §5.8 recommends at least five). */
export const DEFAULT_L2TP_ATTEMPTS = 5;
/** Our own window, and the peer's unless it says otherwise (RFC 2661 §4.4.3). */
export const L2TP_WINDOW = 4;
/** Messages that wait to be sent at most. */
export const MAX_L2TP_QUEUE = 32;

/** What an {@linkcode L2tpControlChannel} tells its owner. */
export interface L2tpControlOwner {
  /** Sends a datagram. */
  sendDatagram(bytes: Uint8Array): void;
  /** The next message in order. */
  controlInput(message: L2tpControl): void;
  /** The peer does not acknowledge any more. */
  peerGone(): void;
}

/** Timing of an {@linkcode L2tpControlChannel}. */
export interface L2tpRetryOptions {
  /** First wait; default {@linkcode DEFAULT_L2TP_RETRY_MS}. */
  readonly retryMs?: number;
  /** Transmissions; default {@linkcode DEFAULT_L2TP_ATTEMPTS}. */
  readonly attempts?: number;
}

interface Waiting {
  readonly type: number;
  readonly sessionId: number;
  readonly avps: readonly L2tpAvp[];
  ns: number;
}

/** Signed distance of two numbers of 16 bits. */
function distance(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** The control connection of one tunnel. */
export class L2tpControlChannel {
  /** The peer's id of the tunnel, once it has told. */
  peerTunnelId: number = 0;
  /** Messages the peer takes before it acknowledges. */
  peerWindow: number = L2TP_WINDOW;
  /** Messages that came again, or out of order: dropped, and acknowledged anew. */
  duplicates: number = 0;
  /** Messages dropped because too many wait. */
  overflow: number = 0;
  readonly #owner: L2tpControlOwner;
  readonly #timer: Timer;
  readonly #ackTimer: Timer;
  readonly #options: L2tpRetryOptions;
  readonly #waiting: Waiting[] = [];
  #inFlight = 0;
  #ns = 0;
  #nr = 0;
  #sent = 0;

  /** Makes a channel that has sent and received nothing. */
  constructor(timers: TimerQueue, owner: L2tpControlOwner, options: L2tpRetryOptions = {}) {
    this.#owner = owner;
    this.#options = options;
    this.#timer = timers.create(() => this.#retransmit());
    this.#ackTimer = timers.create(() => this.#sendNow(L2TP_MESSAGE.ZLB, 0, [], this.#ns));
  }

  /** Whether all messages have been acknowledged. */
  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends a message, now or when the window allows.
   *
   * @param sessionId The peer's id of the session; 0 for the tunnel.
   */
  send(type: number, sessionId: number, avps: readonly L2tpAvp[]): void {
    if (this.#waiting.length >= MAX_L2TP_QUEUE) return void this.overflow++;
    this.#waiting.push({ type, sessionId, avps, ns: 0 });
    this.#fill();
  }

  /** A control message for this tunnel has arrived. */
  input(message: L2tpControl): void {
    this.#acknowledged(message.nr);
    if (message.type === L2TP_MESSAGE.ZLB) return;
    if (message.ns !== this.#nr) {
      // Repeated, because our acknowledgement was lost, or out of order: it will come again (RFC 2661 §5.8).
      this.duplicates++;
      if (distance(message.ns, this.#nr) < 0) this.#ackTimer.start(0);
      return;
    }
    this.#nr = (this.#nr + 1) & 0xffff;
    // A message of our own in answer carries the acknowledgement; if there is none, it goes alone.
    this.#ackTimer.start(0);
    this.#owner.controlInput(message);
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#timer.stop();
    this.#ackTimer.stop();
    this.#waiting.length = 0;
    this.#inFlight = 0;
  }

  #acknowledged(nr: number): void {
    let count = 0;
    while (count < this.#inFlight && distance(nr, this.#waiting[count]!.ns) > 0) count++;
    if (count === 0) return;
    this.#waiting.splice(0, count);
    this.#inFlight -= count;
    this.#sent = 1;
    this.#arm();
    this.#fill();
  }

  #fill(): void {
    while (this.#inFlight < this.#waiting.length && this.#inFlight < Math.max(1, this.peerWindow)) {
      const message = this.#waiting[this.#inFlight]!;
      message.ns = this.#ns;
      this.#ns = (this.#ns + 1) & 0xffff;
      if (this.#inFlight++ === 0) {
        this.#sent = 1;
        this.#arm();
      }
      this.#sendNow(message.type, message.sessionId, message.avps, message.ns);
    }
  }

  #arm(): void {
    if (this.#inFlight === 0) return this.#timer.stop();
    const retryMs = this.#options.retryMs ?? DEFAULT_L2TP_RETRY_MS;
    this.#timer.start(Math.min(MAX_L2TP_RETRY_MS, retryMs * 2 ** (this.#sent - 1)));
  }

  #retransmit(): void {
    if (this.#sent >= (this.#options.attempts ?? DEFAULT_L2TP_ATTEMPTS)) {
      this.stop();
      return this.#owner.peerGone();
    }
    this.#sent++;
    this.#arm();
    const oldest = this.#waiting[0]!;
    this.#sendNow(oldest.type, oldest.sessionId, oldest.avps, oldest.ns);
  }

  #sendNow(type: number, sessionId: number, avps: readonly L2tpAvp[], ns: number): void {
    this.#ackTimer.stop();
    const message = { tunnelId: this.peerTunnelId, sessionId, ns, nr: this.#nr, type, avps };
    this.#owner.sendDatagram(emitL2tpControl(message));
  }
}
