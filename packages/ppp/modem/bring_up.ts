/** {@linkcode ModemBringUp}: from a serial port to a link that carries IP, step by step.
 *
 * ```text
 *   port -> modem -> sim -> signal -> registration -> attach -> context -> dial -> establish -> authenticate -> network
 * ```
 *
 * Every step tells when it begins and how it ends, with what was said; a failure has a cause out of a closed list.
 *
 * @module
 */
import { PppLink } from "../ppp_link.ts";
import type { PppHost } from "../ppp_session.ts";
import type { SerialPort } from "../serial_port.ts";
import { QUERY_SIGNAL } from "./at_commands.ts";
import type { AtEngine } from "./at_engine.ts";
import { parseRegistration } from "./at_network.ts";
import { attach, setContext } from "./bring_up_context.ts";
import { dial, multiplex } from "./bring_up_dial.ts";
import { DEFAULT_BAUD_RATE, findModem } from "./bring_up_modem.ts";
import { awaitRegistration, measureSignal, noteRegistration, noteSignal } from "./bring_up_network.ts";
import type { BringUpHandlers, BringUpOptions, ModemState } from "./bring_up_options.ts";
import { BringUpSession } from "./bring_up_ppp.ts";
import { BringUpRun, type BringUpStepRunner } from "./bring_up_run.ts";
import { readySim } from "./bring_up_sim.ts";
import type { CmuxSession } from "./cmux_session.ts";
import { hangUp } from "./hang_up.ts";
import { LineTap } from "./line_tap.ts";
import type { LinkCause } from "./link_cause.ts";

/** Milliseconds between questions for the signal by default. */
export const DEFAULT_WATCH_MS = 5000;
/** How long an orderly end may take by default. */
export const DEFAULT_STOP_MS = 5000;

/** One bring-up over one port. The port stays open at its end: close it, or make another bring-up on it. */
export class ModemBringUp {
  readonly #run: BringUpRun;
  #session: BringUpSession<PppLink> | undefined = undefined;
  #cmux: CmuxSession | undefined = undefined;
  #isStarted = false;
  #isStopping = false;
  #isEnded = false;

  /** Makes a bring-up; {@linkcode start} begins.
   *
   * @param host Timers, entropy, and buffers for what arrives.
   * @param port The line, open.
   * @param options What is asked for.
   * @param handlers Who is told.
   */
  constructor(host: PppHost, port: SerialPort, options: BringUpOptions, handlers: BringUpHandlers) {
    this.#run = new BringUpRun(host, port, options, handlers, (cause, message) => {
      const { evidence } = this.#run;
      this.#shutDown(() => this.#end(cause, message, evidence));
    });
  }

  /** The link, once the modem is connected. */
  get link(): PppLink | undefined {
    return this.#session?.link;
  }

  /** What is known of the modem. */
  get modem(): Readonly<ModemState> {
    return this.#run.modem;
  }

  /** Takes commands, while the link is up only with a multiplexer; `undefined` when the line is busy with data, or there
   * is no modem. */
  get commands(): AtEngine | undefined {
    const { engine, options } = this.#run;
    return options.direct !== true && engine.mode === "command" ? engine : undefined;
  }

  /** Begins.
   *
   * @throws {TypeError} If it was called before.
   */
  start(): void {
    if (this.#isStarted) throw new TypeError("Cannot start a bring-up twice");
    this.#isStarted = true;
    const run = this.#run;
    const { direct, answer, baudRate = DEFAULT_BAUD_RATE } = run.options;
    run.begin("port", `Opening ${run.tap.name}`);
    const lines = run.tap.inputLines;
    run.done(`${run.tap.name}, ${baudRate} baud`, { device: run.tap.name, baudRate, lines });
    if (direct === true) return this.#connect(run.tap);
    const steps: BringUpStepRunner[] = answer === true
      ? [findModem]
      : [findModem, readySim, measureSignal, awaitRegistration, attach, setContext];
    this.#next(steps);
  }

  /** Ends in an orderly way: LCP Terminate, hang-up, then `ended("closed", …)`. Harmless when it is over. */
  stop(): void {
    if (this.#isStopping || this.#isEnded) return;
    this.#isStopping = true;
    const run = this.#run;
    if (run.isOver) return; // a failure is hanging up already
    run.end();
    const done = () => this.#shutDown(() => this.#end("closed", "Disconnected", []));
    if (this.#session?.isAlive !== true) {
      run.engine.abort();
      if (run.dataEngine !== run.engine) run.dataEngine.abort();
      return done();
    }
    const late = run.host.timers.create(done);
    late.start(run.options.stopMs ?? DEFAULT_STOP_MS);
    this.#onSessionOver = () => {
      late.stop();
      done();
    };
    this.#session.link.stop();
  }

  #onSessionOver: (message: string) => void = (message) => {
    // The session ended by itself, for a reason that is none: idle, or time is up.
    this.#run.end();
    this.#shutDown(() => this.#end("closed", message, []));
  };

  #next(steps: readonly BringUpStepRunner[]): void {
    const [first, ...rest] = steps;
    if (first !== undefined) return first(this.#run, () => this.#next(rest));
    const run = this.#run;
    multiplex(run, (session) => {
      this.#cmux = session;
      dial(run, () => this.#connect(run.dataEngine.dataPort));
    });
  }

  #connect(port: SerialPort): void {
    const run = this.#run;
    const tap = new LineTap(port);
    const options = run.options.session ?? {};
    this.#session = new BringUpSession<PppLink>(
      run,
      options,
      (handlers) => new PppLink(run.host, tap, options, handlers),
      (message) => this.#onSessionOver(message),
      ({ decoder: { counters: { frames, badFcs } } }) => ({
        receivedBytes: tap.receivedBytes,
        headText: tap.headText,
        isSevenBit: tap.isSevenBit,
        frames,
        badFcs,
        goneName: run.tap.isGone ? run.tap.name : undefined,
      }),
    );
    this.#session.start();
    if (this.#cmux !== undefined) this.#watch();
  }

  /** With a multiplexer, signal and registration go on being told. */
  #watch(): void {
    const run = this.#run;
    const { watchMs = DEFAULT_WATCH_MS } = run.options;
    run.onUnsolicited = (line) => {
      const registration = parseRegistration(line);
      if (registration !== undefined) noteRegistration(run, registration);
    };
    if (watchMs <= 0) return;
    run.after(watchMs, () => {
      run.query(QUERY_SIGNAL, (signal) => {
        if (signal !== undefined) noteSignal(run, signal);
        this.#watch();
      });
    });
  }

  #shutDown(then: () => void): void {
    this.#onSessionOver = () => {};
    if (this.#run.options.direct === true) return then();
    hangUp(this.#run, this.#cmux, then);
  }

  #end(cause: LinkCause | "closed", message: string, evidence: readonly string[]): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#run.handlers.ended(cause, message, evidence);
  }
}
