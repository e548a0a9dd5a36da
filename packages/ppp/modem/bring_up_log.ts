/** {@linkcode BringUpLog}: what all bring-ups share: events, evidence, time, and the end.
 *
 * @module
 */
import type { Timer } from "@lightwire/netif/timers";
import type { PppLink } from "../ppp_link.ts";
import type { PppNetworkLink } from "../ppp_network_link.ts";
import type { PppHost } from "../ppp_session.ts";
import { type BringUpHandlers, type BringUpStep, MAX_EVIDENCE } from "./bring_up_options.ts";
import type { LinkCause } from "./link_cause.ts";

/** Tells what happens in a bring-up, and keeps what was said. */
export class BringUpLog<L extends PppNetworkLink = PppLink> {
  /** Timers, entropy, buffers. */
  readonly host: PppHost;
  /** Who is told. */
  readonly handlers: BringUpHandlers<L>;
  /** The current step. */
  step: BringUpStep = "port";
  /** Set when it is over, one way or another: nothing is sent and nothing is heard any more. */
  isOver: boolean = false;
  readonly #onFail: (cause: LinkCause, message: string) => void;
  readonly #timers = new Set<Timer>();
  #evidence: string[] = [];
  #since = 0;

  /** Makes a log.
   *
   * @param host Timers, entropy, buffers.
   * @param handlers Who is told.
   * @param onFail Called once, when a step fails.
   */
  constructor(
    host: PppHost,
    handlers: BringUpHandlers<L>,
    onFail: (cause: LinkCause, message: string) => void,
  ) {
    this.host = host;
    this.handlers = handlers;
    this.#onFail = onFail;
  }

  /** What was said in the current step so far. */
  get evidence(): readonly string[] {
    return [...this.#evidence];
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
