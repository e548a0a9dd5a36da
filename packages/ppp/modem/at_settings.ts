/** Commands that set the line and the modem up: echo, speed, flow control, reports, radio, operator.
 *
 * @module
 */
import type { AtCommand } from "./at_command.ts";
import type { AtQuery } from "./at_commands.ts";
import type { RegistrationDomain } from "./at_network.ts";
import { decimal, findValues, quote } from "./at_values.ts";

/** Whether the modem sends back what it is told (V.250 §6.2.4). */
export function setEcho(isOn: boolean): AtCommand {
  return { text: isOn ? "ATE1" : "ATE0" };
}

/** Keeps the present settings for the next start: `AT&W`. */
export const STORE_PROFILE: AtCommand = { text: "AT&W", timeoutMs: 5000 };

/** Sets the modem's speed: `AT+IPR=921600` (V.250 §6.2.10). It answers at the old one; change the port's when it has.
 *
 * @param baud Bits per second; 0 lets the modem find ours.
 * @throws {RangeError} If it is negative, or no whole number.
 */
export function setModemBaudRate(baud: number): AtCommand {
  if (!(Number.isInteger(baud) && baud >= 0)) throw new RangeError(`Cannot set a speed of ${baud}`);
  return { text: `AT+IPR=${baud}` };
}

/** Ways of flow control (V.250 §6.2.12). */
export type AtFlowControl = "none" | "xonxoff" | "rtscts";

const FLOW: Readonly<Record<AtFlowControl, number>> = { none: 0, xonxoff: 1, rtscts: 2 };

/** Sets flow control: `AT+IFC=2,2`.
 *
 * @param fromModem How we stop the modem.
 * @param toModem How the modem stops us; the same by default.
 */
export function setFlowControl(fromModem: AtFlowControl, toModem: AtFlowControl = fromModem): AtCommand {
  return { text: `AT+IFC=${FLOW[fromModem]},${FLOW[toModem]}` };
}

/** How errors are told (3GPP TS 27.007 §9.1): as `ERROR`, as numbers, as words. */
export function setErrorReports(level: "none" | "numbers" | "words"): AtCommand {
  return { text: `AT+CMEE=${level === "none" ? 0 : level === "numbers" ? 1 : 2}` };
}

/** Which changes of the registration are told unasked (3GPP TS 27.007 §7.2, §10.1.22): none, the state, the place too. */
export function setRegistrationReports(
  domain: RegistrationDomain,
  level: "none" | "state" | "place",
): AtCommand {
  return { text: `AT+${domain}=${level === "none" ? 0 : level === "state" ? 1 : 2}` };
}

/** State of the radio (3GPP TS 27.007 §8.2): as much as nothing works, all works, the radio alone is off. */
export type RadioState = "minimal" | "full" | "flight";

const RADIO: readonly (readonly [number, RadioState])[] = [[0, "minimal"], [1, "full"], [4, "flight"]];

/** `AT+CFUN?`. */
export const QUERY_RADIO: AtQuery<RadioState> = {
  command: { text: "AT+CFUN?", timeoutMs: 15_000 },
  read: (lines) => {
    const level = decimal(findValues(lines, "+CFUN")?.[0]);
    return RADIO.find(([number]) => number === level)?.[1];
  },
};

/** Switches the radio: `AT+CFUN=1`. */
export function setRadio(state: RadioState): AtCommand {
  const level = RADIO.find(([, name]) => name === state)![0];
  return { text: `AT+CFUN=${level}`, timeoutMs: 15_000 };
}

/** Chooses the operator by itself: `AT+COPS=0` (3GPP TS 27.007 §7.3). */
export const CHOOSE_OPERATOR: AtCommand = { text: "AT+COPS=0", timeoutMs: 90_000 };

/** Chooses an operator: `AT+COPS=1,2,"26201"`.
 *
 * @param name Its name, or its number of five or six digits, country and network.
 * @param technology Access technology, as its number in `+COPS?`; any by default.
 * @throws {TypeError} If the name holds quotes or line ends.
 */
export function chooseOperator(name: string, technology?: number): AtCommand {
  const format = /^\d{5,6}$/.test(name) ? 2 : 0;
  const more = technology === undefined ? "" : `,${technology}`;
  return { text: `AT+COPS=1,${format},${quote(name)}${more}`, timeoutMs: 90_000 };
}

/** Attaches to packet service, or leaves it: `AT+CGATT=1` (3GPP TS 27.007 §10.1.9). */
export function setAttach(isAttached: boolean): AtCommand {
  return { text: `AT+CGATT=${isAttached ? 1 : 0}`, timeoutMs: 75_000 };
}

/** Activates a context, or deactivates it: `AT+CGACT=1,1` (3GPP TS 27.007 §10.1.10). */
export function setContextActive(contextId: number, isActive: boolean): AtCommand {
  return { text: `AT+CGACT=${isActive ? 1 : 0},${contextId}`, timeoutMs: 75_000 };
}

/** Name and password of a context, for networks that ask for them without PPP (3GPP TS 27.007 §10.1.31); not shown by traces.
 *
 * @throws {TypeError} If a text holds quotes or line ends.
 */
export function setContextAuthentication(
  contextId: number,
  method: "none" | "pap" | "chap",
  name: string = "",
  password: string = "",
): AtCommand {
  const number = method === "none" ? 0 : method === "pap" ? 1 : 2;
  const secrets = number === 0 ? "" : `,${quote(name)},${quote(password)}`;
  return { text: `AT+CGAUTH=${contextId},${number}${secrets}`, isSecret: true };
}
