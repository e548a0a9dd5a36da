/** Commands of the simulated modem about its network: signal, operator, registration (3GPP TS 27.007 §7, §8.5, §8.69).
 *
 * @module
 */
import { type AtOutcome, CME, cme, ok } from "./at_outcome.ts";
import {
  argument,
  type CommandContext,
  type CommandEntry,
  type CommandGroup,
  tells,
  WRONG_PARAMETERS,
} from "./command_entry.ts";
import type { RegistrationCommand } from "./modem_core.ts";

/** How long a look around takes, in milliseconds. */
const SCAN_MS = 3000;
const OTHER_NETWORK = '(1,"Elsewhere","Else","00102",';

function signal({ modem }: CommandContext): string {
  return `+CSQ: ${modem.radio.rssi},99`;
}

/** RSRQ and RSRP in the steps of 3GPP TS 27.007 §8.69, of the same signal; 255 for what is not known. */
function extendedSignal({ modem }: CommandContext): string {
  const { rssi } = modem.radio;
  if (rssi === 99) return "+CESQ: 99,99,255,255,255,255";
  if (modem.model.technology === 0) return `+CESQ: ${2 * rssi},0,255,255,255,255`;
  return `+CESQ: 99,99,255,255,${20},${Math.min(97, 2 * rssi + 8)}`;
}

function operatorName(format: number, name: string, code: string): string {
  return format === 2 ? code : format === 1 ? name.slice(0, 8) : name;
}

function readOperator({ modem }: CommandContext): AtOutcome {
  const { operatorMode, operatorFormat } = modem.settings;
  if (!modem.radio.isRegistered) return ok(`+COPS: ${operatorMode}`);
  const { name, code } = modem.operator;
  const shown = operatorName(operatorFormat, name, code);
  return ok(`+COPS: ${operatorMode},${operatorFormat},"${shown}",${modem.model.technology}`);
}

function scan({ modem }: CommandContext): AtOutcome {
  if (modem.radio.functionality !== 1) return cme(CME.NOT_ALLOWED);
  const tail = ",,(0-4),(0-2)";
  const { technology } = modem.model;
  const { name, code } = modem.operator;
  const own = `(${modem.radio.isRegistered ? 2 : 1},"${name}","${name.slice(0, 8)}","${code}",${technology})`;
  const line = modem.radio.rssi === 99
    ? `+COPS: ${tail}`
    : `+COPS: ${own},${OTHER_NETWORK}${technology})${tail}`;
  return { afterMs: SCAN_MS, then: () => ok(line) };
}

function setOperator(at: CommandContext): AtOutcome {
  const { modem } = at;
  const mode = argument(at, 0, 0, 4);
  const format = at.args[1] === undefined || at.args[1] === "" ? undefined : argument(at, 1, 0, 2);
  if (mode === undefined) return WRONG_PARAMETERS;
  if (mode === 3) {
    if (format === undefined) return WRONG_PARAMETERS;
    modem.settings.operatorFormat = format;
    return ok();
  }
  if (mode === 1 || mode === 4) {
    const wanted = at.args[2] ?? "";
    const { name, code } = modem.operator;
    if (wanted !== operatorName(format ?? 0, name, code)) {
      if (mode === 1) return { afterMs: SCAN_MS, then: () => cme(CME.NO_SERVICE) };
    }
  }
  modem.settings.operatorMode = mode === 4 ? 1 : mode;
  modem.radio.deregister(mode === 2);
  return ok();
}

/** `+CREG`, `+CGREG` or `+CEREG`. */
function registration(command: RegistrationCommand): CommandEntry {
  const unsupported = cme(CME.NOT_SUPPORTED);
  const isMissing = ({ modem }: CommandContext) => !modem.model.domains.includes(command);
  return {
    test: (at) => isMissing(at) ? unsupported : ok(`+${command}: (0-2)`),
    read: (at) => {
      if (isMissing(at)) return unsupported;
      const { modem } = at;
      return ok(`+${command}: ${modem.settings.reports[command]},${modem.registrationText(command)}`);
    },
    set: (at) => {
      if (isMissing(at)) return unsupported;
      const level = argument(at, 0, 0, 2);
      if (level === undefined) return WRONG_PARAMETERS;
      at.modem.settings.reports[command] = level;
      return ok();
    },
  };
}

/** Commands about the network. */
export const NETWORK_COMMANDS: CommandGroup = {
  "+CSQ": { ...tells(signal), test: () => ok("+CSQ: (0-31,99),(0-7,99)") },
  "+CESQ": {
    ...tells(extendedSignal),
    test: () => ok("+CESQ: (0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)"),
  },
  "+COPS": { read: readOperator, test: scan, set: setOperator, needsSim: true },
  "+CREG": registration("CREG"),
  "+CGREG": registration("CGREG"),
  "+CEREG": registration("CEREG"),
};
