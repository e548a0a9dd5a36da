/** What differs between makes of modems.
 *
 * @module
 */
import type { AtCommand } from "./at_command.ts";
import type { RegistrationDomain } from "./at_network.ts";
import type { ModemInformation } from "./at_sim.ts";

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
};

/** SIMCom SIM7600 and its relatives. */
export const SIM7600_PROFILE: ModemProfile = {
  ...GENERIC_PROFILE,
  name: "SIM7600",
  reset: { text: "AT+CRESET", timeoutMs: 5000 },
  powerOff: { text: "AT+CPOF", timeoutMs: 5000 },
  readyLine: "PB DONE",
};

/** SIMCom SIM800 and SIM900: no LTE. */
export const SIM800_PROFILE: ModemProfile = {
  ...GENERIC_PROFILE,
  name: "SIM800",
  domains: ["CGREG", "CREG"],
  powerOff: { text: "AT+CPOWD=1", timeoutMs: 5000 },
  readyLine: "SMS Ready",
};

/** Quectel BG9x, EC2x, EG9x and their relatives. */
export const QUECTEL_PROFILE: ModemProfile = {
  ...GENERIC_PROFILE,
  name: "Quectel",
  powerOff: { text: "AT+QPOWD=1", timeoutMs: 5000 },
  readyLine: "APP RDY",
};

/** u-blox SARA and LARA. */
export const UBLOX_PROFILE: ModemProfile = {
  ...GENERIC_PROFILE,
  name: "u-blox",
  reset: { text: "AT+CFUN=16", timeoutMs: 15_000 },
  powerOff: { text: "AT+CPWROFF", timeoutMs: 40_000 },
};

const MATCHES: readonly (readonly [RegExp, ModemProfile])[] = [
  [/SIM7[56]\d\d|A76\d\d/i, SIM7600_PROFILE],
  [/SIM[89]\d\d/i, SIM800_PROFILE],
  [/quectel|^(?:BG|EC|EG|EP|RM|UC)\d\d/i, QUECTEL_PROFILE],
  [/u-blox|^(?:SARA|LARA|TOBY)-/i, UBLOX_PROFILE],
];

/** Picks the profile for what a modem says of itself; the generic one for a stranger. */
export function findProfile(information: ModemInformation): ModemProfile {
  const texts = [information.model, information.manufacturer];
  for (const [pattern, profile] of MATCHES) {
    if (texts.some((text) => text !== undefined && pattern.test(text))) return profile;
  }
  return GENERIC_PROFILE;
}
