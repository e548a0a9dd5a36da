/** {@linkcode PppoeDiscovery}: the host's half of PPPoE's discovery stage (RFC 2516 §5), as a machine without a network.
 *
 * ```text
 *   Idle --start--> PadiSent --PADO chosen--> PadrSent --PADS--> Session --PADT or stop--> Idle
 *                      |  no offer                |  no answer: back to PADI, then the end
 * ```
 *
 * Deviation: where lwIP takes the first offer that comes, a window for offers may be set and a rule to choose among them; the
 * waits double from one second on, as RFC 2516 §8 has it.
 *
 * @module
 */
import type { MacAddress, Random, Timer, TimerQueue } from "@lightwire/netif";
import { equalBytes, peerText } from "../cp_packet.ts";
import {
  emitPppoeDiscovery,
  findPppoeTag,
  PPPOE_CODE,
  PPPOE_MRU,
  PPPOE_TAG,
  type PppoeDiscoveryPacket,
  pppoeMaxPayload,
  pppoeMaxPayloadTag,
  type PppoeTag,
  pppoeTextTag,
} from "./pppoe_packet.ts";

/** State of a {@linkcode PppoeDiscovery}. */
export type PppoeDiscoveryState = "Idle" | "PadiSent" | "PadrSent" | "Session";

/** What an access concentrator offers. */
export interface PppoeOffer {
  /** Its station address. */
  readonly address: MacAddress;
  /** Its name. */
  readonly acName: string;
  /** Services it names; "" is any. */
  readonly services: readonly string[];
  /** Longest PPP packet that it takes by RFC 4638, if it says. */
  readonly maxPayload: number | undefined;
}

/** Why discovery failed. */
export type PppoeDiscoveryEnd =
  | "no-offer" // nobody answers the PADI
  | "no-session" // the one chosen does not answer the PADR
  | "refused"; // it answers with an error

/** Options of {@linkcode PppoeDiscovery}. */
export interface PppoeDiscoveryOptions {
  /** The service wanted; any by default. */
  readonly serviceName?: string;
  /** The access concentrator wanted; any by default. */
  readonly acName?: string;
  /** First wait for an answer; doubles each time. Default 1000 ms. */
  readonly retryMs?: number;
  /** PADIs until giving up, and PADRs to each offer; default 5. */
  readonly attempts?: number;
  /** How long to collect offers after the first; default 0: the first one is taken. */
  readonly offerWindowMs?: number;
  /** Chooses among the offers of the window; default: the first one. */
  readonly choose?: (offers: readonly PppoeOffer[]) => PppoeOffer | undefined;
  /** Asks for payloads longer than 1492 octets (RFC 4638); default 1492: it does not ask. */
  readonly maxPayload?: number;
}

/** What a {@linkcode PppoeDiscovery} tells its owner. */
export interface PppoeDiscoveryOwner {
  /** Sends a discovery packet; `undefined` is everybody. */
  sendDiscovery(packet: Uint8Array, to: MacAddress | undefined): void;
  /** There is a session.
   *
   * @param maxPayload Longest PPP packet both take: 1492, or what was agreed on by RFC 4638.
   */
  sessionBegun(sessionId: number, offer: PppoeOffer, maxPayload: number): void;
  /** The session is over: by the peer's PADT. */
  sessionEnded(message: string): void;
  /** There will be no session. */
  discoveryFailed(end: PppoeDiscoveryEnd, message: string): void;
}

/** First wait for an answer by default (RFC 2516 §8: it doubles). */
export const DEFAULT_PPPOE_RETRY_MS = 1000;
/** PADIs, and PADRs, without an answer by default. */
export const DEFAULT_PPPOE_ATTEMPTS = 5;
/** Offers that are kept at most; later ones are dropped and counted. */
export const MAX_PPPOE_OFFERS = 16;
/** Longest AC-Cookie and Relay-Session-Id that are sent back. */
const MAX_ECHOED_OCTETS = 1024;

interface Candidate {
  readonly offer: PppoeOffer;
  /** Tags to send back: AC-Cookie and Relay-Session-Id (RFC 2516 §5.3). */
  readonly echoed: readonly PppoeTag[];
}

/** Discovery of one session. */
export class PppoeDiscovery {
  /** Packets that are not for us, or come in the wrong state. */
  ignored: number = 0;
  /** Offers beyond {@linkcode MAX_PPPOE_OFFERS}. */
  offersDropped: number = 0;
  readonly #owner: PppoeDiscoveryOwner;
  readonly #options: PppoeDiscoveryOptions;
  readonly #timer: Timer;
  readonly #random: Random;
  #state: PppoeDiscoveryState = "Idle";
  #hostUniq: Uint8Array = new Uint8Array(0);
  #candidates: Candidate[] = [];
  #chosen: Candidate | undefined;
  #sessionId = 0;
  #sent = 0;
  #isCollecting = false;

  /** Makes a machine in state Idle. */
  constructor(
    timers: TimerQueue,
    random: Random,
    owner: PppoeDiscoveryOwner,
    options: PppoeDiscoveryOptions = {},
  ) {
    this.#owner = owner;
    this.#options = options;
    this.#random = random;
    this.#timer = timers.create(() => this.#expired());
  }

  /** Where it stands. */
  get state(): PppoeDiscoveryState {
    return this.#state;
  }

  /** Id of the session; 0 when there is none. */
  get sessionId(): number {
    return this.#sessionId;
  }

  /** Station address of the access concentrator, once it is chosen. */
  get peerAddress(): MacAddress | undefined {
    return this.#chosen?.offer.address;
  }

  /** Looks for an access concentrator. Does nothing unless Idle. */
  start(): void {
    if (this.#state !== "Idle") return;
    const view = new DataView(new ArrayBuffer(8));
    view.setUint32(0, this.#random.uint32());
    view.setUint32(4, this.#random.uint32());
    this.#hostUniq = new Uint8Array(view.buffer);
    this.#begin("PadiSent");
  }

  /** Ends the session with a PADT, or the search. The owner hears nothing. */
  stop(message = ""): void {
    if (this.#state === "Session" && this.#chosen !== undefined) {
      const tags = message === "" ? [] : [pppoeTextTag(PPPOE_TAG.GENERIC_ERROR, message)];
      const packet = { code: PPPOE_CODE.PADT, sessionId: this.#sessionId, tags };
      this.#owner.sendDiscovery(emitPppoeDiscovery(packet), this.#chosen.offer.address);
    }
    this.#reset();
  }

  /** A discovery packet has arrived. */
  input(from: MacAddress, packet: PppoeDiscoveryPacket): void {
    switch (packet.code) {
      case PPPOE_CODE.PADO:
        if (this.#state === "PadiSent" && this.#isOurs(packet)) return this.#offered(from, packet);
        break;
      case PPPOE_CODE.PADS:
        if (this.#state === "PadrSent" && this.#isFromChosen(from) && this.#isOurs(packet)) {
          return this.#confirmed(packet);
        }
        break;
      case PPPOE_CODE.PADT:
        if (this.#state === "Session" && this.#isFromChosen(from) && packet.sessionId === this.#sessionId) {
          const message = errorText(packet);
          this.#reset();
          return this.#owner.sessionEnded(message);
        }
    }
    this.ignored++;
  }

  /** Host-Uniq must come back unchanged; packets without are not for us (RFC 2516 appendix A). */
  #isOurs(packet: PppoeDiscoveryPacket): boolean {
    const hostUniq = findPppoeTag(packet, PPPOE_TAG.HOST_UNIQ);
    return hostUniq !== undefined && equalBytes(hostUniq, this.#hostUniq);
  }

  #isFromChosen(from: MacAddress): boolean {
    return this.#chosen !== undefined && this.#chosen.offer.address === from;
  }

  #offered(from: MacAddress, packet: PppoeDiscoveryPacket): void {
    const services = packet.tags.filter((tag) => tag.type === PPPOE_TAG.SERVICE_NAME);
    const offer: PppoeOffer = {
      address: from,
      acName: peerText(findPppoeTag(packet, PPPOE_TAG.AC_NAME) ?? new Uint8Array(0)),
      services: services.map((tag) => peerText(tag.value)),
      maxPayload: pppoeMaxPayload(packet),
    };
    const { acName, serviceName, offerWindowMs } = this.#options;
    const isWanted = acName === undefined || acName === offer.acName;
    const isServed = serviceName === undefined || offer.services.includes(serviceName);
    const isKnown = this.#candidates.some((candidate) => candidate.offer.address === from);
    if (!isWanted || !isServed || isKnown || packet.sessionId !== 0) return void this.ignored++;
    if (this.#candidates.length >= MAX_PPPOE_OFFERS) return void this.offersDropped++;
    const echoed = packet.tags.filter((tag) =>
      (tag.type === PPPOE_TAG.AC_COOKIE || tag.type === PPPOE_TAG.RELAY_SESSION_ID) &&
      tag.value.length <= MAX_ECHOED_OCTETS
    );
    this.#candidates.push({ offer, echoed });
    if ((offerWindowMs ?? 0) === 0) return this.#choose();
    if (this.#isCollecting) return;
    this.#isCollecting = true;
    this.#timer.start(offerWindowMs!);
  }

  #choose(): void {
    this.#isCollecting = false;
    const offers = this.#candidates.map((candidate) => candidate.offer);
    const offer = this.#options.choose === undefined ? offers[0] : this.#options.choose(offers);
    this.#chosen = this.#candidates.find((candidate) => candidate.offer === offer);
    if (this.#chosen === undefined) return this.#fail("no-offer", "no offer was chosen");
    this.#begin("PadrSent");
  }

  #confirmed(packet: PppoeDiscoveryPacket): void {
    const error = errorText(packet);
    if (error !== "" || packet.sessionId === 0) return this.#fail("refused", error || "no session id");
    this.#timer.stop();
    this.#state = "Session";
    this.#sessionId = packet.sessionId;
    this.#candidates = [];
    const asked = this.#options.maxPayload ?? PPPOE_MRU;
    const maxPayload = Math.max(PPPOE_MRU, Math.min(asked, pppoeMaxPayload(packet) ?? PPPOE_MRU));
    this.#owner.sessionBegun(packet.sessionId, this.#chosen!.offer, maxPayload);
  }

  #begin(state: "PadiSent" | "PadrSent"): void {
    this.#state = state;
    this.#sent = 0;
    this.#send();
  }

  #send(): void {
    const retryMs = this.#options.retryMs ?? DEFAULT_PPPOE_RETRY_MS;
    const { maxPayload, serviceName } = this.#options;
    const tags: PppoeTag[] = [
      pppoeTextTag(PPPOE_TAG.SERVICE_NAME, serviceName ?? ""),
      { type: PPPOE_TAG.HOST_UNIQ, value: this.#hostUniq },
    ];
    if (maxPayload !== undefined && maxPayload > PPPOE_MRU) tags.push(pppoeMaxPayloadTag(maxPayload));
    let code: number = PPPOE_CODE.PADI;
    if (this.#state === "PadrSent") {
      code = PPPOE_CODE.PADR;
      tags.push(...this.#chosen!.echoed);
    }
    this.#timer.start(retryMs * 2 ** this.#sent);
    this.#sent++;
    this.#owner.sendDiscovery(
      emitPppoeDiscovery({ code, sessionId: 0, tags }),
      this.#state === "PadrSent" ? this.#chosen!.offer.address : undefined,
    );
  }

  #expired(): void {
    if (this.#isCollecting) return this.#choose();
    if (this.#sent < (this.#options.attempts ?? DEFAULT_PPPOE_ATTEMPTS)) return this.#send();
    if (this.#state === "PadiSent") return this.#fail("no-offer", "no access concentrator answers");
    this.#fail("no-session", `${this.#chosen?.offer.acName || "the access concentrator"} does not answer`);
  }

  #fail(end: PppoeDiscoveryEnd, message: string): void {
    this.#reset();
    this.#owner.discoveryFailed(end, message);
  }

  #reset(): void {
    this.#timer.stop();
    this.#state = "Idle";
    this.#candidates = [];
    this.#chosen = undefined;
    this.#sessionId = 0;
    this.#isCollecting = false;
  }
}

/** What a packet says about errors (RFC 2516 appendix A), or "". */
function errorText(packet: PppoeDiscoveryPacket): string {
  for (
    const [type, what] of [
      [PPPOE_TAG.SERVICE_NAME_ERROR, "the service is not offered"],
      [PPPOE_TAG.AC_SYSTEM_ERROR, "the access concentrator has a problem"],
      [PPPOE_TAG.GENERIC_ERROR, "an error"],
    ] as const
  ) {
    const value = findPppoeTag(packet, type);
    if (value !== undefined) return value.length === 0 ? what : peerText(value);
  }
  return "";
}
