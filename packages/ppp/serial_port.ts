/** The contract between a serial line and what speaks over it: AT commands, a multiplexer, PPP.
 *
 * Like a link driver, a port is synchronous and calls upward into a sink; nothing here waits. A pseudo-terminal, a USB
 * modem, a TCP connection to a terminal server and a pair of buffers in a test are all serial ports.
 *
 * @module
 */

/** Lines of the connector which we drive. */
export interface SerialOutputLines {
  /** Data terminal ready: a modem hangs up when it falls. */
  readonly dtr: boolean;
  /** Request to send: under `"rtscts"` flow control the port drives it itself and ignores this. */
  readonly rts: boolean;
}

/** Lines of the connector which the other side drives. */
export interface SerialInputLines {
  /** Data carrier detect: a modem is connected to another. */
  readonly dcd: boolean;
  /** Clear to send. */
  readonly cts: boolean;
  /** Data set ready: a modem is switched on. */
  readonly dsr: boolean;
  /** Ring indicator. */
  readonly ri: boolean;
}

/** Who a port hands bytes to. All calls are synchronous; a sink does not close its port from inside one. */
export interface SerialSink {
  /** Bytes have arrived.
   *
   * @param bytes What arrived, at least one byte. Borrowed until the call returns: the port writes over it afterwards.
   */
  serialInput(bytes: Uint8Array): void;
  /** Room again after {@linkcode SerialPort.write} took less than it was given. */
  serialWritable(): void;
  /** A line changed. Never called by a port whose {@linkcode SerialPort.inputLines} is `undefined`. */
  serialLinesChanged(lines: SerialInputLines): void;
  /** The port is gone: unplugged, hung up by the system, or closed by the other end. Called once, last.
   *
   * @param error The reason, `undefined` when the other end closed in an orderly way.
   */
  serialClosed(error: Error | undefined): void;
}

/** A serial line. */
export interface SerialPort {
  /** What it is, for messages: a path, or "simulated modem". */
  readonly name: string;
  /** Present state of the lines, or `undefined` for a port that has none. */
  readonly inputLines: SerialInputLines | undefined;
  /** Connects the port with who reads it; bytes may flow afterwards, not during the call.
   *
   * Attaching another sink replaces the first, as when PPP takes over from AT commands; no byte is lost or given twice.
   *
   * @param sink Who gets the bytes.
   */
  attach(sink: SerialSink): void;
  /** Sends bytes; copies what it takes.
   *
   * @param bytes What to send.
   * @param start Offset of the first byte to send; 0 by default.
   * @param end Offset behind the last byte to send; the length of `bytes` by default.
   * @returns Number of bytes taken. Less than given means that the port is full: the caller keeps the rest until
   * {@linkcode SerialSink.serialWritable}.
   */
  write(bytes: Uint8Array, start?: number, end?: number): number;
  /** Changes the speed; bytes taken before are sent at the old one. A port without a speed ignores it.
   *
   * @param baud Bits per second, for instance 115200.
   * @throws {RangeError} If the port cannot run at this speed.
   */
  setBaudRate(baud: number): void;
  /** Drives our lines. A port without lines ignores it.
   *
   * @param lines Their new state.
   */
  setOutputLines(lines: SerialOutputLines): void;
  /** Throws away what was taken and is not sent, as before an escape sequence. */
  discardOutput(): void;
  /** Stops. No call of the sink follows, {@linkcode SerialSink.serialClosed} included. */
  close(): void;
}

/** Why a port could not be opened; the names are those of the causes which a bring-up tells. */
export type SerialOpenCause = "no-port" | "no-permission" | "port-in-use";

const OPEN_FAILURES: Readonly<Record<SerialOpenCause, string>> = {
  "no-port": "there is no such port",
  "no-permission": "permission denied",
  "port-in-use": "the port is in use",
};

/** A serial port that could not be opened. */
export class SerialOpenError extends Error {
  /** Why, as a word that a program can compare. */
  override readonly cause: SerialOpenCause;
  /** The port that was asked for, such as `/dev/ttyUSB0`. */
  readonly device: string;
  /** What else is known: the group that may use the port, the program that uses it; "" for nothing. */
  readonly detail: string;

  /** Makes an error whose message names the port, the reason and the detail. */
  constructor(cause: SerialOpenCause, device: string, detail: string = "") {
    super(`Cannot open ${device}: ${OPEN_FAILURES[cause]}${detail === "" ? "" : ` (${detail})`}`);
    this.name = "SerialOpenError";
    this.cause = cause;
    this.device = device;
    this.detail = detail;
  }
}
