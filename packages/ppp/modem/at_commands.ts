/** Commands with the times that they need, and readers of their replies.
 *
 * @module
 */
import type { AtCommand, AtReply } from "./at_command.ts";
import {
  type OperatorSelection,
  parseOperator,
  parseRegistration,
  parseSignalQuality,
  type Registration,
  type SignalQuality,
} from "./at_network.ts";
import {
  parseActiveContexts,
  parseAttach,
  parseCause,
  parseContexts,
  parsePdpAddresses,
  type PdpAddress,
  type PdpContext,
} from "./at_packet_data.ts";
import {
  type ModemInformation,
  parseIdentity,
  parseImei,
  parseImsi,
  parseInformation,
  parseSimState,
  type SecretNumber,
  type SimState,
} from "./at_sim.ts";
import { quote } from "./at_values.ts";

/** A command whose reply has a type. */
export interface AtQuery<T> {
  /** The command. */
  readonly command: AtCommand;
  /** Reads the lines of a reply; `undefined` when they are not as they should be. */
  readonly read: (lines: readonly string[]) => T | undefined;
}

/** Reads the reply to a query; `undefined` unless it ended with `OK` and is as it should be. */
export function readReply<T>(query: AtQuery<T>, reply: AtReply): T | undefined {
  return reply.status === "ok" ? query.read(reply.lines) : undefined;
}

/** A SIM that is starting says "busy" (14) for a while. */
function isSimBusy(reply: AtReply): boolean {
  return reply.status === "timeout" || reply.result?.errorCode === 14;
}

/** `AT+CPIN?`; asked again while the SIM starts. */
export const QUERY_SIM: AtQuery<SimState> = {
  command: { text: "AT+CPIN?", timeoutMs: 5000, attempts: 10, retryDelayMs: 1000, isRetried: isSimBusy },
  read: parseSimState,
};
/** `AT+CSQ`. */
export const QUERY_SIGNAL: AtQuery<SignalQuality> = { command: { text: "AT+CSQ" }, read: parseSignalQuality };
/** `AT+COPS?`. */
export const QUERY_OPERATOR: AtQuery<OperatorSelection> = {
  command: { text: "AT+COPS?", timeoutMs: 75_000 },
  read: parseOperator,
};
/** `AT+CGATT?`. */
export const QUERY_ATTACH: AtQuery<boolean> = {
  command: { text: "AT+CGATT?", timeoutMs: 10_000 },
  read: parseAttach,
};
/** `AT+CGDCONT?`. */
export const QUERY_CONTEXTS: AtQuery<PdpContext[]> = {
  command: { text: "AT+CGDCONT?" },
  read: parseContexts,
};
/** `AT+CGACT?`. */
export const QUERY_ACTIVE_CONTEXTS: AtQuery<number[]> = {
  command: { text: "AT+CGACT?" },
  read: parseActiveContexts,
};
/** `AT+CGPADDR`. */
export const QUERY_ADDRESSES: AtQuery<PdpAddress[]> = {
  command: { text: "AT+CGPADDR" },
  read: parsePdpAddresses,
};
/** `AT+CEER`. */
export const QUERY_CAUSE: AtQuery<string> = { command: { text: "AT+CEER" }, read: parseCause };
/** `ATI`. Some modems put the IMEI into the reply, so traces do not show it. */
export const QUERY_INFORMATION: AtQuery<ModemInformation> = {
  command: { text: "ATI", isReplySecret: true },
  read: parseInformation,
};
/** `AT+CGMI`. */
export const QUERY_MANUFACTURER: AtQuery<string> = { command: { text: "AT+CGMI" }, read: parseIdentity };
/** `AT+CGMM`. */
export const QUERY_MODEL: AtQuery<string> = { command: { text: "AT+CGMM" }, read: parseIdentity };
/** `AT+CGMR`. */
export const QUERY_REVISION: AtQuery<string> = { command: { text: "AT+CGMR" }, read: parseIdentity };
/** `AT+CGSN`; not shown by traces. */
export const QUERY_IMEI: AtQuery<SecretNumber> = {
  command: { text: "AT+CGSN", isReplySecret: true },
  read: parseImei,
};
/** `AT+CIMI`; not shown by traces. */
export const QUERY_IMSI: AtQuery<SecretNumber> = {
  command: { text: "AT+CIMI", isReplySecret: true, attempts: 5, retryDelayMs: 1000, isRetried: isSimBusy },
  read: parseImsi,
};

/** Asks for a registration: `AT+CEREG?` and its siblings. */
export function queryRegistration(domain: Registration["domain"]): AtQuery<Registration> {
  return {
    command: { text: `AT+${domain}?` },
    read: (lines) => {
      const found = lines.map(parseRegistration).find((r) => r?.domain === domain);
      return found;
    },
  };
}

/** Gives the SIM its PIN; not shown by traces, and never sent twice, as the third wrong one locks the SIM.
 *
 * @throws {TypeError} If it is not 4 to 8 digits.
 */
export function enterPin(pin: string): AtCommand {
  if (!/^\d{4,8}$/.test(pin)) throw new TypeError("Cannot enter a PIN that is not 4 to 8 digits");
  return { text: `AT+CPIN="${pin}"`, timeoutMs: 15_000, attempts: 1, isSecret: true };
}

/** Unlocks a SIM with its PUK and sets a new PIN; not shown by traces, and never sent twice.
 *
 * @throws {TypeError} If they are not 8, and 4 to 8, digits.
 */
export function enterPuk(puk: string, newPin: string): AtCommand {
  if (!/^\d{8}$/.test(puk)) throw new TypeError("Cannot enter a PUK that is not 8 digits");
  if (!/^\d{4,8}$/.test(newPin)) throw new TypeError("Cannot set a PIN that is not 4 to 8 digits");
  return { text: `AT+CPIN="${puk}","${newPin}"`, timeoutMs: 15_000, attempts: 1, isSecret: true };
}

/** Defines a packet data context: `AT+CGDCONT=1,"IP","internet"`.
 *
 * @throws {TypeError} If a text holds quotes or line ends.
 * @throws {RangeError} If the number of the context is none.
 */
export function defineContext(context: Omit<PdpContext, "address">): AtCommand {
  const { contextId, type, apn } = context;
  if (!(Number.isInteger(contextId) && contextId >= 1 && contextId <= 255)) {
    throw new RangeError(`Cannot define context ${contextId}`);
  }
  return { text: `AT+CGDCONT=${contextId},${quote(type)},${quote(apn)}`, timeoutMs: 5000 };
}

/** Dials a packet data context: `ATD*99#`, or `ATD*99***2#` for another than the first.
 *
 * @param contextId Number of the context; 1 by default.
 */
export function dialContext(contextId: number = 1): AtCommand {
  return { text: contextId === 1 ? "ATD*99#" : `ATD*99***${contextId}#`, timeoutMs: 60_000 };
}
/** Hangs up. */
export const HANG_UP: AtCommand = { text: "ATH", timeoutMs: 90_000 };
/** Resumes a connection that an escape left. */
export const RESUME: AtCommand = { text: "ATO", timeoutMs: 10_000 };
