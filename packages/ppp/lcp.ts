/** {@linkcode Lcp}: the Link Control Protocol (RFC 1661 §5), with its keep-alive by Echo-Request.
 *
 * @module
 */
import type { Random, Timer, TimerQueue } from "@lightwire/netif";
import { ControlProtocol, type ControlProtocolOptions, type CpEnd } from "./control_protocol.ts";
import { CP_CODE, type CpPacket, optionNumber } from "./cp_packet.ts";
import { LcpNegotiation, type LcpSettings, type LcpWishes } from "./lcp_options.ts";
import type { NegotiationState } from "./negotiation_state.ts";
import { PPP_LCP } from "./ppp_protocol_number.ts";

/** What {@linkcode Lcp} tells its owner. */
export interface LcpOwner {
  /** Sends an LCP packet: never compressed, and with the default ACCM. */
  lcpSend(packet: Uint8Array): void;
  /** The link is agreed on. */
  lcpUp(): void;
  /** It is not any more. */
  lcpDown(): void;
  /** LCP is at its end. */
  lcpFinished(end: CpEnd): void;
  /** The peer does not speak a protocol. */
  protocolRejected(protocol: number): void;
}

/** Options of {@linkcode Lcp}. */
export interface LcpOptions extends ControlProtocolOptions, LcpWishes {
  /** Time between Echo-Requests; default 10,000 ms, 0 for none. */
  readonly echoIntervalMs?: number;
  /** Echo-Requests in a row without a reply until the peer counts as dead; default 3. */
  readonly echoFailures?: number;
}

/** Time between Echo-Requests by default. */
export const DEFAULT_ECHO_INTERVAL_MS = 10_000;
/** Unanswered Echo-Requests in a row, by default. */
export const DEFAULT_ECHO_FAILURES = 3;

const MAGIC_LENGTH = 4;

/** LCP of one link. */
export class Lcp {
  /** Echo-Replies received. */
  echoReplies: number = 0;
  /** Round trip of the last Echo, in milliseconds; −1 before the first. */
  echoRoundTripMs: number = -1;
  /** The protocol below the options. */
  readonly protocol: ControlProtocol;
  readonly #negotiation: LcpNegotiation;
  readonly #owner: LcpOwner;
  readonly #timers: TimerQueue;
  readonly #echoTimer: Timer;
  readonly #echoIntervalMs: number;
  readonly #echoFailures: number;
  #isEchoSpoken = true;
  #unanswered = 0;
  #echoId = -1;
  #echoSentAt = 0;

  /** Makes LCP in state Initial. */
  constructor(timers: TimerQueue, random: Random, owner: LcpOwner, options: LcpOptions = {}) {
    this.#owner = owner;
    this.#timers = timers;
    this.#echoIntervalMs = options.echoIntervalMs ?? DEFAULT_ECHO_INTERVAL_MS;
    this.#echoFailures = options.echoFailures ?? DEFAULT_ECHO_FAILURES;
    this.#negotiation = new LcpNegotiation(random, options);
    this.#echoTimer = timers.create(() => this.#echo());
    this.protocol = new ControlProtocol(timers, this.#negotiation, {
      send: (packet) => owner.lcpSend(packet),
      up: () => this.#up(),
      down: () => {
        this.#echoTimer.stop();
        this.protocol.maxPacketBytes = 1500;
        owner.lcpDown();
      },
      finished: (end) => owner.lcpFinished(end),
      otherCode: (packet) => this.#otherCode(packet),
    }, options);
    this.#negotiation.onLoopback = () => this.protocol.close("loopback");
    this.#negotiation.onAuthRefused = () => this.protocol.close("authentication-refused");
  }

  /** State of the automaton. */
  get state(): NegotiationState {
    return this.protocol.state;
  }

  /** How the peer sends to us. */
  get local(): Readonly<LcpSettings> {
    return this.#negotiation.local;
  }

  /** How we send to the peer. */
  get peer(): Readonly<LcpSettings> {
    return this.#negotiation.peer;
  }

  /** Our MRU is not larger than this, in negotiations that begin from now on; for a carrier that has found out. */
  limitMru(octets: number): void {
    this.#negotiation.mruLimit = octets;
  }

  /** Whether the peer wanted an authentication that we cannot do. */
  get isAuthRefusedByUs(): boolean {
    return this.#negotiation.isAuthRefusedByUs;
  }

  /** Rejects a packet of a protocol that we do not speak; only once LCP is opened (RFC 1661 §5.7).
   *
   * @param bytes The information field is `bytes[start … end]`.
   */
  rejectProtocol(protocol: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== "Opened") return;
    const data = new Uint8Array(2 + end - start);
    data.set([protocol >>> 8, protocol & 0xff]);
    data.set(bytes.subarray(start, end), 2);
    this.protocol.send(CP_CODE.PROTOCOL_REJECT, this.protocol.newId(), data);
  }

  #up(): void {
    this.protocol.maxPacketBytes = this.peer.mru;
    this.#unanswered = 0;
    this.#isEchoSpoken = true;
    if (this.#echoIntervalMs > 0) this.#echoTimer.start(this.#echoIntervalMs);
    this.#owner.lcpUp();
  }

  #echo(): void {
    if (!this.#isEchoSpoken) return;
    if (this.#unanswered >= this.#echoFailures) return this.protocol.close("peer-dead");
    this.#unanswered++;
    this.#echoId = this.protocol.newId();
    this.#echoSentAt = this.#timers.clock.now();
    this.#echoTimer.start(this.#echoIntervalMs);
    this.protocol.send(CP_CODE.ECHO_REQUEST, this.#echoId, this.#withMagic(new Uint8Array(MAGIC_LENGTH)));
  }

  #otherCode(packet: CpPacket): boolean {
    const isOpened = this.state === "Opened";
    switch (packet.code) {
      case CP_CODE.ECHO_REQUEST:
        if (isOpened && packet.data.length >= MAGIC_LENGTH) {
          this.protocol.send(CP_CODE.ECHO_REPLY, packet.id, this.#withMagic(packet.data));
        }
        return true;
      case CP_CODE.ECHO_REPLY:
        if (isOpened) this.#echoReply(packet);
        return true;
      case CP_CODE.PROTOCOL_REJECT:
        if (isOpened && packet.data.length >= 2) {
          const protocol = (packet.data[0]! << 8) | packet.data[1]!;
          if (protocol === PPP_LCP) this.protocol.protocolRejected();
          else this.#owner.protocolRejected(protocol);
        }
        return true;
      case CP_CODE.DISCARD_REQUEST:
      case CP_CODE.IDENTIFICATION:
      case CP_CODE.TIME_REMAINING:
        return true;
      default:
        return false;
    }
  }

  #echoReply(packet: CpPacket): void {
    if (packet.id !== this.#echoId || packet.data.length < MAGIC_LENGTH) return;
    // Our own number in a reply: the line sends us back what we send (RFC 1661 §5.8).
    const magic = optionNumber({ type: 0, data: packet.data });
    if (magic !== 0 && magic === this.local.magic) return;
    this.#echoId = -1;
    this.#unanswered = 0;
    this.echoReplies++;
    this.echoRoundTripMs = this.#timers.clock.now() - this.#echoSentAt;
  }

  #withMagic(data: Uint8Array): Uint8Array {
    const copy = data.slice();
    new DataView(copy.buffer).setUint32(0, this.local.magic);
    return copy;
  }
}
