/** Options, counters and modes of {@linkcode AtEngine}.
 *
 * @module
 */

/** What the line carries. */
export type AtMode = "command" | "data" | "escaping" | "closed";

/** Options of {@linkcode AtEngine}. */
export interface AtEngineOptions {
  /** How long a command may take that does not say, in milliseconds; 1000 by default. */
  readonly timeoutMs?: number;
  /** Rest between a result and the next command, in milliseconds; 20 by default. */
  readonly gapMs?: number;
  /** Rest after a time-out, in which a late result is dropped, in milliseconds; 250 by default. */
  readonly settleMs?: number;
  /** Most commands that wait; 32 by default. */
  readonly maxQueue?: number;
  /** Most lines of one reply; 256 by default. */
  readonly maxLines?: number;
  /** Longest line in bytes; 2048 by default. */
  readonly maxLineBytes?: number;
}

/** Counters of {@linkcode AtEngine}. */
export interface AtCounters {
  /** Commands sent, attempts included. */
  commands: number;
  /** Attempts without a result in time. */
  timeouts: number;
  /** Results for which no command waited. */
  strayResults: number;
  /** Lines dropped as noise. */
  noise: number;
  /** Echoes of commands. */
  echoes: number;
}

/** Puts in the defaults.
 *
 * @param options What was asked for.
 */
export function completeEngineOptions(options: AtEngineOptions): Required<AtEngineOptions> {
  return {
    timeoutMs: options.timeoutMs ?? 1000,
    gapMs: options.gapMs ?? 20,
    settleMs: options.settleMs ?? 250,
    maxQueue: options.maxQueue ?? 32,
    maxLines: options.maxLines ?? 256,
    maxLineBytes: options.maxLineBytes ?? 2048,
  };
}
