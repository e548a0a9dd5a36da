/** @module */
import { AssertionError } from "@std/assert/assertion-error";
import { assertEquals } from "@std/assert/equals";

/** Options of {@linkcode assertSnapshot}. */
export interface SnapshotOptions<T = unknown> {
  /** Name of the snapshot to use in the file; the test's name and a running number by default. */
  name?: string;
  /** Turns the value into the text which is compared. */
  serializer?: (actual: T) => string;
  /** The message to display if the assertion fails. */
  msg?: string;
  /** Folder of the snapshot files, relative to the test file; `__snapshots__` by default. */
  dir?: string;
}

const HEADER = "export const snapshot = {};\n";
const counts = new Map<string, number>();
const pending = new Map<string, Map<string, string>>();

/**
 * The default serializer.
 *
 * @param actual The value to print.
 * @returns The value as `Deno.inspect` prints it, in full and sorted.
 */
export function serialize(actual: unknown): string {
  return Deno.inspect(actual, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
    breakLength: Infinity,
    escapeSequences: false,
  }).replace(/\r/g, "\\r");
}

function isUpdate(): boolean {
  return Deno.args.some((arg) => arg === "--update" || arg === "-u");
}

function escape(text: string): string {
  return text.replace(/[\\`$]/g, "\\$&");
}

function nameOf(context: Deno.TestContext): string {
  return context.parent ? `${nameOf(context.parent)} > ${context.name}` : context.name;
}

function fileOf(context: Deno.TestContext, dir: string): URL {
  const file = context.origin.slice(context.origin.lastIndexOf("/") + 1);
  return new URL(`${dir}/${file}.snap`, context.origin);
}

function readSnapshots(file: URL): Map<string, string> {
  const found = new Map<string, string>();
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return found;
    throw error;
  }
  const unescape = (part: string) => part.replace(/\\([\\`$])/g, "$1");
  for (
    const [, name, body] of text.matchAll(
      /^snapshot\[`((?:[^`\\]|\\.)*)`\] = `\n?((?:[^`\\]|\\.)*?)\n?`;$/gms,
    )
  ) {
    found.set(unescape(name!), unescape(body!));
  }
  return found;
}

function writeSnapshot(file: URL, name: string, text: string): void {
  let all = pending.get(file.href);
  if (!all) pending.set(file.href, all = readSnapshots(file));
  all.set(name, text);
  const entries = [...all].map(([key, value]) => {
    const body = value.includes("\n") ? `\n${escape(value)}\n` : escape(value);
    return `\nsnapshot[\`${escape(key)}\`] = \`${body}\`;\n`;
  });
  Deno.mkdirSync(new URL(".", file), { recursive: true });
  Deno.writeTextFileSync(file, HEADER + entries.join(""));
}

/**
 * Makes an assertion that `actual` matches a snapshot; with `-- --update` it is written instead.
 *
 * @param context The test context.
 * @param actual The actual value.
 * @param msgOrOptions The message, or options.
 */
// deno-lint-ignore require-await
export async function assertSnapshot<T>(
  context: Deno.TestContext,
  actual: T,
  msgOrOptions?: string | SnapshotOptions<T>,
): Promise<void> {
  const options = typeof msgOrOptions === "string" ? { msg: msgOrOptions } : msgOrOptions ?? {};
  const base = options.name ?? nameOf(context);
  const file = fileOf(context, options.dir ?? "__snapshots__");
  const key = `${file.href} ${base}`;
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  const name = `${base} ${count}`;
  const text = (options.serializer ?? serialize)(actual);
  if (isUpdate()) return writeSnapshot(file, name, text);
  const expected = readSnapshots(file).get(name);
  if (expected === undefined) throw new AssertionError(options.msg ?? `Missing snapshot: ${name}`);
  if (expected === text) return;
  assertEquals(text.split("\n"), expected.split("\n"), options.msg ?? `Snapshot does not match: ${name}`);
}
