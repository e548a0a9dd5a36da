/** {@linkcode wrap}: breaks a text into lines.
 *
 * @module
 */

/** Breaks a text between words so that no line is longer than `columns`; a word that is too long has its line alone. What stands
 * between backquotes, a command, is not broken if it fits into a line. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/\S*`[^`]*`\S*|\S+/g) ?? []) {
    const pieces = word.length > columns ? word.split(" ") : [word];
    for (const piece of pieces) {
      if (line !== "" && line.length + 1 + piece.length > columns) {
        lines.push(line);
        line = piece;
      } else line = line === "" ? piece : `${line} ${piece}`;
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}
