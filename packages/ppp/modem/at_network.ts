/** Readers of replies about the radio and the network: signal, registration, operator.
 *
 * @module
 */
import { decimal, findValues, hexadecimal, lineValues } from "./at_values.ts";

/** Reply to `AT+CSQ` (3GPP TS 27.007 §8.5). */
export interface SignalQuality {
  /** 0–31 as the modem tells it, `undefined` for "not known" (99). */
  readonly rssi: number | undefined;
  /** Strength in dBm, −113 to −51; the ends mean "or less" and "or more". */
  readonly dbm: number | undefined;
  /** 0 to 5 bars, as a telephone shows them. */
  readonly bars: number;
  /** Class of the bit error rate, 0–7, where known. */
  readonly bitErrorClass: number | undefined;
}

/** Reads the reply to `AT+CSQ`. */
export function parseSignalQuality(lines: readonly string[]): SignalQuality | undefined {
  const values = findValues(lines, "+CSQ");
  const raw = decimal(values?.[0]);
  if (values === undefined || raw === undefined) return undefined;
  const ber = decimal(values[1]);
  const bitErrorClass = ber !== undefined && ber <= 7 ? ber : undefined;
  // 100–191 is the scale of TD-SCDMA and LTE modems: −116 dBm and up by one.
  if (raw >= 100 && raw <= 191) {
    return { rssi: undefined, dbm: raw - 216, bars: signalBars(raw - 216), bitErrorClass };
  }
  if (raw > 31) return { rssi: undefined, dbm: undefined, bars: 0, bitErrorClass };
  const dbm = 2 * raw - 113;
  return { rssi: raw, dbm, bars: signalBars(dbm), bitErrorClass };
}

/** Bars for a strength in dBm. */
export function signalBars(dbm: number): number {
  const floors = [-109, -101, -93, -85, -77];
  return floors.filter((floor) => dbm >= floor).length;
}

/** Which network a registration is about: circuit-switched, GPRS, EPS, 5GS. */
export type RegistrationDomain = "CREG" | "CGREG" | "CEREG" | "C5GREG";

/** What a registration state amounts to. */
export type RegistrationVerdict = "registered" | "searching" | "denied" | "limited" | "off" | "unknown";

/** A registration state (3GPP TS 27.007 §7.2, §10.1.20, §10.1.22). */
export interface Registration {
  /** Which network. */
  readonly domain: RegistrationDomain;
  /** The number. */
  readonly state: number;
  /** What it amounts to. */
  readonly verdict: RegistrationVerdict;
  /** What it means, as a sentence for people. */
  readonly meaning: string;
  /** Whether the network is a foreign one. */
  readonly isRoaming: boolean;
  /** Location or tracking area, where told. */
  readonly area: number | undefined;
  /** Cell, where told. */
  readonly cell: number | undefined;
  /** Access technology, where told. */
  readonly technology: string | undefined;
}

const STATES: readonly (readonly [RegistrationVerdict, string])[] = [
  ["off", "not registered, and not searching: radio off, no SIM, or automatic search is off"],
  ["registered", "registered, home network"],
  ["searching", "not registered, searching for an operator"],
  ["denied", "registration denied by the network: SIM not active, no contract for this network, or barred"],
  ["unknown", "unknown: no coverage by this kind of network"],
  ["registered", "registered, roaming"],
  ["limited", "registered for SMS only, home network"],
  ["limited", "registered for SMS only, roaming"],
  ["limited", "emergency calls only"],
  ["registered", "registered, home network, CSFB not preferred"],
  ["registered", "registered, roaming, CSFB not preferred"],
  ["limited", "emergency calls only"],
];
const ROAMING: ReadonlySet<number> = new Set([5, 7, 10]);

/** Reads a registration, as a reply or as an unsolicited line.
 *
 * @param line `+CEREG: 2,1,"1A2B","01C0FFEE",7` or `+CEREG: 1,"1A2B","01C0FFEE",7`.
 */
export function parseRegistration(line: string): Registration | undefined {
  const match = /^\s*\+(CREG|CGREG|CEREG|C5GREG)\s*:/i.exec(line);
  if (match === null) return undefined;
  const domain = match[1]!.toUpperCase() as RegistrationDomain;
  const values = lineValues(line, `+${domain}`)!;
  // In a reply the state is the second number; in an unsolicited line a quoted area follows the state.
  const isReply = /^[^:]*:\s*\d+\s*,\s*\d{1,2}\s*(?:,|$)/.test(line);
  const rest = isReply ? values.slice(1) : values;
  const state = decimal(rest[0]);
  if (state === undefined) return undefined;
  const [verdict, meaning] = STATES[state] ?? ["unknown", `unknown state ${state}`];
  const technology = decimal(rest[3]);
  return {
    domain,
    state,
    verdict,
    meaning,
    isRoaming: ROAMING.has(state),
    area: hexadecimal(rest[1]),
    cell: hexadecimal(rest[2]),
    technology: technology === undefined ? undefined : accessTechnology(technology),
  };
}

const TECHNOLOGIES: readonly string[] = [
  "GSM",
  "GSM compact",
  "UMTS",
  "EDGE",
  "HSDPA",
  "HSUPA",
  "HSPA",
  "LTE",
  "EC-GSM-IoT",
  "NB-IoT",
  "LTE (5G core)",
  "5G",
  "5G (NG-RAN)",
  "LTE and 5G",
];

/** Name of an access technology (`<AcT>` of 3GPP TS 27.007 §7.3). */
export function accessTechnology(value: number): string {
  return TECHNOLOGIES[value] ?? `technology ${value}`;
}

/** Reply to `AT+COPS?` (3GPP TS 27.007 §7.3). */
export interface OperatorSelection {
  /** How it is chosen. */
  readonly mode: "automatic" | "manual" | "deregistered" | "format only" | "manual, then automatic";
  /** Name or number, `undefined` when registered nowhere. */
  readonly operator: string | undefined;
  /** Whether `operator` is a number, country and network code: `26201`. */
  readonly isNumeric: boolean;
  /** Access technology, where told. */
  readonly technology: string | undefined;
}

const COPS_MODES: readonly OperatorSelection["mode"][] = [
  "automatic",
  "manual",
  "deregistered",
  "format only",
  "manual, then automatic",
];

/** Reads the reply to `AT+COPS?`. */
export function parseOperator(lines: readonly string[]): OperatorSelection | undefined {
  const values = findValues(lines, "+COPS");
  const mode = COPS_MODES[decimal(values?.[0]) ?? -1];
  if (values === undefined || mode === undefined) return undefined;
  const technology = decimal(values[3]);
  return {
    mode,
    operator: values[2] || undefined,
    isNumeric: values[1] === "2",
    technology: technology === undefined ? undefined : accessTechnology(technology),
  };
}
