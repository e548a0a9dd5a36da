import { stripColors } from "./test_summary.ts";

/** How a subprocess ended. */
export interface RunResult {
  /** Exit status. */
  readonly code: number;
  /** What it wrote to both streams, colours taken out. */
  readonly output: string;
  /** How long it took, in milliseconds. */
  readonly elapsedMs: number;
}

/** Options of {@linkcode runDeno}. */
export interface RunOptions {
  /** Whether the output is shown while it comes; `true` by default. */
  readonly isShown?: boolean;
  /** Lines which are not shown. */
  readonly hidden?: RegExp;
  /** Environment variables in addition. */
  readonly env?: Record<string, string>;
  /** Working folder; the current one by default. */
  readonly cwd?: string;
}

/** Copies a stream to one of ours, line by line when some are to be left out, and returns its text. */
async function relay(
  from: ReadableStream<Uint8Array>,
  to: typeof Deno.stdout | undefined,
  hidden: RegExp | undefined,
): Promise<string> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let text = "";
  let shown = 0;
  const show = (end: number) => {
    let part = text.slice(shown, end);
    shown = end;
    if (hidden) part = part.split("\n").filter((line) => !hidden.test(stripColors(line))).join("\n");
    const bytes = encoder.encode(part);
    for (let at = 0; to && at < bytes.length;) at += to.writeSync(bytes.subarray(at));
  };
  for await (const chunk of from) {
    text += decoder.decode(chunk, { stream: true });
    show(hidden ? text.lastIndexOf("\n") + 1 : text.length);
  }
  text += decoder.decode();
  show(text.length);
  return text;
}

/**
 * Runs this same Deno with other arguments, shows what it writes and keeps it.
 *
 * @param args The arguments of `deno`.
 * @param options Additional options.
 * @returns How it ended.
 */
export async function runDeno(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { isShown = true } = options;
  const hasColor = isShown && Deno.stdout.isTerminal() && !Deno.noColor;
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: options.cwd,
    env: { ...(hasColor ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }), ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [stdout, stderr, status] = await Promise.all([
    relay(child.stdout, isShown ? Deno.stdout : undefined, options.hidden),
    relay(child.stderr, isShown ? Deno.stderr : undefined, options.hidden),
    child.status,
  ]);
  return {
    code: status.code,
    output: stripColors(`${stdout}${stderr}`),
    elapsedMs: performance.now() - start,
  };
}
