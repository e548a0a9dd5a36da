/** Commands about radio preferences, saving power, positioning and the battery. Those beginning with `+CN`, `+CM`, `+CB` and
 * `+CGNS` are SIMCom's; others keep to 3GPP TS 27.007.
 *
 * @module
 */
import type { AtCommand } from "./at_command.ts";
import type { AtQuery } from "./at_commands.ts";
import { decimal, findValues, quote } from "./at_values.ts";

const SYSTEM_MODES: readonly string[] = [
  "no service",
  "GSM",
  "GPRS",
  "EDGE",
  "WCDMA",
  "HSDPA",
  "HSUPA",
  "HSPA",
  "LTE",
];

/** `AT+CNSMOD?`: the kind of network, in words. */
export const QUERY_SYSTEM_MODE: AtQuery<string> = {
  command: { text: "AT+CNSMOD?" },
  read: (lines) => {
    const mode = decimal(findValues(lines, "+CNSMOD")?.[1]);
    return mode === undefined ? undefined : SYSTEM_MODES[mode] ?? `mode ${mode}`;
  },
};

/** Kinds of networks to look for (`AT+CNMP`). */
export type NetworkPreference = "any" | "gsm" | "lte" | "gsm or lte";

const PREFERENCES: Readonly<Record<NetworkPreference, number>> = {
  "any": 2,
  "gsm": 13,
  "lte": 38,
  "gsm or lte": 51,
};

/** Chooses the kinds of networks to look for: `AT+CNMP=38`. */
export function setNetworkPreference(preference: NetworkPreference): AtCommand {
  return { text: `AT+CNMP=${PREFERENCES[preference]}`, timeoutMs: 5000 };
}

/** Chooses among the LTE of things: `AT+CMNB=1`. */
export function setIotPreference(preference: "LTE-M" | "NB-IoT" | "both"): AtCommand {
  return { text: `AT+CMNB=${preference === "LTE-M" ? 1 : preference === "NB-IoT" ? 2 : 3}`, timeoutMs: 5000 };
}

/** Chooses the bands of the LTE of things: `AT+CBANDCFG="CAT-M",8,20`.
 *
 * @throws {RangeError} If a band is none, or there is none.
 */
export function setIotBands(technology: "CAT-M" | "NB-IOT", bands: readonly number[]): AtCommand {
  const isGood = bands.length > 0 &&
    bands.every((band) => Number.isInteger(band) && band >= 1 && band <= 255);
  if (!isGood) throw new RangeError(`Cannot choose the bands ${bands.join(", ") || "none"}`);
  return { text: `AT+CBANDCFG=${quote(technology)},${bands.join(",")}`, timeoutMs: 5000 };
}

/** Chooses the bands of GSM and LTE as masks: `AT+CNBP=0x…,0x…`.
 *
 * @param gsm Mask of GSM and WCDMA bands.
 * @param lte Mask of LTE bands.
 */
export function setBandMasks(gsm: bigint, lte: bigint): AtCommand {
  const hex = (mask: bigint) => `0x${mask.toString(16).toUpperCase().padStart(16, "0")}`;
  return { text: `AT+CNBP=${hex(gsm)},${hex(lte)}`, timeoutMs: 5000 };
}

/** A timer in the eight bits of TS 24.008 §10.5.7: three of the unit, five of the count.
 *
 * @param units Seconds of each unit, by its number.
 * @throws {RangeError} If no unit has a count of at most 31 for it.
 */
function encodeTimer(seconds: number, units: readonly (readonly [number, number])[]): string {
  const fits = units.filter(([, unit]) => seconds % unit === 0 && seconds / unit <= 31);
  const [code, unit] = fits[0] ?? units.find(([, unit]) => seconds / unit <= 31) ?? [0, 0];
  if (unit === 0 || !(seconds >= 0)) throw new RangeError(`Cannot set a timer of ${seconds} seconds`);
  return code.toString(2).padStart(3, "0") + Math.round(seconds / unit).toString(2).padStart(5, "0");
}

const PERIODIC: readonly (readonly [number, number])[] = [
  [3, 2],
  [4, 30],
  [5, 60],
  [0, 600],
  [1, 3600],
  [2, 36_000],
  [6, 1_152_000],
];
const ACTIVE: readonly (readonly [number, number])[] = [[0, 2], [1, 60], [2, 360]];

/** Sleeps between periodic updates: `AT+CPSMS=1,,,"00100001","00000101"` (3GPP TS 27.007 §7.38).
 *
 * @param periodicSeconds Time between updates (T3412).
 * @param activeSeconds Time of being reachable after each (T3324).
 * @throws {RangeError} If a time cannot be told.
 */
export function setPowerSaving(periodicSeconds: number, activeSeconds: number): AtCommand {
  const periodic = encodeTimer(periodicSeconds, PERIODIC);
  const active = encodeTimer(activeSeconds, ACTIVE);
  return { text: `AT+CPSMS=1,,,${quote(periodic)},${quote(active)}`, timeoutMs: 5000 };
}

/** Does not sleep. */
export const NO_POWER_SAVING: AtCommand = { text: "AT+CPSMS=0", timeoutMs: 5000 };

/** Listens at long intervals: `AT+CEDRXS=1,4,"0101"` (3GPP TS 27.007 §7.40).
 *
 * @param technology 2 GSM, 3 UTRAN, 4 LTE and LTE-M, 5 NB-IoT.
 * @param cycle Code of the interval, 0 to 15 (TS 24.008 §10.5.5.32); `undefined`: not any more.
 * @throws {RangeError} If the code is none.
 */
export function setDiscontinuousReception(technology: 2 | 3 | 4 | 5, cycle: number | undefined): AtCommand {
  if (cycle === undefined) return { text: `AT+CEDRXS=0,${technology}`, timeoutMs: 5000 };
  if (!(Number.isInteger(cycle) && cycle >= 0 && cycle <= 15)) {
    throw new RangeError(`Cannot listen in cycle ${cycle}: there are 0 to 15`);
  }
  return { text: `AT+CEDRXS=1,${technology},${quote(cycle.toString(2).padStart(4, "0"))}`, timeoutMs: 5000 };
}

/** `AT+CGNSPWR?`: whether the receiver for satellites is on. */
export const QUERY_GNSS_POWER: AtQuery<boolean> = {
  command: { text: "AT+CGNSPWR?" },
  read: (lines) => {
    const state = decimal(findValues(lines, "+CGNSPWR")?.[0]);
    return state === undefined ? undefined : state === 1;
  },
};

/** Switches the receiver for satellites: `AT+CGNSPWR=1`. */
export function setGnssPower(isOn: boolean): AtCommand {
  return { text: `AT+CGNSPWR=${isOn ? 1 : 0}`, timeoutMs: 5000 };
}

/** The battery. */
export interface Battery {
  /** What it does. */
  readonly state: "in use" | "charging" | "charged" | "unknown";
  /** Charge, 0 to 100, where told. */
  readonly percent: number | undefined;
  /** Voltage in millivolts, where told. */
  readonly millivolts: number | undefined;
}

const BATTERY_STATES: readonly Battery["state"][] = ["in use", "charging", "charged"];

/** Reads the reply to `AT+CBC`: state and charge (3GPP TS 27.007 §8.4), the voltage too on many modems, or `3.823V` alone. */
export function parseBattery(lines: readonly string[]): Battery | undefined {
  const values = findValues(lines, "+CBC");
  const first = values?.[0];
  if (values === undefined || first === undefined) return undefined;
  const volts = /^(\d+\.\d+)V?$/.exec(first);
  if (volts !== null) {
    return { state: "unknown", percent: undefined, millivolts: Math.round(1000 * Number(volts[1])) };
  }
  const state = decimal(first);
  const percent = decimal(values[1]);
  if (state === undefined || percent === undefined || percent > 100) return undefined;
  return { state: BATTERY_STATES[state] ?? "unknown", percent, millivolts: decimal(values[2]) };
}

/** `AT+CBC`. */
export const QUERY_BATTERY: AtQuery<Battery> = { command: { text: "AT+CBC" }, read: parseBattery };
