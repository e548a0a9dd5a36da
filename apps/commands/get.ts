/** `get URL [-o FILE]`: fetches a page over the stack, with rate and remaining time.
 *
 * @module
 */
import { fetchHttp } from "@lightwire/sockets/http";
import type { Command, CommandContext } from "./context.ts";
import { formatBytes, formatDuration, formatRate } from "./units.ts";
import { parseOptions, UsageError } from "./usage.ts";

/** How often progress is shown, in milliseconds. */
const PROGRESS_MS = 200;

/** The `get` command. */
export const getCommand: Command = {
  name: "get",
  usage: "get URL [-o FILE|-]",
  summary: "fetch an http:// URL to standard output, or to a file with -o",
  prepare(args) {
    const o = parseOptions(args, { string: ["o"] });
    const [urlText, ...rest] = o.words;
    if (urlText === undefined || rest.length > 0) {
      throw new UsageError(`Usage: ${getCommand.usage}`);
    }
    const withScheme = urlText.includes("://") ? urlText : `http://${urlText}`;
    if (!URL.canParse(withScheme)) {
      throw new UsageError(`"${urlText}" is not a URL.`);
    }
    const url = new URL(withScheme);
    if (url.protocol !== "http:") {
      throw new UsageError(
        `Only http:// is spoken, not ${url.protocol}//; put TLS on top with the library.`,
      );
    }
    return (context) => get(context, url, o.text("o") ?? "-");
  },
};

async function get(
  { stack, output, signal }: CommandContext,
  url: URL,
  path: string,
): Promise<number> {
  const startedAt = performance.now();
  const response = await fetchHttp(stack, url, { signal });
  const total = Number(response.headers.get("content-length") ?? NaN);
  output.note(
    `${response.status} ${response.statusText}${Number.isNaN(total) ? "" : `, ${formatBytes(total)}`}`,
  );
  const sink = path === "-"
    ? Deno.stdout
    : await Deno.open(path, { write: true, create: true, truncate: true });
  const progress = new Progress(startedAt, total);
  let received = 0;
  try {
    for await (const chunk of response.body ?? []) {
      for (let rest = chunk; rest.length > 0;) {
        rest = rest.subarray(await sink.write(rest));
      }
      received += chunk.length;
      const line = progress.line(received, performance.now());
      if (line !== undefined) output.status(line);
    }
  } finally {
    output.status("");
    if (sink !== Deno.stdout) sink.close();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const fields = {
    url: url.href,
    status: response.status,
    bytes: received,
    seconds: Math.round(seconds * 1000) / 1000,
    bitsPerSecond: Math.round((received * 8) / seconds),
    file: path === "-" ? null : path,
  };
  const text = `${formatBytes(received)} in ${formatDuration(seconds)}, ${formatRate(fields.bitsPerSecond)}` +
    (path === "-" ? "" : ` to ${path}`);
  if (path === "-" && !output.options.json) output.note(text);
  else output.event("fetched", fields, text);
  if (response.ok) return 0;
  output.error(
    `${url.href} answered ${response.status} ${response.statusText}.`,
  );
  return 1;
}

/** The live line: share, rate of the last seconds, and time to go. */
class Progress {
  #shownAt: number;
  #shownBytes = 0;
  #rate = 0;
  readonly #total: number;

  constructor(startedAt: number, total: number) {
    this.#shownAt = startedAt;
    this.#total = total;
  }

  line(received: number, now: number): string | undefined {
    const elapsedMs = now - this.#shownAt;
    if (elapsedMs < PROGRESS_MS) return undefined;
    const rate = ((received - this.#shownBytes) * 8000) / elapsedMs;
    this.#rate = this.#rate === 0 ? rate : this.#rate * 0.7 + rate * 0.3;
    this.#shownAt = now;
    this.#shownBytes = received;
    const speed = formatRate(this.#rate);
    if (Number.isNaN(this.#total)) return `${formatBytes(received)}  ${speed}`;
    const width = 24;
    const filled = Math.min(
      width,
      Math.round((width * received) / this.#total),
    );
    const eta = formatDuration(((this.#total - received) * 8) / this.#rate);
    const bar = "=".repeat(filled).padEnd(width, " ");
    return `[${bar}] ${formatBytes(received)} of ${formatBytes(this.#total)}  ${speed}  ETA ${eta}`;
  }
}
