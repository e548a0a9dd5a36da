/** {@linkcode DiagReport}: the report as it grows, for a person or as JSON, and the verdict at its end.
 *
 * ```text
 *  ✔  3 modem              SIMCOM SIM7600E-H at 115200 baud
 *  ✘  4 SIM                the SIM wants its PIN
 *         > AT+CPIN?
 *         < +CPIN: SIM PIN
 *  –  5 to 22              not reached
 *
 * It is: the SIM wants its PIN, or the one given is wrong (sim-pin).
 * Do this next: Give the PIN: …
 * ```
 *
 * @module
 */
import type { Output } from "@lightwire/app-commands";
import type { LinkCause } from "@lightwire/ppp/modem";
import { type Cause, causeOf, fillIn } from "./catalogue.ts";
import {
  type Check,
  type CheckName,
  checkNumber,
  type CheckOutcome,
  type CheckResult,
  CHECKS,
  checkTitle,
} from "./check.ts";
import { wrap } from "./wrap.ts";

/** How a {@linkcode DiagReport} looks. */
export interface ReportStyle {
  /** Colours; for a terminal only. */
  readonly hasColor: boolean;
  /** Columns to keep within; default 100. */
  readonly columns?: number;
}

/** Most lines of evidence shown to a person under one check. */
const MAX_SHOWN_EVIDENCE = 16;
const DEFAULT_COLUMNS = 100;
const MARKS: Readonly<Record<CheckResult, string>> = { pass: "✔", warn: "!", fail: "✘", skip: "–" };
const COLORS: Readonly<Record<CheckResult, string>> = { pass: "32", warn: "33", fail: "31", skip: "2" };
const TITLE_WIDTH = 18;
/** Under the text of a check. */
const INDENT = " ".repeat(8);

/** Collects checks, prints each when it is known, and says at the end what it is. */
export class DiagReport {
  readonly #output: Output;
  readonly #style: ReportStyle;
  readonly #checks: Check[] = [];
  #skipped: Check[] = [];

  /** A report of nothing yet. */
  constructor(output: Output, style: ReportStyle) {
    this.#output = output;
    this.#style = style;
  }

  /** All checks so far. */
  get checks(): readonly Check[] {
    return this.#checks;
  }

  /** Whether nothing has failed so far. */
  get isOk(): boolean {
    return this.#checks.every((check) => check.result !== "fail");
  }

  /** The causes found, failures first, each once. */
  get causes(): readonly LinkCause[] {
    const of = (result: CheckResult): LinkCause[] =>
      this.#checks.filter((c) => c.result === result && c.cause !== undefined).map((c) => c.cause!);
    return [...new Set([...of("fail"), ...of("warn")])];
  }

  /** Whether a check is in the report already. */
  has(name: CheckName): boolean {
    return this.#checks.some((check) => check.check === name);
  }

  /** The first line. */
  begin(text: string): void {
    const heading = this.#output.options.quiet ? undefined : this.#paint("1", text) + "\n";
    this.#output.event("diag", { subject: text }, heading);
  }

  /** Shows on a terminal what is looked at now. */
  working(name: CheckName): void {
    this.#output.status(`    ${checkNumber(name)} ${checkTitle(name)} …`);
  }

  /** Adds what a check found; a second word about the same check is dropped. */
  add(name: CheckName, outcome: CheckOutcome, ms: number): void {
    if (this.has(name)) return;
    const check: Check = { number: checkNumber(name), check: name, ms: Math.round(ms), ...outcome };
    this.#checks.push(check);
    this.#output.status("");
    const remedy = remedyOf(check);
    this.#output.event("check", {
      number: check.number,
      check: name,
      result: check.result,
      ...(check.cause === undefined ? {} : { cause: check.cause }),
      text: check.text,
      evidence: check.evidence ?? [],
      ...(remedy === undefined ? {} : { remedy }),
      ms: check.ms,
    });
    const { json, quiet } = this.#output.options;
    if (json || (quiet && (check.result === "pass" || check.result === "skip"))) return;
    // Checks that were left out for the same reason are one line.
    if (this.#skipped.length > 0 && (check.result !== "skip" || check.text !== this.#skipped[0]!.text)) {
      this.#printSkipped();
    }
    if (check.result === "skip") this.#skipped.push(check);
    else this.#print(check, remedy);
  }

  /** Adds all checks that are missing, as left out.
   *
   * @param text why.
   */
  skipRest(text: string): void {
    for (const [name] of CHECKS) this.add(name, { result: "skip", text }, 0);
  }

  /** The verdict.
   *
   * @param summary What to say if nothing is wrong.
   * @returns the exit status: 0 when nothing failed.
   */
  end(summary: string): number {
    this.#printSkipped();
    const { causes, isOk } = this;
    const failed = this.#checks.filter((c) => c.result === "fail").map((c) => c.check);
    this.#output.status("");
    this.#output.event("diagnosis", { causes, ok: isOk, failed, text: this.#verdict(summary) });
    if (!this.#output.options.json) this.#printVerdict(summary);
    return isOk ? 0 : 1;
  }

  /** The verdict in a line. */
  #verdict(summary: string): string {
    const worst = this.#worst();
    if (worst === undefined) return summary;
    return worst.cause === undefined
      ? `${checkTitle(worst.check)}: ${worst.text}`
      : causeOf(worst.cause).title;
  }

  /** The check that the verdict is about: the first failure, with a cause if there is one; else the first such warning. */
  #worst(): Check | undefined {
    for (const result of ["fail", "warn"]) {
      const checks = this.#checks.filter((c) => c.result === result);
      if (checks.length > 0) return checks.find((c) => c.cause !== undefined) ?? checks[0];
    }
    return undefined;
  }

  #printVerdict(summary: string): void {
    const worst = this.#worst();
    this.#say("");
    if (worst === undefined) return this.#lines("Nothing is wrong: ", summary, "32");
    const isWarning = worst.result === "warn";
    if (isWarning) this.#lines("It works: ", summary, "32");
    const cause = worst.cause === undefined ? undefined : causeOf(worst.cause);
    const what = cause === undefined
      ? `${checkTitle(worst.check)}: ${worst.text.replace(/\.$/, "")}.`
      : `${cause.title} (${cause.id}).`;
    this.#lines(isWarning ? "But note: " : "It is: ", what, COLORS[worst.result]);
    if (cause !== undefined) this.#lines("", fillIn(cause.meaning, worst.facts));
    this.#say("");
    const next = remedyOf(worst);
    if (next !== undefined) this.#lines("Do this next: ", next, "1");
    if (cause !== undefined) this.#printReasons(cause, worst);
    this.#printOthers(worst);
  }

  /** What else is not well, in a line each. */
  #printOthers(worst: Check): void {
    const seen = new Set<LinkCause | undefined>([worst.cause]);
    for (const check of this.#checks) {
      if (check === worst || check.result === "pass" || check.result === "skip") continue;
      const { cause, number, text } = check;
      if (cause === undefined) this.#lines("Also: ", `check ${number}, ${checkTitle(check.check)}: ${text}`);
      else if (!seen.has(cause)) {
        seen.add(cause);
        this.#lines("Also: ", `${causeOf(cause).title} (${cause}). ${remedyOf(check)}`);
      }
    }
  }

  #printReasons(cause: Cause, check: Check): void {
    if (cause.reasons.length === 0) return;
    this.#say(this.#paint("2", "Otherwise:"));
    for (const { when, then } of cause.reasons) {
      const [first, ...rest] = wrap(fillIn(`If ${when}: ${then}`, check.facts), this.#columns - 4);
      this.#say(`  - ${first}`);
      for (const line of rest) this.#say(`    ${line}`);
    }
  }

  #print(check: Check, remedy: string | undefined): void {
    this.#heading(check.result, String(check.number), checkTitle(check.check), check.text);
    const isPlain = check.result === "pass";
    if (!isPlain || this.#output.options.verbose) this.#printEvidence(check.evidence ?? []);
    // What a failure with a cause asks for stands in the verdict.
    if (remedy === undefined || isPlain || (check.result === "fail" && check.cause !== undefined)) return;
    const [first, ...rest] = wrap(remedy, this.#columns - INDENT.length);
    this.#say(`${INDENT.slice(2)}→ ${first}`);
    for (const line of rest) this.#say(INDENT + line);
  }

  #printEvidence(lines: readonly string[]): void {
    const hidden = this.#output.options.verbose ? 0 : Math.max(0, lines.length - MAX_SHOWN_EVIDENCE);
    if (hidden > 0) this.#say(this.#paint("2", `${INDENT}… ${hidden} lines before (-v shows them)`));
    for (const line of lines.slice(hidden)) this.#say(this.#paint("2", INDENT + line));
  }

  #printSkipped(): void {
    const [first] = this.#skipped;
    if (first === undefined) return;
    const last = this.#skipped.at(-1)!;
    const title = first === last ? checkTitle(first.check) : `to ${last.number}`;
    this.#skipped = [];
    this.#heading("skip", String(first.number), title, first.text);
  }

  #heading(result: CheckResult, number: string, title: string, text: string): void {
    const mark = this.#paint(COLORS[result], MARKS[result]);
    const [first = "", ...rest] = wrap(text, this.#columns - TITLE_WIDTH - 7);
    const head = `${mark} ${number.padStart(3)} ${title.padEnd(TITLE_WIDTH)}`;
    this.#say(`${head} ${result === "skip" ? this.#paint("2", first) : first}`.trimEnd());
    for (const line of rest) this.#say(" ".repeat(TITLE_WIDTH + 7) + line);
  }

  /** Text behind a label, which is painted; further lines stand below the text. */
  #lines(label: string, text: string, color?: string): void {
    const [first = "", ...rest] = wrap(text, this.#columns - label.length);
    this.#say((color === undefined ? label : this.#paint(color, label)) + first);
    for (const line of rest) this.#say(" ".repeat(label.length) + line);
  }

  get #columns(): number {
    return this.#style.columns ?? DEFAULT_COLUMNS;
  }

  /** A line for a person; JSON has it all in its objects. */
  #say(text: string): void {
    if (!this.#output.options.json) this.#output.event("text", {}, text);
  }

  #paint(code: string, text: string): string {
    return this.#style.hasColor ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}

/** What to do about a check: its own word, else the catalogue's. */
function remedyOf(check: Check): string | undefined {
  if (check.result === "pass" || check.result === "skip") return undefined;
  if (check.remedy !== undefined) return check.remedy;
  return check.cause === undefined ? undefined : fillIn(causeOf(check.cause).next, check.facts);
}
