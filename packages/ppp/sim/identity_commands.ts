/** Commands of the simulated modem about itself, its SIM, its power and its clock (3GPP TS 27.007 §5, §8).
 *
 * @module
 */
import { AT_ERROR, type AtOutcome, CME, cme, ok } from "./at_outcome.ts";
import {
  argument,
  type CommandContext,
  type CommandGroup,
  keeps,
  tells,
  WRONG_PARAMETERS,
} from "./command_entry.ts";
import { SIMULATED_IMEI } from "./modem_core.ts";
import { formatModemTime, parseModemTime } from "./modem_time.ts";

const MANUFACTURER = tells(({ modem }) => modem.model.manufacturer);
const MODEL = tells(({ modem }) => modem.model.model);
const REVISION = tells(({ modem }) => modem.model.revision);
const SERIAL = tells(() => SIMULATED_IMEI);
/** How long a change of `+CFUN` takes, in milliseconds. */
const CFUN_MS = 300;

function enterPin({ modem, args }: CommandContext): AtOutcome {
  const [code = "", newPin] = args;
  if (code === "") return WRONG_PARAMETERS;
  return modem.sim.enter(code, newPin);
}

function readPin({ modem }: CommandContext): AtOutcome {
  const { sim } = modem;
  if (sim.state === "absent") return cme(CME.NO_SIM);
  if (sim.state === "busy") return cme(CME.SIM_BUSY);
  return ok(`+CPIN: ${sim.text}`);
}

/** `+CPINR` (3GPP TS 27.007 §8.65). */
function pinAttempts({ modem: { sim }, args }: CommandContext): AtOutcome {
  if (sim.state === "absent") return cme(CME.NO_SIM);
  const [wanted = ""] = args;
  const all = [`+CPINR: SIM PIN,${sim.pinAttempts},3`, `+CPINR: SIM PUK,${sim.pukAttempts},10`];
  return ok(...all.filter((line) => wanted === "" || line.startsWith(`+CPINR: ${wanted.toUpperCase()},`)));
}

function lock({ modem, args }: CommandContext): AtOutcome {
  const [facility = "", mode = "", password = ""] = args;
  if (facility.toUpperCase() !== "SC") return cme(CME.NOT_SUPPORTED);
  if (mode === "2") return ok(`+CLCK: ${Number(modem.sim.isLocked)}`);
  if (mode !== "0" && mode !== "1") return WRONG_PARAMETERS;
  return modem.sim.lock(mode === "1", password);
}

function setFunctionality(at: CommandContext): AtOutcome {
  const value = at.args[0] ?? "";
  const { modem } = at;
  if (value === "16" || at.args[1] === "1") {
    return { afterMs: CFUN_MS, then: () => restart(at, false) };
  }
  if (value !== "0" && value !== "1" && value !== "4") return WRONG_PARAMETERS;
  return {
    afterMs: CFUN_MS,
    then: () => {
      modem.radio.setFunctionality(Number(value));
      return ok();
    },
  };
}

function restart({ modem }: CommandContext, isOff: boolean): AtOutcome {
  modem.owner.restart(isOff);
  return ok();
}

function setClock({ modem, args }: CommandContext): AtOutcome {
  const unixMs = parseModemTime(args[0] ?? "");
  if (unixMs === undefined) return WRONG_PARAMETERS;
  modem.unixMs = unixMs;
  return ok();
}

/** What the modem tells of itself, and its power. */
export const IDENTITY_COMMANDS: CommandGroup = {
  "I": { run: ({ modem, number }) => number > 9 ? AT_ERROR : ok(...modem.model.information) },
  "+CGMI": MANUFACTURER,
  "+GMI": MANUFACTURER,
  "+CGMM": MODEL,
  "+GMM": MODEL,
  "+CGMR": REVISION,
  "+GMR": REVISION,
  "+CGSN": {
    ...SERIAL,
    set: (at) => argument(at, 0, 0, 3) === 1 ? ok(`+CGSN: "${SIMULATED_IMEI}"`) : ok(SIMULATED_IMEI),
  },
  "+GSN": SERIAL,
  "+CIMI": tells(({ modem }) => modem.sim.imsi, true),
  "+CNUM": tells(() => '+CNUM: "","+15550100",145', true),
  "+CPIN": { read: readPin, set: enterPin, test: () => ok() },
  "+CPINR": { run: pinAttempts, set: pinAttempts, test: () => ok() },
  "+CLCK": { set: lock, test: () => ok('+CLCK: ("SC")') },
  "+CFUN": {
    test: () => ok("+CFUN: (0,1,4),(0,1)"),
    read: ({ modem }) => ok(`+CFUN: ${modem.radio.functionality}`),
    set: setFunctionality,
  },
  "+CPAS": tells(({ session }) => `+CPAS: ${session.call === undefined ? 0 : 4}`),
  "+CBC": tells(({ modem }) => modem.model.battery),
  "+CCLK": {
    read: ({ modem }) => ok(`+CCLK: "${formatModemTime(modem.unixMs)}"`),
    set: setClock,
    test: () => ok(),
  },
  "+CTZU": keeps("0", "(0,1)"),
  "+CTZR": keeps("0", "(0-2)"),
  "+CPSMS": keeps('0,,,"00000110","00000000"', "(0,1),,,(00000000-11111111),(00000000-11111111)"),
  "+CEDRXS": keeps('4,"0000"', "(0-3),(4),(0000-1111)"),
};

/** Commands that differ from make to make: the number of the SIM card, restart, power off, and the maker's own.
 *
 * @returns The outcome; `undefined` when the make has no such command.
 */
export function executeMakersCommand(at: CommandContext): AtOutcome | undefined {
  const { modem, name, operation } = at;
  const { model } = modem;
  const [iccidCommand, prefix] = model.iccid;
  if (name === iccidCommand && (operation === "run" || operation === "read")) {
    const refusal = modem.sim.state === "absent" ? CME.NO_SIM : undefined;
    return refusal === undefined ? ok(prefix + modem.sim.iccid) : cme(refusal);
  }
  const more = Object.hasOwn(model.more, name) ? model.more[name] : undefined;
  if (more !== undefined) {
    if (operation === "set") modem.settings.kept.set(name, at.text);
    const value = modem.settings.kept.get(name) ?? more;
    return operation === "read" || operation === "run" ? ok(`${name}: ${value}`) : ok();
  }
  if (operation !== "run" && operation !== "set") return undefined;
  if (model.resetCommands.includes(name)) return { afterMs: CFUN_MS, then: () => restart(at, false) };
  const [offCommand] = model.powerOff;
  if (name !== offCommand || name === "") return undefined;
  return { afterMs: CFUN_MS, then: () => restart(at, true) };
}
