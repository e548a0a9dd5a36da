/** Checks of the serial port: can it be opened, and what do its lines say.
 *
 * @module
 */
import { SerialOpenError, type SerialPort } from "@lightwire/ppp";
import { type CheckOutcome, pass, skip } from "./check.ts";

/** What was lost by the hardware of a port, counted by the system. */
export interface PortErrors {
  /** The hardware had no room. */
  readonly overrun: number;
  /** The driver had no room. */
  readonly bufferOverrun: number;
  /** No stop bit. */
  readonly frame: number;
  /** Wrong parity. */
  readonly parity: number;
}

/** A port as a driver hands it out. */
export interface DiagPort extends SerialPort {
  /** Closes, and resolves when everything is put back. */
  closeAndWait?(): Promise<void>;
  /** Characters lost since the port was opened, where somebody counts them. */
  lineErrors?(): PortErrors | undefined;
}

/** How the port is run. */
export interface PortSettings {
  /** Its path, or what stands for one. */
  readonly device: string;
  /** Nominal speed. */
  readonly baudRate: number;
  /** Flow control. */
  readonly flow: "none" | "rtscts";
}

/** The port was opened. */
export function portOpened({ device, baudRate, flow }: PortSettings): CheckOutcome {
  return pass(
    `${device} opened, ${baudRate} baud, ${
      flow === "none" ? "no flow control" : "flow control by RTS and CTS"
    }`,
  );
}

/** The port could not be opened.
 *
 * @throws `error` itself, when it says nothing about the port.
 */
export function portNotOpened(error: unknown): CheckOutcome {
  if (!(error instanceof SerialOpenError)) throw error;
  const { cause, device, detail } = error;
  // Who opens the port knows more than the catalogue: which command lets this user in, or ends that program.
  const command = /`[^`]+`/.exec(detail)?.[0];
  const group = /group ([\w-]+)/.exec(detail)?.[1];
  const holder = /by (.+?)(?:;|$)/.exec(detail)?.[1];
  let remedy: string | undefined;
  const others = /this machine has (\/dev\/.+)$/.exec(detail)?.[1];
  if (cause === "no-port" && others !== undefined) {
    remedy = `Name one that is there, with --device: ${others}.`;
  }
  if (cause === "no-permission" && command !== undefined && group === undefined) remedy = `${command}.`;
  if (cause === "port-in-use" && holder !== undefined && !/another program/.test(holder)) {
    const ending = command ??
      (/ModemManager/.test(holder) ? "`sudo systemctl stop ModemManager`" : undefined);
    remedy = ending === undefined ? `End ${holder}.` : `End ${holder}: ${ending}.`;
  }
  return {
    result: "fail",
    cause,
    text: detail === "" ? `${device} cannot be opened` : `${device}: ${detail}`,
    evidence: [error.message],
    facts: {
      device: device.replace(/ \(.*$/, ""),
      ...(group === undefined ? {} : { group }),
      ...(holder === undefined ? {} : { holder }),
    },
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** What the lines of the port say. */
export function checkLines(port: DiagPort, { flow }: PortSettings): CheckOutcome {
  const lines = port.inputLines;
  if (lines === undefined) return skip("the port has none");
  const text = `${word("CTS", lines.cts)}, ${word("DSR", lines.dsr)}, ${word("DCD", lines.dcd)}, ${
    word("RI", lines.ri)
  }`;
  if (flow === "rtscts" && !lines.cts) {
    return {
      result: "warn",
      text: `${text}: with CTS off nothing may be sent`,
      remedy:
        "The modem is off, or has no CTS wire: switch it on, or leave flow control out (`--flow none`).",
    };
  }
  return pass(text);
}

/** Counters of the hardware as lines of evidence; none where there are none. */
export function describePortErrors(port: DiagPort): string[] {
  const errors = port.lineErrors?.();
  if (errors === undefined) return [];
  const { overrun, bufferOverrun, frame, parity } = errors;
  return [
    `counted by the port: ${overrun} overruns, ${bufferOverrun} of the driver's buffer, ${frame} without a stop bit, ` +
    `${parity} of wrong parity`,
  ];
}

/** Characters for which hardware or driver had no room. */
export function overrunsOf(port: DiagPort): number {
  const errors = port.lineErrors?.();
  return errors === undefined ? 0 : errors.overrun + errors.bufferOverrun;
}

function word(name: string, isOn: boolean): string {
  return `${name} ${isOn ? "on" : "off"}`;
}
