/** {@linkcode BringUpChecks}: what a bring-up tells, as checks of the report.
 *
 * @module
 */
import type { LcpSettings, PppLink } from "@lightwire/ppp";
import type { BringUpEvent, BringUpOptions, BringUpStep, LinkCause } from "@lightwire/ppp/modem";
import { causeOf, type Facts } from "./catalogue.ts";
import type { CheckName, CheckOutcome } from "./check.ts";
import { judgeLcp } from "./lcp_verdict.ts";
import { adviseOnSilence, receivedText } from "./received_text.ts";
import type { DiagReport } from "./report.ts";

/** The steps that are checks of their own; the port is checked before. */
const STEPS: readonly (BringUpStep & CheckName)[] = [
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
];
/** Those of an AT dialogue. */
const MODEM_STEPS = STEPS.slice(0, STEPS.indexOf("establish"));
/** Bars of a weak signal. */
const WEAK_BARS = 1;
/** Failures of which a line that changes octets may be the reason. */
const MAYBE_LINE: readonly LinkCause[] = [
  "lcp-timeout",
  "silence-after-connect",
  "auth-failed",
  "no-address",
  "peer-terminates",
  "no-carrier",
  "not-8-bit-clean",
];
const TEXT_REMEDY =
  "The other side does not speak PPP yet: it is at a login or a prompt, or a modem is back in command mode. Start PPP there " +
  "first (pppd, or a login without a password prompt), or leave --direct out if it is a modem.";
const SEVEN_BIT_REMEDY =
  "Set both sides to 8 bits without parity (8N1); no escaping helps against a line of seven.";

/** Turns events into checks. */
export class BringUpChecks {
  /** The link, once there is one. */
  link: PppLink | undefined = undefined;
  /** Speed of the line, as soon as it turns out to be another than the one asked for. */
  baudRate: number | undefined = undefined;
  readonly #report: DiagReport;
  readonly #facts: Facts;
  readonly #options: BringUpOptions;
  readonly #isDirect: boolean;
  #warning: BringUpEvent | undefined;
  #network: BringUpEvent | undefined = undefined;
  #step: BringUpStep = "port";

  /** @param facts what is known beforehand, for the texts of the catalogue. */
  constructor(report: DiagReport, options: BringUpOptions, facts: Facts) {
    this.#report = report;
    this.#options = options;
    this.#isDirect = options.direct === true;
    this.#facts = facts;
  }

  /** Takes an event of the bring-up. */
  event(event: BringUpEvent): void {
    const step = STEPS.find((name) => name === event.step);
    this.#step = event.step;
    if (typeof event.fields.baudRate === "number") this.baudRate = event.fields.baudRate;
    if (step === undefined) {
      if (event.state === "failed") this.#addFailure("modem", event);
      return;
    }
    switch (event.state) {
      case "begun":
        this.#warning = undefined;
        this.#skipBefore(step);
        return this.#report.working(step);
      case "warning":
        // Name servers have a check of their own; of others, the first with a cause says most.
        if (event.cause === "no-dns") return;
        if (this.#warning?.cause === undefined) this.#warning = event;
        return;
      case "done":
        // The last step is done again when the other family of addresses joins.
        if (step === "network") this.#network = event;
        else this.#addDone(step, event);
        return;
      case "failed":
        return this.#addFailure(step, event);
    }
  }

  /** The link is up, and nothing more is waited for. */
  up(): void {
    if (this.#network !== undefined) this.#addDone("network", this.#network);
    this.#network = undefined;
  }

  /** The bring-up has ended: makes sure that the reason is in the report. */
  ended(cause: LinkCause, message: string, evidence: readonly string[]): void {
    if (!this.#report.isOk) return;
    const step = STEPS.find((name) => name === this.#step && !this.#report.has(name)) ??
      STEPS.find((name) => !this.#report.has(name));
    if (step !== undefined) this.#report.add(step, this.#failure(step, cause, message, evidence), 0);
  }

  /** Checks that a modem without them, or a null modem, leaves out. */
  #skipBefore(step: CheckName): void {
    for (const earlier of STEPS.slice(0, STEPS.findIndex((name) => name === step))) {
      if (this.#report.has(earlier)) continue;
      const isDirect = this.#isDirect && MODEM_STEPS.includes(earlier);
      this.#report.add(earlier, {
        result: "skip",
        text: isDirect ? "no AT dialogue (--direct)" : "not needed here",
      }, 0);
    }
  }

  #addDone(step: CheckName, event: BringUpEvent): void {
    const warning = this.#warning;
    this.#warning = undefined;
    this.#skipBefore(step);
    const facts = this.#factsOf(event);
    const evidence = step === "establish" ? [...event.evidence, ...this.#tables()] : event.evidence;
    const outcome: CheckOutcome = warning === undefined
      ? { result: "pass", text: event.text, evidence, facts, ...weakSignal(step, event) }
      : {
        result: "warn",
        text: `${warning.text}; ${event.text}`,
        evidence: warning.evidence,
        facts,
        ...(warning.cause === undefined ? {} : { cause: warning.cause }),
      };
    this.#report.add(step, outcome, event.elapsedMs);
  }

  #addFailure(step: CheckName, event: BringUpEvent): void {
    this.#skipBefore(step);
    const outcome = event.cause === undefined
      ? { result: "fail" as const, text: event.text, evidence: event.evidence }
      : this.#failure(step, event.cause, event.text, event.evidence, this.#factsOf(event));
    this.#report.add(step, outcome, event.elapsedMs);
  }

  #failure(
    step: CheckName,
    cause: LinkCause,
    text: string,
    evidence: readonly string[],
    facts: Facts = this.#facts,
  ): CheckOutcome {
    const bit7 = this.link?.decoder.profile.bit7 ?? "unknown";
    const isSevenBit = bit7 !== "clean" && bit7 !== "unknown" && MAYBE_LINE.includes(cause);
    const more = step === "establish" ? this.#tables() : [];
    const common = { result: "fail" as const, evidence: [...evidence, ...more] };
    const said = step === "establish" ? receivedText(evidence) : undefined;
    if (said !== undefined && MAYBE_LINE.includes(cause)) {
      const what = `what comes is text and no PPP: "${said}"`;
      return { ...common, cause: "lcp-timeout", text: what, remedy: TEXT_REMEDY, facts };
    }
    if (isSevenBit) {
      const what = `bit 7 of what arrives is ${bit7.replace("-", " ")}: a line of seven bits`;
      return { ...common, cause: "not-8-bit-clean", text: what, remedy: SEVEN_BIT_REMEDY };
    }
    const remedy = this.#remedy(cause, evidence);
    // Which characters are lost is not known without IP: all the others escaped is what can be tried.
    const accm = cause === "not-8-bit-clean" ? { accm: "ffffffff" } : {};
    const outcome = { ...common, cause, text, facts: { ...facts, ...accm } };
    return remedy === undefined ? outcome : { ...outcome, remedy };
  }

  /** What to do, where this case tells more than the catalogue does. */
  #remedy(cause: LinkCause, evidence: readonly string[]): string | undefined {
    if (cause === "no-answer") return adviseOnSilence(evidence);
    if (cause === "lcp-timeout") {
      const verdict = judgeLcp(evidence);
      if (verdict !== undefined) return verdict;
    }
    const { authMethods, credentials } = this.#options.session ?? {};
    if (cause === "auth-type-refused" && authMethods !== undefined) {
      return "Leave --auth out, or add the method that the peer asked for.";
    }
    if (cause === "auth-type-refused" && credentials !== undefined) {
      return "The peer asks for a method that is not spoken here: set it to CHAP, MS-CHAPv2, EAP-MD5 or PAP.";
    }
    return this.#isDirect
      ? causeOf(cause).reasons.find(({ when }) => when === "with --direct")?.then
      : undefined;
  }

  #factsOf(event: BringUpEvent): Facts {
    const { apn, baudRate } = event.fields;
    return {
      ...this.#facts,
      ...(typeof apn === "string" && apn !== "" ? { apn } : {}),
      ...(typeof baudRate === "number" ? { baud: String(baudRate) } : {}),
    };
  }

  /** The option tables of both sides, as far as LCP has come. */
  #tables(): string[] {
    const lcp = this.link?.session.lcp;
    if (lcp === undefined) return [];
    return [
      `LCP ${lcp.state}`,
      `  how we receive:       ${describeLcp(lcp.local)}`,
      `  how the peer receives: ${describeLcp(lcp.peer)}`,
    ];
  }
}

/** A signal with which data comes and goes. */
function weakSignal(
  step: CheckName,
  { fields }: BringUpEvent,
): Pick<CheckOutcome, "result" | "remedy"> | undefined {
  const { bars, dbm } = fields;
  if (step !== "signal" || typeof bars !== "number" || typeof dbm !== "number" || bars > WEAK_BARS) {
    return undefined;
  }
  return {
    result: "warn",
    remedy:
      "Weak: expect pauses and low rates. Move the modem or its aerial to a window, or use an aerial outside.",
  };
}

/** Options of LCP in a line. */
export function describeLcp(s: Readonly<LcpSettings>): string {
  const accm = (s.accm >>> 0).toString(16).padStart(8, "0");
  const flags = `${s.pfc ? ", PFC" : ""}${s.acfc ? ", ACFC" : ""}`;
  const auth = s.auth === undefined ? "" : `, wants ${s.auth}`;
  return `MRU ${s.mru}, ACCM ${accm}${flags}, ${s.magic === 0 ? "no magic number" : "a magic number"}${auth}`;
}
