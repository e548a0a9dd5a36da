/** {@linkcode BringUpRun}: what the steps of a bring-up share: the engine, the events, the evidence, the time.
 *
 * @module
 */
import type { Timer } from "@lightwire/netif/timers";
import type { PppHost } from "../ppp_session.ts";
import type { SerialPort } from "../serial_port.ts";
import type { AtCommand, AtReply } from "./at_command.ts";
import type { AtQuery } from "./at_commands.ts";
import { readReply } from "./at_commands.ts";
import { AtEngine } from "./at_engine.ts";
import {
  type BringUpHandlers,
  type BringUpOptions,
  type BringUpStep,
  MAX_EVIDENCE,
  type ModemState,
} from "./bring_up_options.ts";
import { LineTap } from "./line_tap.ts";
import type { LinkCause } from "./link_cause.ts";
import { GENERIC_PROFILE, type ModemProfile } from "./modem_profile.ts";

/** One step: does its part, then calls `next`; or fails, and does not. */
export type BringUpStepRunner = (run: BringUpRun, next: () => void) => void;

/** A modem of which nothing is known. */
function unknownModem(): ModemState {
  return {
    manufacturer: undefined,
    model: undefined,
    revision: undefined,
    profile: undefined,
    baudRate: undefined,
    signal: undefined,
    registration: undefined,
    operator: undefined,
    technology: undefined,
    apn: undefined,
    connect: undefined,
  };
}

/** The state of one bring-up. */
export class BringUpRun {
  /** Timers, entropy, buffers. */
  readonly host: PppHost;
  /** What is asked for. */
  readonly options: BringUpOptions;
  /** Who is told. */
  readonly handlers: BringUpHandlers;
  /** The line, counted. */
  readonly tap: LineTap;
  /** What is known of the modem. */
  readonly modem: ModemState = unknownModem();
  /** How it is treated. */
  profile: ModemProfile = GENERIC_PROFILE;
  /** Whether it knows the commands of 3GPP TS 27.007: SIM, registration and contexts have a meaning. */
  isCellular: boolean = true;
  /** Takes commands: over the line itself, or over a channel of the multiplexer. */
  engine: AtEngine;
  /** Dials and carries data; the same engine, unless there is a multiplexer. */
  dataEngine: AtEngine;
  /** What the modem last sent that was no text. */
  foreign: "ppp" | "cmux" | undefined = undefined;
  /** Listens to unsolicited lines, beside the bring-up itself. */
  onUnsolicited: ((line: string) => void) | undefined = undefined;
  /** The current step. */
  step: BringUpStep = "port";
  /** Set when it is over, one way or another: nothing is sent and nothing is heard any more. */
  isOver: boolean = false;
  readonly #onFail: (cause: LinkCause, message: string) => void;
  readonly #timers = new Set<Timer>();
  #evidence: string[] = [];
  #since = 0;

  /** Makes a run.
   *
   * @param host Timers, entropy, buffers.
   * @param port The line.
   * @param options What is asked for.
   * @param handlers Who is told.
   * @param onFail Called once, when a step fails.
   */
  constructor(
    host: PppHost,
    port: SerialPort,
    options: BringUpOptions,
    handlers: BringUpHandlers,
    onFail: (cause: LinkCause, message: string) => void,
  ) {
    this.host = host;
    this.options = options;
    this.handlers = handlers;
    this.tap = new LineTap(port);
    this.#onFail = onFail;
    this.engine = this.makeEngine(this.tap);
    this.dataEngine = this.engine;
  }

  /** What was said in the current step so far. */
  get evidence(): readonly string[] {
    return [...this.#evidence];
  }

  /** Makes an engine that tells us what is said. */
  makeEngine(port: SerialPort): AtEngine {
    const engine = new AtEngine(port, this.host.timers);
    engine.onTrace = (entry) => {
      this.note(`${entry.direction === "sent" ? ">" : "<"} ${entry.text}`);
      this.handlers.at?.(entry);
    };
    engine.onForeign = (protocol) => {
      this.foreign = protocol;
      this.note(`< (${protocol === "ppp" ? "a PPP frame" : "a frame of a multiplexer"})`);
    };
    engine.onUnsolicited = (line) => this.onUnsolicited?.(line);
    engine.onClosed = (error) => this.#portGone(error);
    return engine;
  }

  /** Adds a line of evidence. */
  note(line: string): void {
    this.#evidence.push(line);
    if (this.#evidence.length > MAX_EVIDENCE) this.#evidence.shift();
  }

  /** What was said so far is no evidence of what comes. */
  forget(): void {
    this.#evidence = [];
  }

  /** A step begins. */
  begin(step: BringUpStep, text: string): void {
    this.step = step;
    this.#evidence = [];
    this.#since = this.host.timers.clock.now();
    this.#tell("begun", text, {});
  }

  /** The step is done. */
  done(text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#tell("done", text, fields);
  }

  /** Something is not as it should be, but the step goes on. */
  warn(cause: LinkCause | undefined, text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#tell("warning", text, fields, cause);
  }

  /** The step has failed, and the bring-up with it.
   *
   * @param cause Why.
   * @param text What happened, without a full stop.
   * @param advice What to do next, the end of the sentence.
   */
  fail(
    cause: LinkCause,
    text: string,
    advice: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    if (this.isOver) return;
    this.end();
    this.#tell("failed", text, fields, cause);
    this.#onFail(cause, `${text}: ${advice}.`);
  }

  /** Nothing of this run is called any more. */
  end(): void {
    this.isOver = true;
    for (const timer of this.#timers) timer.stop();
    this.#timers.clear();
  }

  /** Sends a command; the reply comes unless the run is over by then. */
  ask(command: AtCommand | string, onReply: (reply: AtReply) => void): void {
    if (this.isOver) return;
    this.engine.send(command, (reply) => {
      if (!this.isOver && reply.status !== "closed" && reply.status !== "aborted") onReply(reply);
    });
  }

  /** Asks something, and reads the answer; `undefined` when there is none that makes sense. */
  query<T>(query: AtQuery<T>, onValue: (value: T | undefined, reply: AtReply) => void): void {
    this.ask(query.command, (reply) => onValue(readReply(query, reply), reply));
  }

  /** Sends commands one after the other, whatever is answered, and then goes on. */
  sendAll(commands: readonly (AtCommand | string)[], next: () => void): void {
    const [first, ...rest] = commands;
    if (first === undefined) next();
    else this.ask(first, () => this.sendAll(rest, next));
  }

  /** Calls later, unless the run is over by then. */
  after(delayMs: number, callback: () => void): void {
    const timer = this.host.timers.create(() => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
    timer.start(delayMs);
  }

  /** Present time in milliseconds. */
  now(): number {
    return this.host.timers.clock.now();
  }

  #portGone(error: Error | undefined): void {
    const reason = error === undefined ? "" : ` (${error.message})`;
    this.fail(
      "no-port",
      `${this.tap.name} is gone${reason}`,
      "check the cable and whether the modem has power",
    );
  }

  #tell(
    state: "begun" | "done" | "warning" | "failed",
    text: string,
    fields: Readonly<Record<string, unknown>>,
    cause?: LinkCause,
  ): void {
    const elapsedMs = this.now() - this.#since;
    const told = { step: this.step, state, text, fields, evidence: this.evidence, elapsedMs };
    this.handlers.event(cause === undefined ? told : { ...told, cause });
  }
}
