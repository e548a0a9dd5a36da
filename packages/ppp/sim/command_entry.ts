/** What a group of commands of the simulated modem is made of.
 *
 * @module
 */
import { type AtInvocation, type AtOutcome, CME, cme, ok } from "./at_outcome.ts";
import type { AtSession } from "./at_session.ts";
import type { ModemCore } from "./modem_core.ts";

/** What a command works with. */
export interface CommandContext extends AtInvocation {
  /** The modem. */
  readonly modem: ModemCore;
  /** The interpreter that was asked. */
  readonly session: AtSession;
}

/** What a command does. */
export type CommandHandler = (at: CommandContext) => AtOutcome;

/** A command, by its uses; a use that is missing is an error. */
export interface CommandEntry {
  /** `AT+X`, or a basic command. */
  readonly run?: CommandHandler;
  /** `AT+X=…`. */
  readonly set?: CommandHandler;
  /** `AT+X?`. */
  readonly read?: CommandHandler;
  /** `AT+X=?`. */
  readonly test?: CommandHandler;
  /** Whether the SIM must be ready. */
  readonly needsSim?: boolean;
}

/** Commands by name. */
export type CommandGroup = Readonly<Record<string, CommandEntry>>;

/** A command that tells one line. */
export function tells(line: (at: CommandContext) => string, needsSim: boolean = false): CommandEntry {
  const run: CommandHandler = (at) => ok(line(at));
  return { run, test: () => ok(), needsSim };
}

/** A setting which is kept, can be read, and does nothing else.
 *
 * @param initial Its value before it is set.
 * @param range What `=?` tells.
 */
export function keeps(initial: string, range: string, needsSim: boolean = false): CommandEntry {
  return {
    needsSim,
    test: ({ name }) => ok(`${name}: ${range}`),
    read: ({ modem, name }) => ok(`${name}: ${modem.settings.kept.get(name) ?? initial}`),
    set: ({ modem, name, text }) => {
      modem.settings.kept.set(name, text);
      return ok();
    },
  };
}

/** A number of a parameter, when it is one from `min` to `max`. */
export function argument(at: CommandContext, index: number, min: number, max: number): number | undefined {
  const text = at.args[index];
  if (text === undefined || !/^\d{1,7}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** The answer to parameters that make no sense. */
export const WRONG_PARAMETERS: AtOutcome = cme(CME.INCORRECT_PARAMETERS);
