/** {@linkcode PhasePrinter}: the steps of a bring-up as they happen, a line each.
 *
 * ```text
 *  ✔ modem         SIMCOM_SIM7600E-H, firmware LE20B04           310 ms
 *  ! network       Roaming in Testnet: data may be refused, or dear
 *  ✘ call          The call was answered with NO CARRIER (Missing or unknown APN)
 * ```
 *
 * @module
 */
import type { Output } from "@lightwire/app-commands";
import type { BringUpEvent, BringUpStep } from "@lightwire/ppp/modem";

/** Width of the names of steps. */
const NAME_WIDTH = 13;
/** Width of what is said, before the time: a line fits into 80 columns. */
const TEXT_WIDTH = 55;

/** What the steps are called. */
const NAMES: Readonly<Record<BringUpStep, string>> = {
  port: "port",
  modem: "modem",
  sim: "SIM",
  signal: "signal",
  registration: "network",
  attach: "packet data",
  context: "access point",
  dial: "call",
  establish: "LCP",
  authenticate: "login",
  network: "addresses",
};

/** How the steps are shown. */
export type PhaseStyle =
  /** As the result of the command. */
  | "result"
  /** As notes beside it. */
  | "note";

/** `0.31 s`. */
export function formatSeconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Prints steps. */
export class PhasePrinter {
  readonly #output: Output;
  readonly #style: PhaseStyle;
  #timer: ReturnType<typeof setInterval> | undefined = undefined;

  /** @param style whether they are what was asked for. */
  constructor(output: Output, style: PhaseStyle) {
    this.#output = output;
    this.#style = style;
  }

  /** Shows an event of the bring-up. */
  event(event: BringUpEvent): void {
    const { step, state, text, cause, fields, evidence, elapsedMs } = event;
    const detail = state === "failed" || this.#output.options.verbose ? { evidence } : {};
    const cleaned = cause === undefined ? {} : { cause };
    if (this.#output.options.json) {
      if (this.#style === "result") {
        this.#output.event("step", {
          step,
          state,
          text,
          ...cleaned,
          elapsedMs: Math.round(elapsedMs * 10) / 10,
          fields,
          ...detail,
        });
      }
      return;
    }
    if (state === "begun") return this.begin(NAMES[step], text);
    const name = state === "failed" && fields.wasUp === true ? "link" : NAMES[step];
    this.line(state, name, text, state === "done" ? elapsedMs : undefined);
    if (state === "failed" || this.#output.options.verbose) this.#showEvidence(evidence);
  }

  /** Something begins that may take its time: shown as long as it lasts. */
  begin(name: string, text: string): void {
    this.#stopWaiting();
    const output = this.#output;
    if (!output.hasStatusLine) return;
    const startedAt = performance.now();
    const show = (): void => {
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      const waited = seconds < 1 ? "" : `  ${seconds} s`;
      output.status(` … ${name.padEnd(NAME_WIDTH)} ${text}${waited}`, true);
    };
    show();
    this.#timer = setInterval(show, 250);
  }

  /** Prints a line. */
  line(state: "done" | "warning" | "failed", name: string, text: string, elapsedMs?: number): void {
    const output = this.#output;
    if (state !== "warning") this.#stopWaiting();
    const mark = state === "done"
      ? output.good("✔")
      : state === "warning"
      ? output.warn("!")
      : output.bad("✘");
    const time = elapsedMs === undefined || text.length > TEXT_WIDTH
      ? ""
      : output.dim(" ".repeat(TEXT_WIDTH - text.length) + formatSeconds(elapsedMs).padStart(8));
    this.#print(` ${mark} ${name.padEnd(NAME_WIDTH)} ${text}${time}`);
  }

  /** Nothing is waited for any more. */
  stop(): void {
    this.#stopWaiting();
  }

  #showEvidence(evidence: readonly string[]): void {
    for (const line of evidence) this.#print(this.#output.dim(`      ${" ".repeat(NAME_WIDTH)}${line}`));
  }

  #print(line: string): void {
    if (this.#style === "note") this.#output.aside(line);
    else this.#output.event("step", {}, line);
  }

  #stopWaiting(): void {
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.#timer = undefined;
    this.#output.status("");
  }
}
