/** {@linkcode Check}: one numbered line of the report.
 *
 * @module
 */
import type { LinkCause } from "@lightwire/ppp/modem";
import type { Facts } from "./catalogue.ts";

/** How a check ended: `"warn"` is something worth knowing with which the link works, `"skip"` was not looked at. */
export type CheckResult = "pass" | "warn" | "fail" | "skip";

/** All checks in their order, with their titles; the number in the report is the position, from 1, whatever is left out. */
export const CHECKS = [
  ["port", "serial port"],
  ["lines", "lines of the port"],
  ["modem", "modem"],
  ["sim", "SIM"],
  ["signal", "signal"],
  ["registration", "registration"],
  ["attach", "packet service"],
  ["context", "access point"],
  ["dial", "call"],
  ["establish", "PPP (LCP)"],
  ["authenticate", "authentication"],
  ["network", "addresses (IPCP)"],
  ["peer", "other end"],
  ["characters", "all characters"],
  ["name-servers", "name servers"],
  ["resolve", "a name"],
  ["connect", "a connection"],
  ["mtu", "large packets"],
  ["load", "round trip, load"],
  ["errors", "damaged frames"],
  ["rate", "speed"],
  ["clock", "clock"],
] as const;

/** Id of a check. */
export type CheckName = typeof CHECKS[number][0];

/** What a check found. */
export interface CheckOutcome {
  /** How it ended. */
  readonly result: CheckResult;
  /** What was found, a line. */
  readonly text: string;
  /** The cause, where it is one of the catalogue. */
  readonly cause?: LinkCause;
  /** The exact exchange, or the figures. */
  readonly evidence?: readonly string[];
  /** What to do, where the catalogue does not know it. */
  readonly remedy?: string;
  /** What is known of this case, for the texts of the catalogue. */
  readonly facts?: Facts;
}

/** One line of the report. */
export interface Check extends CheckOutcome {
  /** Its number, from 1. */
  readonly number: number;
  /** Its id. */
  readonly check: CheckName;
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/** Number of a check in the report. */
export function checkNumber(name: CheckName): number {
  return CHECKS.findIndex(([id]) => id === name) + 1;
}

/** Title of a check. */
export function checkTitle(name: CheckName): string {
  return CHECKS[checkNumber(name) - 1]![1];
}

/** Everything is as it should be. */
export function pass(text: string, evidence: readonly string[] = []): CheckOutcome {
  return { result: "pass", text, evidence };
}

/** It was not looked at. */
export function skip(text: string, evidence: readonly string[] = []): CheckOutcome {
  return { result: "skip", text, evidence };
}
