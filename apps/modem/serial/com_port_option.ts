/** The Telnet Com Port Control Option (RFC 2217): its numbers, and how a client writes its commands.
 *
 * @module
 */
import type { SerialInputLines } from "@lightwire/ppp";
import { emitSubnegotiation } from "./telnet_codec.ts";

/** Telnet option: octets as they are (RFC 856). */
export const OPTION_BINARY = 0;
/** Telnet option: no "go ahead" (RFC 858). */
export const OPTION_SUPPRESS_GO_AHEAD = 3;
/** Telnet option: com port control (RFC 2217 §2). */
export const OPTION_COM_PORT = 44;

/** Commands of a client (RFC 2217 §3); a server answers with 100 more. */
export const COM_PORT = {
  signature: 0,
  setBaudRate: 1,
  setDataSize: 2,
  setParity: 3,
  setStopSize: 4,
  setControl: 5,
  notifyLineState: 6,
  notifyModemState: 7,
  flowControlSuspend: 8,
  flowControlResume: 9,
  setLineStateMask: 10,
  setModemStateMask: 11,
  purgeData: 12,
} as const;
/** What a server adds to the command it answers. */
export const SERVER_OFFSET = 100;

/** Values of SET-CONTROL (RFC 2217 §3). */
export const CONTROL = {
  flowNone: 1,
  flowHardware: 3,
  dtrOn: 8,
  dtrOff: 9,
  rtsOn: 11,
  rtsOff: 12,
  inboundFlowNone: 14,
  inboundFlowHardware: 16,
} as const;
/** Value of PURGE-DATA: what the server has received from us and not sent. */
export const PURGE_TRANSMIT = 2;

const DATA_SIZE_8 = 8;
const PARITY_NONE = 1;
const STOP_SIZE_1 = 1;
/** Mask of the modem state: the four lines, without their changes. */
const MODEM_STATE_LINES = 0xf0;

/** Speed, 8N1, flow control, and which changes we want to hear of.
 *
 * @param baud Bits per second.
 */
export function emitComPortSettings(baud: number, flow: "none" | "rtscts"): Uint8Array[] {
  const command = (code: number, ...values: number[]): Uint8Array =>
    emitSubnegotiation(OPTION_COM_PORT, [code, ...values]);
  return [
    emitBaudRate(baud),
    command(COM_PORT.setDataSize, DATA_SIZE_8),
    command(COM_PORT.setParity, PARITY_NONE),
    command(COM_PORT.setStopSize, STOP_SIZE_1),
    command(COM_PORT.setControl, flow === "rtscts" ? CONTROL.flowHardware : CONTROL.flowNone),
    command(
      COM_PORT.setControl,
      flow === "rtscts" ? CONTROL.inboundFlowHardware : CONTROL.inboundFlowNone,
    ),
    command(COM_PORT.setModemStateMask, MODEM_STATE_LINES),
  ];
}

/** SET-BAUDRATE: four octets, network order. */
export function emitBaudRate(baud: number): Uint8Array {
  const octets = [baud >>> 24, (baud >>> 16) & 255, (baud >>> 8) & 255, baud & 255];
  return emitSubnegotiation(OPTION_COM_PORT, [COM_PORT.setBaudRate, ...octets]);
}

/** SET-CONTROL. */
export function emitControl(value: number): Uint8Array {
  return emitSubnegotiation(OPTION_COM_PORT, [COM_PORT.setControl, value]);
}

/** PURGE-DATA. */
export function emitPurge(): Uint8Array {
  return emitSubnegotiation(OPTION_COM_PORT, [COM_PORT.purgeData, PURGE_TRANSMIT]);
}

/** Reads the octet of NOTIFY-MODEMSTATE. */
export function parseModemState(octet: number): SerialInputLines {
  return {
    dcd: (octet & 0x80) !== 0,
    ri: (octet & 0x40) !== 0,
    dsr: (octet & 0x20) !== 0,
    cts: (octet & 0x10) !== 0,
  };
}
