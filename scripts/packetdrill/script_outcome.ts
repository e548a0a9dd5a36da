/** {@linkcode ScriptOutcome}: what became of a script, and how that reads.
 *
 * @module
 */

/** What became of a script. */
export interface ScriptOutcome {
  /** `undefined` when the script passed, or what was wrong. */
  readonly problem: string | undefined;
  /** Line of the event that failed, from 1. */
  readonly line: number;
  /** Everything that happened, a line each. */
  readonly trace: readonly string[];
  /** What the script's events are, as far as they were reached. */
  readonly expected: readonly string[];
  /** Settings in shell lines that have no counterpart here. */
  readonly ignored: readonly string[];
}

/** The outcome as text: the line, and both traces. */
export function formatOutcome(name: string, outcome: ScriptOutcome): string {
  if (outcome.problem === undefined) return `ok      ${name}`;
  const indent = (lines: readonly string[]) => lines.map((line) => `    ${line}`).join("\n");
  return `FAILED  ${name}:${outcome.line}: ${outcome.problem}\n  what happened \n${
    indent(outcome.trace)
  }\n  what the script says so far\n${indent(outcome.expected)}`;
}
