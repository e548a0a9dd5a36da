/** {@linkcode BringUpRun}: what the steps of a modem's bring-up share: the engines, the line, what is known of the modem.
 *
 * @module
 */
import type { PppHost } from "../ppp_session.ts";
import type { SerialPort } from "../serial_port.ts";
import type { AtCommand, AtReply } from "./at_command.ts";
import type { AtQuery } from "./at_commands.ts";
import { readReply } from "./at_commands.ts";
import { AtEngine } from "./at_engine.ts";
import { BringUpLog } from "./bring_up_log.ts";
import type { BringUpHandlers, BringUpOptions, ModemState } from "./bring_up_options.ts";
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
export class BringUpRun extends BringUpLog {
  /** What is asked for. */
  readonly options: BringUpOptions;
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
    super(host, handlers, onFail);
    this.options = options;
    this.tap = new LineTap(port);
    this.engine = this.makeEngine(this.tap);
    this.dataEngine = this.engine;
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

  #portGone(error: Error | undefined): void {
    const reason = error === undefined ? "" : ` (${error.message})`;
    this.fail(
      "no-port",
      `${this.tap.name} is gone${reason}`,
      "check the cable and whether the modem has power",
    );
  }
}
