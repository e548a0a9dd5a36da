/** Above this number of line pairs, the two texts are printed one after the other without looking for a common part. */
const MAX_PAIRS = 4_000_000;

function paint(code: number, text: string): string {
  return Deno.noColor ? text : `\x1b[${code}m${text}\x1b[0m`;
}

function trimCommon(
  a: string[],
  b: string[],
): [prefix: number, suffix: number] {
  const limit = Math.min(a.length, b.length);
  let prefix = 0;
  while (prefix < limit && a[prefix] === b[prefix]) prefix++;
  let suffix = 0;
  while (
    suffix < limit - prefix &&
    a[a.length - 1 - suffix] === b[b.length - 1 - suffix]
  ) suffix++;
  return [prefix, suffix];
}

/** Longest common subsequence of lines; each result line starts with "-", "+" or a blank. */
function diffLines(a: string[], b: string[]): string[] {
  const [prefix, suffix] = trimCommon(a, b);
  const x = a.slice(prefix, a.length - suffix);
  const y = b.slice(prefix, b.length - suffix);
  const out = a.slice(0, prefix).map((line) => `  ${line}`);
  if (x.length * y.length > MAX_PAIRS) {
    for (const line of x) out.push(`- ${line}`);
    for (const line of y) out.push(`+ ${line}`);
  } else {
    const width = y.length + 1;
    const table = new Uint32Array((x.length + 1) * width);
    for (let i = x.length - 1; i >= 0; i--) {
      for (let j = y.length - 1; j >= 0; j--) {
        const down = table[(i + 1) * width + j]!;
        const right = table[i * width + j + 1]!;
        table[i * width + j] = x[i] === y[j] ? table[(i + 1) * width + j + 1]! + 1 : Math.max(down, right);
      }
    }
    let i = 0;
    let j = 0;
    while (i < x.length || j < y.length) {
      if (i < x.length && j < y.length && x[i] === y[j]) {
        out.push(`  ${x[i++]}`);
        j++;
      } else if (
        i < x.length &&
        (j >= y.length ||
          table[(i + 1) * width + j]! >= table[i * width + j + 1]!)
      ) {
        out.push(`- ${x[i++]}`);
      } else {
        out.push(`+ ${y[j++]}`);
      }
    }
  }
  for (const line of a.slice(a.length - suffix)) out.push(`  ${line}`);
  return out;
}

/** Leaves out runs of equal lines, but for three lines of context at each end. */
function elide(lines: string[]): string[] {
  const out: string[] = [];
  let at = 0;
  while (at < lines.length) {
    let end = at;
    while (end < lines.length && lines[end]!.startsWith("  ")) end++;
    if (end - at > 8) {
      const head = at === 0 ? [] : lines.slice(at, at + 3);
      const tail = end === lines.length ? [] : lines.slice(end - 3, end);
      out.push(
        ...head,
        `  ... ${end - at - head.length - tail.length} unchanged lines ...`,
        ...tail,
      );
    } else {
      out.push(...lines.slice(at, end));
    }
    if (end < lines.length) out.push(lines[end++]!);
    at = end;
  }
  return out;
}

/** Builds the text that follows "Values are not equal" in an assertion's message. */
export function buildDiff(actual: string, expected: string): string {
  const lines = elide(diffLines(actual.split("\n"), expected.split("\n")));
  const painted = lines.map((line) => {
    if (line.startsWith("-")) return paint(31, `-   ${line.slice(2)}`);
    if (line.startsWith("+")) return paint(32, `+   ${line.slice(2)}`);
    return `    ${line.slice(2)}`;
  });
  const legend = `    [Diff] ${paint(31, "Actual")} / ${paint(32, "Expected")}`;
  return ["", "", legend, "", "", ...painted, ""].join("\n");
}
