/** Wrong usage, and the one way options are read.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";

/** The command line is wrong: exit status 2. */
export class UsageError extends Error {
  /** @param message one sentence which says what is expected. */
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** The command was interrupted (Ctrl-C): exit status 130. */
export class InterruptedError extends Error {
  /** The reason an aborted operation gives. */
  constructor() {
    super("Interrupted");
    this.name = "InterruptedError";
  }
}

/** Which options a command line may have. */
export interface OptionSpec {
  /** Options with a value. */
  readonly string?: readonly string[];
  /** Options without a value. */
  readonly boolean?: readonly string[];
  /** Options with a value that may be repeated. */
  readonly collect?: readonly string[];
  /** Stop at the first word that is not an option. */
  readonly stopEarly?: boolean;
}

/** What was read. */
export interface ParsedOptions {
  /** Value of an option, `undefined` when absent. */
  text(name: string): string | undefined;
  /** Whether an option without a value is present. */
  has(name: string): boolean;
  /** All values of a repeatable option. */
  all(name: string): readonly string[];
  /** The words that are not options. */
  readonly words: readonly string[];
}

/** Reads options.
 *
 * @throws {UsageError} for an unknown option, or one without its value.
 */
export function parseOptions(
  args: readonly string[],
  spec: OptionSpec,
): ParsedOptions {
  const collect = spec.collect ?? [];
  const string = [...(spec.string ?? []), ...collect];
  const known = new Set([...string, ...(spec.boolean ?? [])]);
  const values = parseArgs([...args], {
    string,
    boolean: [...(spec.boolean ?? [])],
    collect: [...collect],
    stopEarly: spec.stopEarly ?? false,
    unknown: (arg: string, key?: string): boolean => {
      if (key === undefined) return true;
      throw new UsageError(`Unknown option ${arg}; -h lists those there are.`);
    },
  }) as Record<string, unknown> & { _: (string | number)[] };
  for (const name of known) {
    const value = values[name];
    const isEmpty = value === "" ||
      (Array.isArray(value) && value.includes(""));
    if (string.includes(name) && isEmpty) {
      throw new UsageError(
        `Option ${name.length === 1 ? "-" : "--"}${name} needs a value.`,
      );
    }
  }
  return {
    text: (name) => {
      const value = values[name];
      const last = Array.isArray(value) ? value.at(-1) : value;
      return last === undefined ? undefined : String(last);
    },
    has: (name) => values[name] === true,
    all: (name) => {
      const value = values[name];
      return value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);
    },
    words: values._.map(String),
  };
}
