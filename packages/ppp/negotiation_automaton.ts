/** {@linkcode NegotiationAutomaton}: the option negotiation automaton of LCP and of every network control protocol.
 *
 * Ten states, sixteen events, and the actions of the table of RFC 1661 §4.1; an event that the table marks "-" (it cannot
 * happen in that state) is counted and ignored. A timeout is TO+ or TO- by the restart counter (RFC 1661 §4.6). The packets
 * themselves belong to the owner, which the actions call.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif";
import {
  NEGOTIATION_STATES,
  type NegotiationActions,
  type NegotiationEvent,
  type NegotiationState,
} from "./negotiation_state.ts";

/** Timers and counters of RFC 1661 §4.6. */
export interface NegotiationOptions {
  /** Restart timer; default 3000 ms. */
  readonly restartMs?: number;
  /** Max-Configure: Configure-Requests without an answer before giving up; default 10. */
  readonly maxConfigure?: number;
  /** Max-Terminate: Terminate-Requests without an answer before giving up; default 2. */
  readonly maxTerminate?: number;
  /** After giving up, do not report it and wait for the peer in Stopped (the passive option, "3p"); default false. */
  readonly isPassive?: boolean;
}

/** Restart timer by default, in milliseconds (RFC 1661 §4.6). */
export const DEFAULT_RESTART_MS = 3000;
/** Max-Configure by default (RFC 1661 §4.6). */
export const DEFAULT_MAX_CONFIGURE = 10;
/** Max-Terminate by default (RFC 1661 §4.6). */
export const DEFAULT_MAX_TERMINATE = 2;

/** The automaton of RFC 1661 §4. */
export class NegotiationAutomaton {
  /** The event handled last; in {@linkcode NegotiationActions.tlf} it tells why. */
  lastEvent: NegotiationEvent | undefined = undefined;
  /** Events that the table says cannot happen, ignored. */
  illegalEvents: number = 0;
  readonly #actions: NegotiationActions;
  readonly #timer: Timer;
  readonly #restartMs: number;
  readonly #maxConfigure: number;
  readonly #maxTerminate: number;
  readonly #isPassive: boolean;
  #state: NegotiationState = "Initial";
  #restartCount = 0;

  /** Makes an automaton in state Initial. */
  constructor(timers: TimerQueue, actions: NegotiationActions, options: NegotiationOptions = {}) {
    this.#actions = actions;
    this.#timer = timers.create(() => this.handle(this.#restartCount > 0 ? "TO+" : "TO-"));
    this.#restartMs = options.restartMs ?? DEFAULT_RESTART_MS;
    this.#maxConfigure = options.maxConfigure ?? DEFAULT_MAX_CONFIGURE;
    this.#maxTerminate = options.maxTerminate ?? DEFAULT_MAX_TERMINATE;
    this.#isPassive = options.isPassive ?? false;
  }

  /** Where it is. */
  get state(): NegotiationState {
    return this.#state;
  }

  /** The restart counter (RFC 1661 §4.6). */
  get restartCount(): number {
    return this.#restartCount;
  }

  /** Whether the restart timer runs. */
  get isTimerRunning(): boolean {
    return this.#timer.isArmed;
  }

  /** Handles an event; all its effects have happened on return, except for those of timers. */
  handle(event: NegotiationEvent): void {
    this.lastEvent = event;
    switch (event) {
      case "Up":
        return this.#up();
      case "Down":
        return this.#down();
      case "Open":
        return this.#open();
      case "Close":
        return this.#close();
      case "TO+":
      case "TO-":
        return this.#timeout(event === "TO+");
      case "RCR+":
      case "RCR-":
        return this.#configureRequest(event === "RCR+");
      case "RCA":
        return this.#configureAck();
      case "RCN":
        return this.#configureNak();
      case "RTR":
        return this.#terminateRequest();
      case "RTA":
        return this.#terminateAck();
      case "RUC":
        return this.#isWithoutLowerLayer() ? this.#illegal() : this.#actions.scj();
      case "RXJ+":
        return this.#harmlessReject();
      case "RXJ-":
        return this.#fatalReject();
      case "RXR":
        if (this.#isWithoutLowerLayer()) return this.#illegal();
        if (this.#state === "Opened") this.#actions.ser();
    }
  }

  #up(): void {
    if (this.#state === "Initial") return this.#enter("Closed");
    if (this.#state !== "Starting") return this.#illegal();
    this.#startConfiguring();
  }

  #down(): void {
    switch (this.#state) {
      case "Initial":
      case "Starting":
        return this.#illegal();
      case "Closed":
      case "Closing":
        return this.#enter("Initial");
      case "Stopped":
        this.#enter("Starting");
        return this.#actions.tls();
      case "Opened":
        this.#enter("Starting");
        return this.#actions.tld();
      default:
        return this.#enter("Starting");
    }
  }

  /** Open. The restart option ("r": Down and Up follow) is the owner's business (RFC 1661 §4.4). */
  #open(): void {
    if (this.#state === "Initial") {
      this.#enter("Starting");
      this.#actions.tls();
    } else if (this.#state === "Closed") this.#startConfiguring();
    else if (this.#state === "Closing") this.#enter("Stopping");
  }

  #close(): void {
    switch (this.#state) {
      case "Starting":
        this.#enter("Initial");
        return this.#actions.tlf();
      case "Stopped":
        return this.#enter("Closed");
      case "Stopping":
        return this.#enter("Closing");
      case "Opened":
        this.#enter("Closing");
        this.#actions.tld();
        return this.#startTerminating();
      case "Req-Sent":
      case "Ack-Rcvd":
      case "Ack-Sent":
        this.#enter("Closing");
        return this.#startTerminating();
    }
  }

  #timeout(mayRetry: boolean): void {
    switch (this.#state) {
      case "Closing":
      case "Stopping":
        if (mayRetry) return this.#sendTerminateRequest();
        this.#enter(this.#state === "Closing" ? "Closed" : "Stopped");
        return this.#actions.tlf();
      case "Req-Sent":
      case "Ack-Rcvd":
      case "Ack-Sent":
        if (mayRetry) {
          if (this.#state === "Ack-Rcvd") this.#enter("Req-Sent");
          return this.#sendConfigureRequest();
        }
        this.#enter("Stopped");
        if (!this.#isPassive) this.#actions.tlf();
        return;
      default:
        return this.#illegal();
    }
  }

  #configureRequest(isAcceptable: boolean): void {
    switch (this.#state) {
      case "Initial":
      case "Starting":
        return this.#illegal();
      case "Closed":
        return this.#actions.sta();
      case "Closing":
      case "Stopping":
        return;
      case "Stopped":
        this.#enter(isAcceptable ? "Ack-Sent" : "Req-Sent");
        this.#restartCount = this.#maxConfigure;
        this.#sendConfigureRequest();
        break;
      case "Opened":
        this.#enter(isAcceptable ? "Ack-Sent" : "Req-Sent");
        this.#actions.tld();
        this.#sendConfigureRequest();
        break;
      case "Ack-Rcvd":
        if (isAcceptable) {
          this.#enter("Opened");
          this.#actions.sca();
          return this.#actions.tlu();
        }
        break;
      default:
        this.#enter(isAcceptable ? "Ack-Sent" : "Req-Sent");
    }
    if (isAcceptable) this.#actions.sca();
    else this.#actions.scn();
  }

  #configureAck(): void {
    switch (this.#state) {
      case "Req-Sent":
        this.#enter("Ack-Rcvd");
        this.#restartCount = this.#maxConfigure;
        return;
      case "Ack-Sent":
        this.#enter("Opened");
        this.#restartCount = this.#maxConfigure;
        return this.#actions.tlu();
      default:
        return this.#unexpectedAnswer();
    }
  }

  #configureNak(): void {
    if (this.#state !== "Req-Sent" && this.#state !== "Ack-Sent") return this.#unexpectedAnswer();
    this.#restartCount = this.#maxConfigure;
    this.#sendConfigureRequest();
  }

  /** RCA and RCN in the states where they answer nothing: the two rows are equal there. */
  #unexpectedAnswer(): void {
    switch (this.#state) {
      case "Closed":
      case "Stopped":
        return this.#actions.sta();
      case "Closing":
      case "Stopping":
        return;
      case "Ack-Rcvd": // "x": a crossed connection, or a second answer to the same request
        this.#enter("Req-Sent");
        return this.#sendConfigureRequest();
      case "Opened":
        this.#enter("Req-Sent");
        this.#actions.tld();
        return this.#sendConfigureRequest();
      default:
        return this.#illegal();
    }
  }

  #terminateRequest(): void {
    switch (this.#state) {
      case "Initial":
      case "Starting":
        return this.#illegal();
      case "Ack-Rcvd":
      case "Ack-Sent":
        this.#enter("Req-Sent");
        break;
      case "Opened":
        this.#enter("Stopping");
        this.#actions.tld();
        // Zero-Restart-Count: the peer gets one period to see our Ack before the layer is finished.
        this.#restartCount = 0;
        this.#timer.start(this.#restartMs);
    }
    this.#actions.sta();
  }

  #terminateAck(): void {
    switch (this.#state) {
      case "Initial":
      case "Starting":
        return this.#illegal();
      case "Closing":
      case "Stopping":
        this.#enter(this.#state === "Closing" ? "Closed" : "Stopped");
        return this.#actions.tlf();
      case "Ack-Rcvd":
        return this.#enter("Req-Sent");
      case "Opened":
        this.#enter("Req-Sent");
        this.#actions.tld();
        this.#sendConfigureRequest();
    }
  }

  #harmlessReject(): void {
    if (this.#isWithoutLowerLayer()) return this.#illegal();
    if (this.#state === "Ack-Rcvd") this.#enter("Req-Sent");
  }

  #fatalReject(): void {
    switch (this.#state) {
      case "Initial":
      case "Starting":
        return this.#illegal();
      case "Opened":
        this.#enter("Stopping");
        this.#actions.tld();
        return this.#startTerminating();
      case "Closed":
      case "Closing":
        this.#enter("Closed");
        return this.#actions.tlf();
      default:
        this.#enter("Stopped");
        return this.#actions.tlf();
    }
  }

  #startConfiguring(): void {
    this.#enter("Req-Sent");
    this.#restartCount = this.#maxConfigure;
    this.#sendConfigureRequest();
  }

  #startTerminating(): void {
    this.#restartCount = this.#maxTerminate;
    this.#sendTerminateRequest();
  }

  #sendConfigureRequest(): void {
    this.#restartCount--;
    this.#timer.start(this.#restartMs);
    this.#actions.scr();
  }

  #sendTerminateRequest(): void {
    this.#restartCount--;
    this.#timer.start(this.#restartMs);
    this.#actions.str();
  }

  #isWithoutLowerLayer(): boolean {
    return this.#state === "Initial" || this.#state === "Starting";
  }

  #illegal(): void {
    this.illegalEvents++;
  }

  /** Changes the state; the restart timer runs only in states 4 to 8 (RFC 1661 §4.1). */
  #enter(state: NegotiationState): void {
    this.#state = state;
    const index = NEGOTIATION_STATES.indexOf(state);
    if (index < 4 || index === 9) this.#timer.stop();
  }
}
