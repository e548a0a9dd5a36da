/** Basic commands of the simulated modem (V.250 §6): echo, results, registers, profiles, the line.
 *
 * @module
 */
import { AT_ERROR, ok } from "./at_outcome.ts";
import {
  argument,
  type CommandContext,
  type CommandGroup,
  keeps,
  WRONG_PARAMETERS,
} from "./command_entry.ts";
import { defaultSettings } from "./modem_core.ts";

const NOTHING = { run: () => ok() };
const SPEEDS: readonly number[] = [
  0,
  1200,
  2400,
  4800,
  9600,
  19200,
  38400,
  57600,
  115200,
  230400,
  460800,
  921600,
];

/** A command of one digit that sets something. */
function digit(max: number, set: (at: CommandContext) => void) {
  return {
    run: (at: CommandContext) => {
      if (at.number > max) return AT_ERROR;
      set(at);
      return ok();
    },
  };
}

function reset({ modem, session }: CommandContext) {
  session.restoreDefaults();
  modem.settings = defaultSettings();
  return ok();
}

/** `&W`: what `Z` brings back (V.250 §6.1.1). */
function store({ modem, session }: CommandContext) {
  modem.profile = new Map([
    ["E", Number(session.isEcho)],
    ["V", Number(session.isVerbose)],
    ["Q", Number(session.isQuiet)],
    ["X", session.resultLevel],
    ["&C", session.carrierMode],
    ["&D", session.dtrMode],
    ...[...session.registers].map(([number, value]) => [`S${number}`, value] as const),
  ]);
  return ok();
}

function restore(at: CommandContext) {
  const { modem, session } = at;
  session.endCall(undefined);
  reset(at);
  const { profile } = modem;
  if (profile.size === 0) return ok();
  session.isEcho = profile.get("E") === 1;
  session.isVerbose = profile.get("V") === 1;
  session.isQuiet = profile.get("Q") === 1;
  session.resultLevel = profile.get("X") ?? 4;
  session.carrierMode = profile.get("&C") ?? 1;
  session.dtrMode = profile.get("&D") ?? 2;
  for (const number of session.registers.keys()) {
    session.registers.set(number, profile.get(`S${number}`) ?? 0);
  }
  session.showCarrier();
  return ok();
}

function register(at: CommandContext) {
  const { session, number, operation } = at;
  const value = session.registers.get(number);
  if (value === undefined) return AT_ERROR;
  if (operation === "read") return ok(String(value).padStart(3, "0"));
  if (operation !== "set") return ok();
  const wanted = argument(at, 0, 0, 255);
  if (wanted === undefined) return AT_ERROR;
  session.registers.set(number, wanted);
  return ok();
}

/** Commands of V.250. */
export const BASIC_COMMANDS: CommandGroup = {
  "E": digit(1, ({ session, number }) => session.isEcho = number === 1),
  "V": digit(1, ({ session, number }) => session.isVerbose = number === 1),
  "Q": digit(1, ({ session, number }) => session.isQuiet = number === 1),
  "X": digit(4, ({ session, number }) => session.resultLevel = number),
  "&C": digit(1, ({ session, number }) => {
    session.carrierMode = number;
    session.showCarrier();
  }),
  "&D": digit(3, ({ session, number }) => session.dtrMode = number),
  "S": { run: register, set: register, read: register },
  "&F": { run: reset },
  "Z": { run: restore },
  "&W": { run: store },
  "&K": NOTHING,
  "&S": NOTHING,
  "&V": {
    run: ({ session }) =>
      ok(
        `E${Number(session.isEcho)} V${Number(session.isVerbose)} Q${Number(session.isQuiet)} ` +
          `X${session.resultLevel} &C${session.carrierMode} &D${session.dtrMode}`,
        [...session.registers].map(([r, v]) => `S${r}:${String(v).padStart(3, "0")}`).join(" "),
      ),
  },
  "L": NOTHING,
  "M": NOTHING,
  "N": NOTHING,
  "P": NOTHING,
  "T": NOTHING,
  "\\N": NOTHING,
  "\\Q": NOTHING,
  "%C": NOTHING,
  "+IPR": {
    test: () => ok(`+IPR: (),(${SPEEDS.join(",")})`),
    read: ({ modem }) => ok(`+IPR: ${modem.settings.baudRate}`),
    set: (at) => {
      const baud = argument(at, 0, 0, 921600);
      if (baud === undefined || !SPEEDS.includes(baud)) return WRONG_PARAMETERS;
      at.modem.settings.baudRate = baud;
      if (baud > 0) at.modem.owner.setBaudRate(baud);
      return ok();
    },
  },
  "+IFC": {
    test: () => ok("+IFC: (0-2),(0-2)"),
    read: ({ modem }) => ok(`+IFC: ${modem.settings.flow}`),
    set: (at) => {
      const out = argument(at, 0, 0, 2);
      const into = at.args.length > 1 ? argument(at, 1, 0, 2) : out;
      if (out === undefined || into === undefined) return WRONG_PARAMETERS;
      at.modem.settings.flow = `${out},${into}`;
      return ok();
    },
  },
  "+ICF": {
    test: () => ok("+ICF: (1-6),(0-3)"),
    read: ({ modem }) => ok(`+ICF: ${modem.settings.framing}`),
    set: (at) => {
      const format = argument(at, 0, 1, 6);
      const parity = at.args.length > 1 ? argument(at, 1, 0, 3) : 3;
      if (format === undefined || parity === undefined) return WRONG_PARAMETERS;
      at.modem.settings.framing = `${format},${parity}`;
      return ok();
    },
  },
  // What diallers set and nobody here needs.
  "B": NOTHING,
  "W": NOTHING,
  "\\V": NOTHING,
  "%E": NOTHING,
  "+FCLASS": keeps("0", "(0)"),
  "+DS": keeps("0,0,512,6", "(0),(0),(512),(6)"),
  "+CRC": keeps("0", "(0,1)"),
  "+CLIP": keeps("0,1", "(0,1)"),
  "+CSSN": keeps("0,0", "(0,1),(0,1)"),
  "+CMER": keeps("0,0,0,0", "(0-3),(0),(0),(0-2)"),
  "+GCAP": { run: () => ok("+GCAP: +CGSM,+FCLASS,+DS") },
  "+CMEE": {
    test: () => ok("+CMEE: (0-2)"),
    read: ({ modem }) => ok(`+CMEE: ${modem.settings.errorLevel}`),
    set: (at) => {
      const level = argument(at, 0, 0, 2);
      if (level === undefined) return WRONG_PARAMETERS;
      at.modem.settings.errorLevel = level;
      return ok();
    },
  },
};
