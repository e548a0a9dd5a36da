/** Splits the parameters of a line of information.
 *
 * @module
 */

/** Most parameters of one line. */
const MAX_VALUES = 64;

/** Parameters of the first line with a prefix: `["0", "0", "Telekom.de", "7"]` of `+COPS: 0,0,"Telekom.de",7`.
 *
 * @param lines Lines of a reply.
 * @param prefix `+COPS`.
 * @returns Quotes taken off; `undefined` when no line has the prefix.
 */
export function findValues(lines: readonly string[], prefix: string): string[] | undefined {
  for (const line of lines) {
    const values = lineValues(line, prefix);
    if (values !== undefined) return values;
  }
  return undefined;
}

/** Parameters of a line with a prefix.
 *
 * @returns Quotes taken off; `undefined` when the line has another prefix.
 */
export function lineValues(line: string, prefix: string): string[] | undefined {
  const text = line.trimStart();
  if (!text.toUpperCase().startsWith(prefix)) return undefined;
  const rest = text.slice(prefix.length);
  const colon = /^\s*:/.exec(rest);
  return colon === null ? undefined : splitValues(rest.slice(colon[0].length));
}

/** Splits at commas outside of quotes; at most 64 values. */
export function splitValues(text: string): string[] {
  const values: string[] = [];
  let value = "";
  let isQuoted = false;
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    else if (char === "," && !isQuoted) {
      values.push(value.trim());
      if (values.length === MAX_VALUES) return values;
      value = "";
    } else value += char;
  }
  values.push(value.trim());
  return values;
}

/** A decimal number from 0, `undefined` when the text is none. */
export function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** A number in hexadecimal digits, as location areas and cells are; `undefined` when the text is none. */
export function hexadecimal(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9a-f]{1,8}$/i.test(text) ? parseInt(text, 16) : undefined;
}

/** Quotes a parameter.
 *
 * @throws {TypeError} If it holds a quote or the end of a line, which no command can carry.
 */
export function quote(text: string): string {
  // deno-lint-ignore no-control-regex
  if (/["\x00-\x1f\x7f]/.test(text)) {
    throw new TypeError("Cannot quote a text that holds quotes or line ends");
  }
  return `"${text}"`;
}
