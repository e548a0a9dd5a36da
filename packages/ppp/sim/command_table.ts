/** All commands of the simulated modem, and how one is executed.
 *
 * @module
 */
import { AT_ERROR, type AtInvocation, type AtOutcome, CME, cme, ok } from "./at_outcome.ts";
import type { AtSession } from "./at_session.ts";
import { BASIC_COMMANDS } from "./basic_commands.ts";
import type { CommandContext, CommandGroup } from "./command_entry.ts";
import { executeMakersCommand, IDENTITY_COMMANDS } from "./identity_commands.ts";
import { MESSAGE_COMMANDS } from "./message_commands.ts";
import type { ModemCore } from "./modem_core.ts";
import { NETWORK_COMMANDS } from "./network_commands.ts";
import { PACKET_COMMANDS } from "./packet_commands.ts";

const COMMANDS: CommandGroup = {
  ...BASIC_COMMANDS,
  ...IDENTITY_COMMANDS,
  ...NETWORK_COMMANDS,
  ...PACKET_COMMANDS,
  ...MESSAGE_COMMANDS,
  "+CLAC": { run: () => ok(...Object.keys(COMMANDS).sort().map((name) => `AT${name}`)) },
};

/** Executes a command of an interpreter. */
export function executeCommand(modem: ModemCore, session: AtSession, invocation: AtInvocation): AtOutcome {
  const at: CommandContext = { ...invocation, modem, session };
  const special = executeMakersCommand(at);
  if (special !== undefined) return special;
  const { name, operation } = invocation;
  const isExtended = name.length > 1 && /^[+^$*#%]/.test(name);
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) return isExtended ? cme(CME.NOT_SUPPORTED) : AT_ERROR;
  const handler = entry[operation];
  if (handler === undefined) return isExtended ? cme(CME.NOT_SUPPORTED) : AT_ERROR;
  const refusal = entry.needsSim === true && operation !== "test" ? modem.sim.refusal() : undefined;
  return refusal === undefined ? handler(at) : cme(refusal);
}
