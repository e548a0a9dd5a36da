/** Options of the simulated modem, and their defaults.
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif";
import type { PppCredentials } from "../authentication.ts";
import type { PppAuthMethod } from "../lcp_options.ts";
import type { LinkCause } from "../modem/link_cause.ts";
import type { SerialPort } from "../serial_port.ts";
import type { ModemModelName } from "./modem_model.ts";
import type { CallAnswer, SimulatedOperator, SimulatedOperatorOptions } from "./simulated_operator.ts";

/** Options of {@linkcode SimulatedModem}. */
export interface SimulatedModemOptions {
  /** What is wrong; nothing by default. */
  readonly fault?: LinkCause;
  /** Speed of the cable at both ends, in bits per second; default 115200. The computer's end changes it by `setBaudRate`. */
  readonly baudRate?: number;
  /** Whether the modem finds the computer's speed; by default as its make does. */
  readonly isAutoBaud?: boolean;
  /** PIN of the SIM; by default it wants none, and with the fault "sim-pin" 1234. */
  readonly pin?: string;
  /** The only access point name that the network knows; by default any will do. */
  readonly apn?: string;
  /** Who may come in; by default everybody. */
  readonly credentials?: PppCredentials;
  /** Ways to prove it, best first. */
  readonly authMethods?: readonly PppAuthMethod[];
  /** Make; default "generic". */
  readonly model?: ModemModelName;
  /** The network, or more options of it. */
  readonly operator?: SimulatedOperator | SimulatedOperatorOptions;
  /** Time from power-up until a network is found, in milliseconds; default 1500. The SIM is read in the first fifth of it. */
  readonly searchMs?: number;
  /** From dialling to `CONNECT`, in milliseconds; default 300. */
  readonly connectMs?: number;
  /** Whether the modem says things unasked, also between a reply and its result; default false. */
  readonly isNoisy?: boolean;
  /** Wall clock at the start, for `+CCLK`, in milliseconds since 1970; default 2026-01-01. */
  readonly startUnixMs?: number;
  /** Source of time of the computer, where it is not the modem's: octets reach the computer from these timers. */
  readonly computerTimers?: TimerQueue;
  /** Gets the network's side of each call, to put it behind an IP stack. */
  readonly answer?: CallAnswer;
  /** In what the computer's last program has left the modem: taking commands, in the data of a call, or in a multiplexer; by default
   * as the fault says, which is commands for most. */
  readonly leftIn?: "command" | "data" | "multiplexer";
  /** Whether the line eats XON and XOFF: the ACCM must have them escaped (RFC 1662 §7.1); default false. */
  readonly eatsFlowCharacters?: boolean;
  /** Takes this port as the modem's end, in place of a simulated cable: a pty, whose other end a real dialler opens. */
  readonly line?: SerialPort;
}

/** Time until a network is found, by default. */
export const DEFAULT_SEARCH_MS = 1500;
/** From dialling to `CONNECT`, by default. */
export const DEFAULT_CONNECT_MS = 300;
/** Time between two things said unasked, where noise is wanted, in milliseconds. */
export const NOISE_MS = 4000;
/** Wall clock at the start, by default: 2026-01-01. */
export const DEFAULT_START_UNIX_MS = 1_767_225_600_000;
/** Speed of the modem under the fault "wrong-baud", unless the line has it; then the other. */
export const WRONG_BAUDS: readonly [number, number] = [9600, 115200];

/** What the options of a modem say of its network. */
export function operatorOptions(
  options: SimulatedModemOptions,
  more: SimulatedOperatorOptions | undefined,
): SimulatedOperatorOptions {
  const { apn, credentials, authMethods } = options;
  return {
    ...(apn === undefined ? {} : { apns: [{ name: apn }] }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(authMethods === undefined ? {} : { authMethods }),
    ...more,
  };
}
