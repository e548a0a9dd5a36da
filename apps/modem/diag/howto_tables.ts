/** The tables of `docs/howto/bring_up_a_modem.md`, made from the catalogue; a test compares, and running this file writes them.
 *
 * ```sh
 * deno run --allow-read --allow-write apps/modem/diag/howto_tables.ts
 * ```
 *
 * @module
 */
import { CATALOGUE, type Cause, fillIn } from "./catalogue.ts";
import { type CheckName, checkNumber, CHECKS } from "./check.ts";

/** The page. */
export const HOWTO = new URL("../../../docs/howto/bring_up_a_modem.md", import.meta.url);

/** What a check asks, and what it reports when all is well. */
const QUESTIONS: Readonly<Record<CheckName, string>> = {
  "port": "Is there such a port, may you open it, is it free?",
  "lines": "Which of CTS, DSR, DCD and RI are on? A modem without CTS and DSR is off, or has fewer wires.",
  "modem": "Does something answer `AT`, at which speed? Who made it?",
  "sim": "Is a SIM in, and does it want a PIN?",
  "signal": "What does the radio hear?",
  "registration": "Has a network taken the modem in, whose, and by which technology?",
  "attach": "Does the network grant packet service?",
  "context": "Which access point is dialled?",
  "dial": "What answered the call?",
  "establish": "Do both sides agree on how the link shall be? The evidence has the options of both.",
  "authenticate": "Was the proof of identity accepted, and by which method?",
  "network": "Which addresses and name servers were given?",
  "peer": "Does the other end answer echo requests (many operators' do not), else somebody near?",
  "characters": "Do all 256 octets come through, there and back?",
  "name-servers": "Are there any, and does each answer?",
  "resolve": "Has the target an address?",
  "connect": "Does TCP reach it?",
  "mtu": "Do packets of the full size pass, and if they vanish, up to which size do they not?",
  "load": "How long is the round trip, idle and with the line full (bufferbloat)?",
  "errors": "How many frames came damaged: by load, by chance, or not at all?",
  "rate": "How fast is it, against the speed of the line?",
  "clock": "How far is this computer's clock off the network's time?",
};

/** The table of checks. */
export function checkTable(): string {
  const rows = CHECKS.map(([name, title]) => `| ${checkNumber(name)} | ${title} | ${QUESTIONS[name]} |`);
  return ["| | check | what it asks |", "|---|---|---|", ...rows].join("\n");
}

/** The table of causes. */
export function causeTable(): string {
  const rows = CATALOGUE.map((cause) =>
    `| \`${cause.id}\`${cause.severity === "warn" ? " (works)" : ""} | ${cell(cause.meaning)} | ${
      remedies(cause)
    } |`
  );
  return ["| cause | what has happened | what to do |", "|---|---|---|", ...rows].join("\n");
}

function remedies(cause: Cause): string {
  const first = `**${cell(cause.next)}**`;
  const others = cause.reasons.map(({ when, then }) => `<br>If ${cell(when)}: ${cell(then)}`);
  return first + others.join("");
}

function cell(text: string): string {
  return fillIn(text).replaceAll("|", "\\|");
}

/** Puts a table in place of what stands between its marks.
 *
 * @throws {Error} when the page has no such marks.
 */
export function replaceTable(page: string, name: string, table: string): string {
  const marks = new RegExp(`(<!-- ${name}: made by [^>]*-->\\n)[\\s\\S]*?(<!-- end of ${name} -->)`);
  if (!marks.test(page)) throw new Error(`The page has no marks of the table "${name}"`);
  return page.replace(marks, (_, begin: string, end: string) => `${begin}${table}\n${end}`);
}

/** The page with both tables as they should be. */
export function completePage(page: string): string {
  return replaceTable(replaceTable(page, "checks", checkTable()), "causes", causeTable());
}

if (import.meta.main) Deno.writeTextFileSync(HOWTO, completePage(Deno.readTextFileSync(HOWTO)));
