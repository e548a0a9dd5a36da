/** The options about when to dial, and when again.
 *
 * @module
 */
import { type ParsedOptions, parsePositive } from "@lightwire/app-commands";

/** When to dial. */
export interface Redial {
  /** Dial again when the connection is lost. */
  readonly isPersistent: boolean;
  /** Dial only when there is something to send. */
  readonly isOnDemand: boolean;
  /** Hang up when nothing was sent for so long, in milliseconds. */
  readonly idleMs: number | undefined;
  /** Hang up after so long, in milliseconds. */
  readonly maxSessionMs: number | undefined;
  /** Least time between two calls, in milliseconds. */
  readonly holdoffMs: number | undefined;
}

/** Options with a value of this group. */
export const REDIAL_STRINGS = ["idle", "max-session", "holdoff"] as const;
/** Options without a value of this group. */
export const REDIAL_BOOLEANS = ["persist", "demand"] as const;

/** Their part of the help text. */
export const REDIAL_HELP = `  --persist            dial again when the connection is lost
  --holdoff S          … after so many seconds, and longer each time (default: 5)
  --demand             dial only when there is something to send; with --idle S to hang up again
  --idle S             hang up when nothing was sent for S seconds
  --max-session S      hang up after S seconds`;

/** Reads the group.
 *
 * @throws {UsageError} for a time that is none.
 */
export function parseRedial(o: ParsedOptions): Redial {
  const seconds = (name: string): number | undefined => {
    const text = o.text(name);
    return text === undefined ? undefined : parsePositive(text, `--${name}`) * 1000;
  };
  return {
    isPersistent: o.has("persist") || o.has("demand"),
    isOnDemand: o.has("demand"),
    idleMs: seconds("idle"),
    maxSessionMs: seconds("max-session"),
    holdoffMs: seconds("holdoff"),
  };
}
