/** What differs between makes of modems.
 *
 * @module
 */
import type { AtCommand } from "./at_command.ts";
import { type AtQuery, defineContext, dialContext } from "./at_commands.ts";
import type { RegistrationDomain } from "./at_network.ts";
import type { PdpContext } from "./at_packet_data.ts";
import { type Battery, QUERY_BATTERY, setGnssPower } from "./at_radio.ts";
import type { ModemInformation } from "./at_sim.ts";
import { quote } from "./at_values.ts";

/** A make of modems. */
export interface ModemProfile {
  /** Name of it. */
  readonly name: string;
  /** Registrations worth asking for, the one for data first. */
  readonly domains: readonly RegistrationDomain[];
  /** Restarts the modem. */
  readonly reset: AtCommand;
  /** Switches the modem off. */
  readonly powerOff: AtCommand;
  /** The line with which it says that it has started, where it says so. */
  readonly readyLine: string | undefined;
  /** Begins the multiplexer. */
  readonly beginMultiplexer: AtCommand;
  /** Defines a packet data context.
   *
   * @throws {TypeError} If a text holds quotes or line ends.
   * @throws {RangeError} If the number of the context is none.
   */
  defineContext(context: Omit<PdpContext, "address">): AtCommand;
  /** Dials a packet data context. */
  dial(contextId: number): AtCommand;
  /** Asks for the battery; `undefined` where there is none to ask for. */
  readonly battery: AtQuery<Battery> | undefined;
  /** Switches the receiver for satellites; `undefined` where there is none. */
  readonly setGnss: ((isOn: boolean) => AtCommand) | undefined;
}

const LTE: readonly RegistrationDomain[] = ["CEREG", "CGREG", "CREG"];
const MULTIPLEXER: AtCommand = { text: "AT+CMUX=0", timeoutMs: 5000 };

/** A modem that keeps to 3GPP TS 27.007. */
export const GENERIC_PROFILE: ModemProfile = {
  name: "generic",
  domains: LTE,
  reset: { text: "AT+CFUN=1,1", timeoutMs: 15_000 },
  powerOff: { text: "AT+CFUN=0", timeoutMs: 15_000 },
  readyLine: undefined,
  beginMultiplexer: MULTIPLEXER,
  defineContext,
  dial: dialContext,
  battery: QUERY_BATTERY,
  setGnss: undefined,
};

/** SIMCom SIM7600 and its relatives. */
export const SIM7600_PROFILE: ModemProfile = {
  ...GENERIC_PROFILE,
  name: "SIM7600",
  reset: { text: "AT+CRESET", timeoutMs: 5000 },
  powerOff: { text: "AT+CPOF", timeoutMs: 5000 },
  readyLine: "PB DONE",
  setGnss: (isOn) => ({ text: `AT+CGPS=${isOn ? 1 : 0}`, timeoutMs: 5000 }),
};

/** SIMCom SIM7000, SIM7070, SIM7080: the LTE of things. */
export const SIM7000_PROFILE: ModemProfile = {
  ...GENERIC_PROFILE,
  name: "SIM7000",
  reset: { text: "AT+CREBOOT", timeoutMs: 5000 },
  powerOff: { text: "AT+CPOWD=1", timeoutMs: 5000 },
  readyLine: "SMS Ready",
  // With a second hash, as its manual has it.
  dial: (contextId) => contextId === 1 ? { text: "ATD*99##", timeoutMs: 60_000 } : dialContext(contextId),
  setGnss: setGnssPower,
};

/** SIMCom SIM800 and SIM900: no LTE. */
export const SIM800_PROFILE: ModemProfile = {
  ...GENERIC_PROFILE,
  name: "SIM800",
  domains: ["CGREG", "CREG"],
  powerOff: { text: "AT+CPOWD=1", timeoutMs: 5000 },
  readyLine: "SMS Ready",
};

/** Quectel EC2x, EG9x and their relatives. */
export const QUECTEL_PROFILE: ModemProfile = {
  ...GENERIC_PROFILE,
  name: "Quectel",
  powerOff: { text: "AT+QPOWD=1", timeoutMs: 5000 },
  readyLine: "APP RDY",
  setGnss: (isOn) => ({ text: isOn ? "AT+QGPS=1" : "AT+QGPSEND", timeoutMs: 5000 }),
};

const QUECTEL_TYPES: Readonly<Record<string, number>> = { IP: 1, IPV6: 2, IPV4V6: 3 };

/** Quectel BG96 and BG95: the LTE of things; contexts are defined by a command of its own. */
export const BG96_PROFILE: ModemProfile = {
  ...QUECTEL_PROFILE,
  name: "BG96",
  defineContext(context) {
    const { text } = defineContext(context); // throws for what makes no sense
    const type = QUECTEL_TYPES[context.type];
    if (type === undefined) return { text, timeoutMs: 5000 };
    return { text: `AT+QICSGP=${context.contextId},${type},${quote(context.apn)}`, timeoutMs: 5000 };
  },
};

/** u-blox SARA and LARA. */
export const UBLOX_PROFILE: ModemProfile = {
  ...GENERIC_PROFILE,
  name: "u-blox",
  reset: { text: "AT+CFUN=16", timeoutMs: 15_000 },
  powerOff: { text: "AT+CPWROFF", timeoutMs: 40_000 },
  battery: undefined,
};

/** Sequans Monarch 2 (GM02S): data is entered by name, not by a number. */
export const SEQUANS_PROFILE: ModemProfile = {
  ...GENERIC_PROFILE,
  name: "Sequans",
  reset: { text: "AT^RESET", timeoutMs: 15_000 },
  powerOff: { text: "AT+SQNSSHDN", timeoutMs: 15_000 },
  readyLine: "+SYSSTART",
  dial: (contextId) => ({ text: `AT+CGDATA="PPP",${contextId}`, timeoutMs: 60_000 }),
  battery: undefined,
};

const MATCHES: readonly (readonly [RegExp, ModemProfile])[] = [
  [/SIM70\d\d/i, SIM7000_PROFILE],
  [/SIM7[56]\d\d|A76\d\d/i, SIM7600_PROFILE],
  [/SIM[89]\d\d/i, SIM800_PROFILE],
  [/^BG9\d/i, BG96_PROFILE],
  [/quectel|^(?:BG|EC|EG|EP|RM|UC)\d\d/i, QUECTEL_PROFILE],
  [/u-blox|^(?:SARA|LARA|TOBY)-/i, UBLOX_PROFILE],
  [/sequans|GM02S/i, SEQUANS_PROFILE],
];

/** Picks the profile for what a modem says of itself; the generic one for a stranger. */
export function findProfile(information: Pick<ModemInformation, "manufacturer" | "model">): ModemProfile {
  // The model says more than the maker.
  for (const text of [information.model, information.manufacturer]) {
    for (const [pattern, profile] of MATCHES) if (text !== undefined && pattern.test(text)) return profile;
  }
  return GENERIC_PROFILE;
}
