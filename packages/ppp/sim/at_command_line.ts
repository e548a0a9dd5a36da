/** Splits a command line into its commands (V.250 §5.4).
 *
 * @module
 */
import type { AtInvocation, AtOperation } from "./at_outcome.ts";

const BASIC = /^[A-CE-RT-Z](\d*)/;
const PREFIXED = /^[&\\%]([A-Z])(\d*)/;
const REGISTER = /^S(\d*)(?:(\?)|=(\?|\d*))?/;
const EXTENDED = /^[+^$*#%][A-Z][A-Z0-9!%\-./:_]*/;
const NOTHING: AtInvocation = { name: "", operation: "run", number: 0, text: "", args: [] };

/** Parameters of a command, one by one.
 *
 * @param text Between `=` and the end: `1,"IP",,"a,b"`.
 */
export function splitArguments(text: string): string[] {
  const args: string[] = [];
  let current = "";
  let isQuoted = false;
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    else if (char === "," && !isQuoted) {
      args.push(current);
      current = "";
    } else current += char;
  }
  args.push(current);
  return args;
}

/** Takes spaces out and makes letters capital, except in strings (V.250 §5.2.2, §5.4.2.2). */
function normalize(text: string): string {
  return text.replace(/"[^"]*"?|[^"]+/g, (part) => {
    return part[0] === '"' ? part : part.replace(/\s+/g, "").toUpperCase();
  });
}

/** Position of the semicolon that ends an extended command, or of the end of the line. */
function endOfExtended(text: string): number {
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') isQuoted = !isQuoted;
    else if (text[i] === ";" && !isQuoted) return i;
  }
  return text.length;
}

function basic(name: string, digits: string | undefined): AtInvocation {
  return { ...NOTHING, name, number: Number(digits ?? "") || 0 };
}

function extended(text: string): { invocation: AtInvocation; length: number } | undefined {
  const name = EXTENDED.exec(text)?.[0];
  if (name === undefined) return undefined;
  const end = endOfExtended(text);
  const rest = text.slice(name.length, end);
  const operation: AtOperation | undefined = rest === ""
    ? "run"
    : rest === "?"
    ? "read"
    : rest === "=?"
    ? "test"
    : rest[0] === "="
    ? "set"
    : undefined;
  if (operation === undefined) return undefined;
  const parameters = operation === "set" ? rest.slice(1) : "";
  const args = operation === "set" ? splitArguments(parameters) : [];
  return { invocation: { name, operation, number: 0, text: parameters, args }, length: end + 1 };
}

/** Splits what stands between `AT` and the end of the line.
 *
 * @returns The commands in their order. The first which is none has the name "" and is the last.
 */
export function parseCommandLine(line: string): AtInvocation[] {
  const commands: AtInvocation[] = [];
  let rest = normalize(line);
  while (rest !== "") {
    if (rest[0] === ";") {
      rest = rest.slice(1);
      continue;
    }
    if (rest[0] === "D") {
      // The dial string is the rest of the line, up to a semicolon, which belongs to it (V.250 §6.3.1).
      const end = rest.indexOf(";");
      const text = end < 0 ? rest.slice(1) : rest.slice(1, end + 1);
      commands.push({ ...NOTHING, name: "D", text });
      rest = end < 0 ? "" : rest.slice(end + 1);
      continue;
    }
    const register = REGISTER.exec(rest);
    const prefixed = PREFIXED.exec(rest);
    const letter = BASIC.exec(rest);
    const found = extended(rest);
    if (found !== undefined && prefixed === null) {
      commands.push(found.invocation);
      rest = rest.slice(found.length);
    } else if (register !== null) {
      const [all, digits, question, value] = register;
      const operation = question !== undefined
        ? "read"
        : value === undefined
        ? "run"
        : value === "?"
        ? "test"
        : "set";
      const text = operation === "set" ? value ?? "" : "";
      commands.push({ name: "S", operation, number: Number(digits) || 0, text, args: [text] });
      rest = rest.slice(all.length);
    } else if (prefixed !== null) {
      commands.push(basic(rest[0]! + prefixed[1]!, prefixed[2]));
      rest = rest.slice(prefixed[0].length);
    } else if (letter !== null) {
      commands.push(basic(rest[0]!, letter[1]));
      rest = rest.slice(letter[0].length);
    } else {
      commands.push(NOTHING);
      return commands;
    }
  }
  return commands;
}
