/** {@linkcode DialSupervisor}: a link that is dialled when it is needed, and again when it breaks.
 *
 * ```text
 *             start(), or a packet on demand          session up
 *   Resting ------------------------------> Dialling ------------> Up
 *      ^                                      |   ^                 |
 *      | idle, on demand              failure |   | pause over      | accident
 *      |                                      v   |                 |
 *      +------------------------------------ HoldOff <--------------+
 *                     stop(), or an end for good: -> Stopped
 * ```
 *
 * It is a link driver of its own: the interface and its sockets stay while sessions come and go. How to dial is a function of
 * the application's, so it serves a modem, a null modem and PPPoE alike. Idle time and longest duration of a session are
 * options of the session itself ({@linkcode SessionClockOptions}).
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import {
  type LinkCapabilities,
  type LinkDriver,
  type LinkSink,
  NO_OFFLOAD,
  type Timer,
} from "@lightwire/netif";
import type { Dial, DialledCall } from "./dial_call.ts";
import type { PppLinkHandlers, PppNetworkLink } from "./ppp_network_link.ts";
import type { PppEnd, PppHost, PppUp } from "./ppp_session.ts";
import { afterPppEnd, type RedialOptions, RedialPolicy } from "./redial_policy.ts";

/** State of a {@linkcode DialSupervisor}. */
export type DialState = "Stopped" | "Resting" | "Dialling" | "Up" | "HoldOff" | "HangingUp";

/** Options of {@linkcode DialSupervisor}. */
export interface DialSupervisorOptions extends RedialOptions {
  /** Whether to wait for a packet before dialling, at first and after an idle time; default false: dial at once, and always. */
  readonly isOnDemand?: boolean;
  /** Packets that wait for the session that they have called for; default {@linkcode DEFAULT_HELD_PACKETS}. */
  readonly heldPackets?: number;
  /** Time that an attempt may take until IP flows, in milliseconds; default {@linkcode DEFAULT_DIAL_TIMEOUT_MS}. */
  readonly dialTimeoutMs?: number;
  /** MTU to announce while there is no session; default 1500. */
  readonly mtu?: number;
}

/** What a {@linkcode DialSupervisor} tells the application. */
export interface DialSupervisorHandlers extends PppLinkHandlers {
  /** The state has changed. */
  stateChanged?(state: DialState): void;
  /** A session or an attempt has failed, and another follows.
   *
   * @param reason The session's end, or "dial-failed".
   * @param inMs Pause before the next attempt, in milliseconds.
   */
  redialling?(reason: PppEnd | "dial-failed", message: string, inMs: number): void;
  /** No further attempt follows, but by {@linkcode DialSupervisor.start}. Not called after {@linkcode DialSupervisor.stop}. */
  gaveUp?(reason: PppEnd | "dial-failed", message: string): void;
}

/** What a {@linkcode DialSupervisor} has seen. */
export interface DialSupervisorCounters {
  /** Calls made. */
  attempts: number;
  /** Sessions over which IP has flowed. */
  sessions: number;
  /** Packets that waited for a session. */
  held: number;
  /** Packets dropped because as many were waiting already. */
  heldOverflow: number;
  /** Packets dropped because the session has given us another address than the one they come from. */
  heldStale: number;
  /** Packets dropped because there is no session, and none follows soon. */
  sentWhileDown: number;
}

/** Waiting packets by default: the first of a few connections, not a flood. */
export const DEFAULT_HELD_PACKETS = 32;
/** Time for an attempt by default: a modem may register, dial and authenticate in it. */
export const DEFAULT_DIAL_TIMEOUT_MS = 120_000;
/** Time which a session gets for its farewell before the call is ended. */
export const FAREWELL_MS = 10_000;

/** Dials, and dials again. */
export class DialSupervisor implements LinkDriver {
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium: "ethernet" | "ip" = "ip";
  /** {@inheritDoc LinkDriver.maxHeaderLength} */
  readonly maxHeaderLength: number = 0;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: undefined = undefined;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities = NO_OFFLOAD;
  /** What happened so far. */
  readonly counters: DialSupervisorCounters = {
    attempts: 0,
    sessions: 0,
    held: 0,
    heldOverflow: 0,
    heldStale: 0,
    sentWhileDown: 0,
  };
  readonly #host: PppHost;
  readonly #dial: Dial;
  readonly #options: DialSupervisorOptions;
  readonly #handlers: DialSupervisorHandlers;
  readonly #policy: RedialPolicy;
  readonly #timer: Timer;
  readonly #drainTimer: Timer;
  readonly #below: LinkSink;
  readonly #held: Pbuf[] = [];
  #state: DialState = "Stopped";
  #sink: LinkSink | undefined;
  #link: PppNetworkLink | undefined;
  #call: DialledCall | undefined;
  #attempt = 0;
  #upAt = 0;
  #isRoomWanted = false;
  #isClosed = false;

  /** Makes a supervisor in state Stopped. */
  constructor(
    host: PppHost,
    dial: Dial,
    options: DialSupervisorOptions = {},
    handlers: DialSupervisorHandlers = {},
  ) {
    const { holdOffMs, maxHoldOffMs, jitter, maxFailures, stableMs } = options;
    const given = Object.entries({ holdOffMs, maxHoldOffMs, jitter, maxFailures, stableMs });
    this.#host = host;
    this.#dial = dial;
    this.#options = options;
    this.#handlers = handlers;
    this.#policy = new RedialPolicy(
      host.random,
      Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    );
    this.#timer = host.timers.create(() => this.#timeIsUp());
    this.#drainTimer = host.timers.create(() => this.#drain());
    this.#below = {
      linkInput: (p) => this.#sink === undefined ? p.release() : this.#sink.linkInput(p),
      inputBatchEnd: () => this.#sink?.inputBatchEnd(),
      linkStateChanged: () => {},
      linkWritable: () => this.#drain(),
    };
  }

  /** The present state. */
  get state(): DialState {
    return this.#state;
  }

  /** The link of the present session, or attempt. */
  get link(): PppNetworkLink | undefined {
    return this.#link;
  }

  /** {@inheritDoc LinkDriver.mtu} The session's, while there is one. */
  get mtu(): number {
    return this.#state === "Up" ? this.#link!.mtu : this.#options.mtu ?? 1500;
  }

  /** Dials, or waits for a packet to dial for. Harmless when it has begun. */
  start(): void {
    if (this.#isClosed || this.#state !== "Stopped") return;
    this.#policy.reset();
    if (this.#options.isOnDemand === true) this.#rest();
    else {
      this.#setState("HoldOff");
      this.#timer.start(0);
    }
  }

  /** Ends the session in an orderly way, and dials no more. */
  stop(): void {
    this.#clearHeld();
    if (this.#state === "Dialling" || this.#state === "Up") {
      this.#setState("HangingUp");
      this.#timer.start(FAREWELL_MS);
      if (this.#link === undefined) this.#callEnds("Stopped");
      else this.#link.stop();
    } else if (this.#state !== "HangingUp") this.#setState("Stopped");
  }

  /** {@inheritDoc LinkDriver.attach} On demand the link seems up while it rests, so that packets come to wake it. */
  attach(sink: LinkSink): void {
    this.#sink = sink;
    if (!this.#seemsUp()) sink.linkStateChanged(false);
  }

  /** {@inheritDoc LinkDriver.transmit} */
  transmit(p: Pbuf): boolean {
    if (this.#state === "Up") {
      if (this.#held.length === 0 && this.#link!.transmit(p)) return true;
      this.#isRoomWanted = true;
      return false;
    }
    if (this.#options.isOnDemand !== true || !this.#seemsUp()) this.counters.sentWhileDown++;
    else if (this.#held.length >= (this.#options.heldPackets ?? DEFAULT_HELD_PACKETS)) {
      this.counters.heldOverflow++;
    } else {
      this.counters.held++;
      this.#held.push(p);
      // Not from inside of the interface's call.
      if (this.#state === "Resting" && !this.#timer.isArmed) this.#timer.start(0);
      return true;
    }
    p.release();
    return true;
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {
    if (this.#state === "Up") this.#link!.flush();
  }

  /** {@inheritDoc LinkDriver.close} The peer is not told; {@linkcode stop} does that. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#clearHeld();
    this.#sink = undefined;
    this.#callEnds("Stopped");
  }

  #seemsUp(): boolean {
    if (this.#state === "Up") return true;
    return this.#options.isOnDemand === true && this.#state !== "Stopped" && this.#state !== "HangingUp";
  }

  #setState(state: DialState): void {
    if (state === this.#state) return;
    const seemedUp = this.#seemsUp();
    this.#state = state;
    if (this.#isClosed) return;
    if (this.#seemsUp() !== seemedUp) this.#sink?.linkStateChanged(!seemedUp);
    this.#handlers.stateChanged?.(state);
  }

  #rest(): void {
    this.#setState("Resting");
    if (this.#held.length > 0 && this.#state === "Resting") this.#timer.start(0);
  }

  #timeIsUp(): void {
    if (this.#state === "HoldOff" || this.#state === "Resting") this.#begin();
    else if (this.#state === "Dialling") this.#fails("dial-failed", "it took too long");
    else if (this.#state === "HangingUp") this.#callEnds("Stopped");
  }

  #begin(): void {
    const attempt = ++this.#attempt;
    const isCurrent = () => attempt === this.#attempt;
    this.counters.attempts++;
    this.#setState("Dialling");
    if (!isCurrent() || this.#state !== "Dialling") return; // stopped by a handler
    this.#timer.start(this.#options.dialTimeoutMs ?? DEFAULT_DIAL_TIMEOUT_MS);
    const handlers = this.#handlers;
    const call = this.#dial({
      handlers: {
        phaseChanged: (phase) => isCurrent() ? handlers.phaseChanged?.(phase) : undefined,
        up: (up) => isCurrent() ? this.#comesUp(up) : undefined,
        down: () => isCurrent() ? handlers.down?.() : undefined,
        ended: (end, message) => isCurrent() ? this.#sessionEnds(end, message) : undefined,
        ...(handlers.packet === undefined ? {} : { packet: handlers.packet }),
      },
      linked: (link) => {
        if (!isCurrent()) return;
        this.#link = link;
        link.attach(this.#below);
      },
      failed: (message, isFinal) => {
        if (!isCurrent()) return;
        if (isFinal === true) this.#giveUp("dial-failed", message);
        else this.#fails("dial-failed", message);
      },
    });
    if (isCurrent()) this.#call = call;
    else call.hangUp();
  }

  #comesUp(up: PppUp): void {
    if (this.#state === "Dialling") {
      this.#timer.stop();
      this.#upAt = this.#host.timers.clock.now();
      this.counters.sessions++;
      this.#dropStale(up);
    }
    this.#handlers.up?.(up);
    if (this.#state !== "Dialling") return;
    this.#setState("Up");
    // Later: the session is in the middle of its own affairs.
    if (this.#held.length > 0) this.#drainTimer.start(0);
  }

  #sessionEnds(end: PppEnd, message: string): void {
    this.#handlers.ended?.(end, message);
    if (this.#state === "HangingUp") return this.#callEnds("Stopped");
    if (this.#state !== "Dialling" && this.#state !== "Up") return;
    const after = afterPppEnd(end);
    if (after === "redial") this.#fails(end, message);
    else if (after === "rest" && this.#options.isOnDemand === true) {
      this.#policy.reset();
      this.#callEnds("Resting");
      this.#rest();
    } else if (after === "done") this.#callEnds("Stopped");
    else this.#giveUp(end, message);
  }

  #fails(reason: PppEnd | "dial-failed", message: string): void {
    const upMs = this.#state === "Up" ? this.#host.timers.clock.now() - this.#upAt : 0;
    const pause = this.#policy.failed(upMs);
    if (pause === undefined) return this.#giveUp(reason, message);
    this.#callEnds("HoldOff");
    if (this.#state !== "HoldOff") return;
    this.#timer.start(pause);
    this.#handlers.redialling?.(reason, message, pause);
  }

  #giveUp(reason: PppEnd | "dial-failed", message: string): void {
    this.#clearHeld();
    this.#callEnds("Stopped");
    this.#handlers.gaveUp?.(reason, message);
  }

  /** Lets go of the call; what it still tells is not heard. */
  #callEnds(next: DialState): void {
    const link = this.#link;
    const call = this.#call;
    this.#attempt++;
    this.#link = undefined;
    this.#call = undefined;
    this.#timer.stop();
    this.#drainTimer.stop();
    if (link !== undefined && link.session.phase !== "Dead") link.session.lowerDown();
    call?.hangUp();
    this.#setState(next);
    // On demand the interface has packets left, which may wait here now.
    if (this.#isRoomWanted && !this.#isClosed) this.#drainTimer.start(0);
  }

  #drain(): void {
    const link = this.#link;
    if (this.#state === "Up" && link !== undefined) {
      while (this.#held.length > 0 && link.transmit(this.#held[0]!)) this.#held.shift();
      link.flush();
      if (this.#held.length > 0) return;
    }
    if (!this.#isRoomWanted) return;
    this.#isRoomWanted = false;
    this.#sink?.linkWritable();
  }

  /** Packets from an address that is not ours in this session would be lost at the peer, without a word. */
  #dropStale(up: PppUp): void {
    const address = up.ipv4?.localAddress.w3;
    if (address === undefined) return;
    for (const p of this.#held.splice(0)) {
      if (isIpv4From(p, address)) this.#held.push(p);
      else {
        this.counters.heldStale++;
        p.release();
      }
    }
  }

  #clearHeld(): void {
    for (const p of this.#held.splice(0)) p.release();
  }
}

/** Whether a packet may be sent from an IPv4 address: it has it as its source, or is not IPv4. */
function isIpv4From(p: Pbuf, address: number): boolean {
  const { bytes, start, end } = p;
  if (end - start < 20 || bytes[start]! >>> 4 !== 4) return true;
  const source = (bytes[start + 12]! << 24) | (bytes[start + 13]! << 16) | (bytes[start + 14]! << 8) |
    bytes[start + 15]!;
  return source >>> 0 === address >>> 0;
}
