/** {@linkcode openSerialPort}: whatever a user calls a serial port: a device, a pseudo-terminal, or a port behind the network.
 *
 * @module
 */
import type { SerialPort } from "@lightwire/ppp";
import { openTty } from "./open_tty.ts";
import type { SerialLineErrors } from "./tty_lines.ts";

/** How to run a port. */
export interface SerialPortSettings {
  /** Speed in bits per second. */
  readonly baudRate: number;
  /** Flow control. */
  readonly flow: "none" | "rtscts";
}

/** A port that {@linkcode openSerialPort} opened. */
export interface OpenedSerialPort extends SerialPort {
  /** Closes, and resolves when everything is put back and closed. */
  closeAndWait(): Promise<void>;
  /** Characters lost since the port was opened; missing, or `undefined`, where nobody counts them. */
  lineErrors?(): SerialLineErrors | undefined;
}

/** Opens a serial port.
 *
 * @param device Path of a device or pseudo-terminal.
 * @param settings Speed and flow control.
 * @throws {SerialOpenError} when there is no such port, this user may not open it, or somebody else has.
 * @throws {RangeError} when the port cannot run at this speed, or the device is no valid name.
 */
export async function openSerialPort(
  device: string,
  settings: SerialPortSettings,
): Promise<OpenedSerialPort> {
  await Promise.resolve();
  return openTty(device, settings);
}
