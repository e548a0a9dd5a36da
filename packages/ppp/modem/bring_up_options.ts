/** What a bring-up is asked to do, and what it tells.
 *
 * @module
 */
import type { PppLink } from "../ppp_link.ts";
import type { PppNetworkLink } from "../ppp_network_link.ts";
import type { PppEnd, PppPhase, PppSessionOptions, PppUp } from "../ppp_session.ts";
import type { AtTraceEntry } from "./at_command.ts";
import type { Registration, SignalQuality } from "./at_network.ts";
import type { LinkCause } from "./link_cause.ts";

/** Steps of a bring-up, in their order. */
export const BRING_UP_STEPS = [
  "port",
  "modem",
  "sim",
  "signal",
  "registration",
  "attach",
  "context",
  "dial",
  "establish",
  "authenticate",
  "network",
] as const;

/** A step of a bring-up. */
export type BringUpStep = typeof BRING_UP_STEPS[number];

/** Something happened in a step. */
export interface BringUpEvent {
  /** Which step. */
  readonly step: BringUpStep;
  /** `"warning"` comes within a step, before its `"done"`; `"failed"` is the last event but for the hanging up. */
  readonly state: "begun" | "done" | "warning" | "failed";
  /** One line for people. */
  readonly text: string;
  /** What is wrong, of a warning or a failure. */
  readonly cause?: LinkCause;
  /** The same for programs. No secrets. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** What was said in this step: `> AT+CPIN?`, `< +CPIN: SIM PIN`, `> LCP Configure-Request …`. No secrets; at most the
   * last {@linkcode MAX_EVIDENCE} lines. */
  readonly evidence: readonly string[];
  /** Milliseconds since the step began. */
  readonly elapsedMs: number;
}

/** Most lines of evidence that are kept of a step. */
export const MAX_EVIDENCE = 64;

/** How to bring a link up. */
export interface BringUpOptions {
  /** Begin with PPP at once, without an AT dialogue: a null modem, or a peer that is connected already; default false. */
  readonly direct?: boolean;
  /** Wait for a call (`RING`) and answer it, in place of dialling; default false. */
  readonly answer?: boolean;
  /** Speed that the port was opened with, for messages; 115200 by default. */
  readonly baudRate?: number;
  /** Whether to try other speeds when the modem does not answer at this one; default true. */
  readonly findsBaudRate?: boolean;
  /** PIN of the SIM; entered once at most. */
  readonly pin?: string;
  /** Commands to send after the identity is known, each of which must end with `OK`; none by default. */
  readonly init?: readonly string[];
  /** Access point name; by default the context stays as it is in the modem. */
  readonly apn?: string;
  /** Kind of the context; `"IP"` by default. */
  readonly pdpType?: string;
  /** Number of the context; 1 by default. */
  readonly contextId?: number;
  /** Number to dial; by default the one of the context, `*99#`. */
  readonly number?: string;
  /** Whether commands and data share the line by a multiplexer (3GPP TS 27.010), so that signal and registration are known
   * while the link carries traffic; default false. */
  readonly cmux?: boolean;
  /** Rest between the `OK` to `AT+CMUX` and the first frame, in milliseconds: modems change over behind the `OK`; 100 by default. */
  readonly cmuxSettleMs?: number;
  /** Rest between the opening of one channel of the multiplexer and the next, in milliseconds; 0 by default. */
  readonly cmuxChannelDelayMs?: number;
  /** Milliseconds between questions for the signal while the link is up, with a multiplexer only; 5000 by default, 0: never. */
  readonly watchMs?: number;
  /** How long a SIM that is starting may take, in milliseconds; 20,000 by default. */
  readonly simMs?: number;
  /** How long the radio may take to hear a network, in milliseconds; 10,000 by default. */
  readonly signalMs?: number;
  /** How long the network may take to register the modem, in milliseconds; 60,000 by default. */
  readonly registrationMs?: number;
  /** How long the network may take to attach it to packet service, in milliseconds; 60,000 by default. */
  readonly attachMs?: number;
  /** How long a call may take to be connected, in milliseconds; 60,000 by default. */
  readonly dialMs?: number;
  /** How long an orderly end may take before the line is dropped, in milliseconds; 5000 by default. */
  readonly stopMs?: number;
  /** PPP: credentials, methods, addresses. */
  readonly session?: PppSessionOptions;
}

/** What a bring-up tells. All are called synchronously, from timers or from the port. */
export interface BringUpHandlers<L extends PppNetworkLink = PppLink> {
  /** A step began, ended, or has something to say. */
  event(event: BringUpEvent): void;
  /** The link is made and will carry IP soon: attach a network interface to it. Called once for each bring-up. */
  link?(link: L): void;
  /** IP flows. Called again when the other family joins. */
  up?(link: L, up: PppUp): void;
  /** IP does not flow any more; `ended` follows. */
  down?(): void;
  /** The PPP session is over, for whoever dials again; `ended` comes before or after, when the modem has hung up. */
  sessionEnded?(end: PppEnd, message: string): void;
  /** Over. `"closed"` after {@linkcode ModemBringUp.stop}, else why.
   *
   * @param message One sentence which says what to do next.
   */
  ended(cause: LinkCause | "closed", message: string, evidence: readonly string[]): void;
  /** A line of the AT dialogue, without secrets. */
  at?(entry: AtTraceEntry): void;
  /** A PPP packet passes; borrowed. */
  packet?(
    direction: "inbound" | "outbound",
    protocol: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** The phase of PPP has changed. */
  phase?(phase: PppPhase): void;
  /** The signal was measured. */
  signal?(signal: SignalQuality): void;
  /** The network told of the registration. */
  registration?(registration: Registration): void;
}

/** What a bring-up knows of the modem so far. */
export interface ModemState {
  /** Who made it. */
  manufacturer: string | undefined;
  /** Which it is. */
  model: string | undefined;
  /** Its firmware. */
  revision: string | undefined;
  /** Name of the profile it is treated by. */
  profile: string | undefined;
  /** Speed of the port. */
  baudRate: number | undefined;
  /** Last measured. */
  signal: SignalQuality | undefined;
  /** Last told. */
  registration: Registration | undefined;
  /** Name or number of the operator. */
  operator: string | undefined;
  /** Access technology: `LTE`. */
  technology: string | undefined;
  /** Access point name of the context that is dialled; empty for the one of the contract. */
  apn: string | undefined;
  /** Text of the `CONNECT`. */
  connect: string | undefined;
}
