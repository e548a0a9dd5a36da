/** Brings a modem from data mode to command mode: `+++`, then a question, then DTR.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif/timers";
import type { SerialPort } from "../serial_port.ts";
import type { AtResult } from "./at_result.ts";

/** How to escape from data mode. */
export interface EscapeOptions {
  /** Silence before and after `+++`, in milliseconds; 1100 by default, a little above the default of S12. */
  readonly guardMs?: number;
  /** How long the modem may take to answer, in milliseconds; 2000 by default. */
  readonly replyMs?: number;
  /** How often `+++` is tried; 2 by default, 0 for a modem that does not know it. */
  readonly attempts?: number;
  /** Whether DTR may fall, which hangs up; by default where the port has lines. */
  readonly canDropDtr?: boolean;
  /** Bytes in the language that the line may still speak, sent first: an LCP Terminate-Request, or the close-down of a
   * multiplexer. */
  readonly goodbye?: Uint8Array;
}

/** How an escape ended. */
export interface EscapeOutcome {
  /** Whether the modem takes commands now. */
  readonly isCommandMode: boolean;
  /** What helped; `"probe"` means that it took commands already, or that the goodbye was understood. */
  readonly by: "escape" | "probe" | "dtr" | undefined;
  /** Whether the connection was lost on the way, so that `ATO` cannot resume it. */
  readonly isHungUp: boolean;
}

type Step = "idle" | "guard" | "escape" | "probe" | "low" | "high";

const DTR_LOW_MS = 600;
const ESCAPE = new Uint8Array([0x2b, 0x2b, 0x2b]);
/** The end of a line first: a modem in command mode took `+++` for the begin of one. */
const PROBE = new TextEncoder().encode("\rAT\r");

/** One run. Time comes from the timer queue, results of the modem from {@linkcode handleResult}. */
export class EscapeLadder {
  readonly #port: SerialPort;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #onDone: (outcome: EscapeOutcome) => void;
  readonly #timer: Timer;
  readonly #guardMs: number;
  readonly #replyMs: number;
  readonly #goodbye: Uint8Array | undefined;
  #attempts: number;
  #canDropDtr: boolean;
  #hasDropped = false;
  #isHungUp = false;
  #step: Step = "idle";

  /** Makes a run.
   *
   * @param port The port, for its lines and its output queue.
   * @param timers Source of time.
   * @param write Sends bytes.
   * @param onDone Called once, at the end.
   * @param options How.
   */
  constructor(
    port: SerialPort,
    timers: TimerQueue,
    write: (bytes: Uint8Array) => void,
    onDone: (outcome: EscapeOutcome) => void,
    options: EscapeOptions = {},
  ) {
    this.#port = port;
    this.#write = write;
    this.#onDone = onDone;
    this.#timer = timers.create(() => this.#next());
    this.#guardMs = options.guardMs ?? 1100;
    this.#replyMs = options.replyMs ?? 2000;
    this.#attempts = options.attempts ?? 2;
    this.#canDropDtr = options.canDropDtr ?? port.inputLines !== undefined;
    this.#goodbye = options.goodbye;
  }

  /** Begins: throws away what is not sent yet, and keeps silent for the guard time. */
  start(): void {
    this.#port.discardOutput();
    if (this.#goodbye !== undefined) this.#write(this.#goodbye);
    this.#step = "guard";
    this.#timer.start(this.#guardMs);
  }

  /** Gives up without a call of `onDone`. */
  cancel(): void {
    this.#step = "idle";
    this.#timer.stop();
  }

  /** Ends at once, in whatever state the modem is: it is not known to take commands. */
  abandon(): void {
    if (this.#step === "idle") return;
    if (this.#step === "low") {
      this.#isHungUp = true;
      this.#port.setOutputLines({ dtr: true, rts: true });
    }
    this.#finish(false, undefined);
  }

  /** Takes a final result that the modem sent. */
  handleResult(result: AtResult): void {
    const step = this.#step;
    if (result.code === "NO_CARRIER") this.#isHungUp = true;
    if (step === "escape" && (result.code === "OK" || result.code === "NO_CARRIER")) {
      this.#finish(true, "escape");
    } else if (step === "high" && result.code === "NO_CARRIER") {
      this.#probe();
    } else if (step === "probe" && result.code === "OK") {
      this.#finish(true, this.#hasDropped ? "dtr" : "probe");
    }
  }

  #next(): void {
    switch (this.#step) {
      case "guard":
        if (this.#attempts-- <= 0) {
          this.#probe();
          return;
        }
        this.#step = "escape";
        this.#write(ESCAPE);
        this.#timer.start(this.#guardMs + this.#replyMs);
        return;
      case "escape":
        if (this.#attempts <= 0) {
          this.#probe();
          return;
        }
        this.#step = "guard";
        this.#timer.start(this.#guardMs);
        return;
      case "probe":
        if (!this.#canDropDtr) {
          this.#finish(false, undefined);
          return;
        }
        this.#canDropDtr = false;
        this.#hasDropped = true;
        this.#step = "low";
        this.#port.setOutputLines({ dtr: false, rts: true });
        this.#timer.start(DTR_LOW_MS);
        return;
      case "low":
        this.#isHungUp = true;
        this.#step = "high";
        this.#port.setOutputLines({ dtr: true, rts: true });
        this.#timer.start(this.#replyMs);
        return;
      case "high":
        this.#probe();
        return;
      case "idle":
        return;
    }
  }

  #probe(): void {
    this.#step = "probe";
    this.#write(PROBE);
    this.#timer.start(this.#replyMs);
  }

  #finish(isCommandMode: boolean, by: EscapeOutcome["by"]): void {
    this.cancel();
    this.#onDone({ isCommandMode, by, isHungUp: this.#isHungUp });
  }
}
