/** Runs `pppup` and other programs for the tests, and what these tests share.
 *
 * @module
 */
import { type Finished, run, Running } from "../lab.ts";
import type { PppLine } from "./ppp_lab.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const MAIN = `${ROOT}apps/modem/main.ts`;
const RUN = ["run", "--no-lock", "--no-check", "-A", "--config", `${ROOT}deno.json`];

/** Runs pppup to its end. */
export function pppup(args: readonly string[], stdin?: string | Uint8Array): Promise<Finished> {
  return run(Deno.execPath(), [...RUN, MAIN, ...args], stdin);
}

/** Starts pppup. */
export function startPppup(args: readonly string[], stdin: "null" | "piped" = "null"): Running {
  return new Running(Deno.execPath(), [...RUN, MAIN, ...args], stdin);
}

/** The words behind "deno" that run a script. */
export function programWords(script: URL): string[] {
  return [...RUN, script.pathname];
}

/** Starts a script. */
export function startScript(script: URL, args: readonly string[]): Running {
  return new Running(Deno.execPath(), [...programWords(script), ...args]);
}

/** Tests of one file that run at the same time: most of their time is waiting. */
const CONCURRENCY = 4;
/** How far ahead of the test that is waited for others are begun. */
const LOOK_AHEAD = 10;

interface QueuedTest {
  readonly fn: () => Promise<void>;
  outcome: Promise<void> | undefined;
}

const queue: QueuedTest[] = [];
let running = 0;

function beginTests(limit: number): void {
  for (const test of queue.slice(0, limit)) {
    if (running >= CONCURRENCY) return;
    if (test.outcome !== undefined) continue;
    running++;
    test.outcome = test.fn().finally(() => {
      running--;
      beginTests(limit);
    });
    test.outcome.catch(() => {}); // told when its turn comes
  }
}

/** A test whose peers outlive it, and which others of its file may accompany: it uses lines and files of its own. */
export function pppTest(name: string, fn: () => Promise<void>): void {
  const test: QueuedTest = { fn, outcome: undefined };
  const position = queue.push(test);
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      for (let i = 0; i < position - 1; i++) queue[i]!.outcome ??= Promise.resolve(); // filtered out
      while (test.outcome === undefined) {
        beginTests(position + LOOK_AHEAD);
        if (test.outcome === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await test.outcome;
    },
  });
}

/** What the words of {@linkcode pppup} are for a line, with a login. */
export function direct(device: string, ...args: string[]): string[] {
  return ["--device", device, "--direct", "--user", "tester", "--password", "secret", ...args];
}

/** A lab for all tests of a file, made when the first of them begins. */
export class SharedLab<T extends AsyncDisposable> {
  #value: T | undefined = undefined;

  /** @param make makes it. */
  constructor(make: () => Promise<T>) {
    Deno.test.beforeAll(async () => void (this.#value = await make()));
    Deno.test.afterAll(async () => await this.#value?.[Symbol.asyncDispose]());
  }

  /** The lab. */
  get value(): T {
    if (this.#value === undefined) throw new Error("The lab did not start");
    return this.#value;
  }
}

/** Says what both sides did, for a failed assertion. */
export async function account(line: PppLine, done: Finished): Promise<string> {
  return `pppup (${done.code}):\n${done.stdout}${done.stderr}\npppd:\n${await line.log()}`;
}
