/** {@linkcode openPort}: the line of the command line: a serial port, or a simulated modem.
 *
 * @module
 */
import { SimulatedInternet } from "@lightwire/app-commands";
import { ForwardingPort, type SerialOpenCause, SerialOpenError, type SerialPort } from "@lightwire/ppp";
import type { Stack } from "@lightwire/sockets";
import { SIM_CREDENTIALS } from "./bring_up_settings.ts";
import { LinkDownError } from "./connection.ts";
import type { PppupOptions } from "./options.ts";
import { type OpenedSerialPort, openSerialPort } from "./serial/open_serial_port.ts";

/** A line that is open. */
export interface OpenPort {
  /** The line. */
  readonly port: OpenedSerialPort;
  /** What it is called. */
  readonly device: string;
  /** Its speed. */
  readonly baudRate: number;
  /** Closes it, and what is behind it; the port is as it was found. */
  close(): Promise<void>;
}

/** Opens the line.
 *
 * @param stack whose time a simulated modem shares.
 * @throws {SerialOpenError} when there is no such port, it may not be opened, or somebody else holds it.
 */
export async function openPort(o: PppupOptions, stack: Stack): Promise<OpenPort> {
  const { link } = o;
  if (link.kind === "pppoe" || link.kind === "l2tp") {
    throw new TypeError(`Cannot open a serial port: the link is ${link.kind}`);
  }
  if (link.kind === "sim") return openSimulation(o, stack, link);
  const { device, baudRate, flow } = link;
  const port = await openSerialPort(device, { baudRate, flow });
  return { port, device, baudRate, close: () => port.closeAndWait() };
}

const ADVICE: Readonly<Record<SerialOpenCause, string>> = {
  "no-port": "plug the modem in, or name another port with --device",
  "no-permission": "let this user into that group (sudo usermod -aG GROUP USER, then log in anew)",
  "port-in-use": "end that program, or name another port of the modem with --device",
};

/** {@linkcode openPort}, for people: the error says what to do.
 *
 * @throws {LinkDownError} when there is no such port, it may not be opened, or somebody else holds it.
 */
export async function openPortOrExplain(o: PppupOptions, stack: Stack): Promise<OpenPort> {
  try {
    return await openPort(o, stack);
  } catch (error) {
    if (!(error instanceof SerialOpenError)) throw error;
    // Whoever found a command to give knows better.
    const advice = error.detail.includes("`") ? "" : `: ${ADVICE[error.cause]}`;
    throw new LinkDownError(error.cause, `${error.message}${advice}.`, []);
  }
}

function openSimulation(
  o: PppupOptions,
  stack: Stack,
  { fault, baudRate }: PppupOptions["link"] & { kind: "sim" },
): OpenPort {
  const internet = new SimulatedInternet();
  const { pin } = o.dialling;
  try {
    const { port } = internet.connectModem(stack, {
      baudRate,
      model: "SIM7600",
      credentials: SIM_CREDENTIALS,
      ...(fault === undefined ? {} : { fault }),
      ...(pin === undefined ? {} : { pin }),
      ...o.simulation,
    });
    const close = (): Promise<void> => {
      internet.close();
      return Promise.resolve();
    };
    return { port: new SimulatedSerialPort(port, close), device: "simulated modem", baudRate, close };
  } catch (error) {
    internet.close();
    throw error;
  }
}

/** The simulated port, closed like a real one. */
class SimulatedSerialPort extends ForwardingPort implements OpenedSerialPort {
  readonly closeAndWait: () => Promise<void>;

  constructor(port: SerialPort, closeAndWait: () => Promise<void>) {
    super(port);
    this.closeAndWait = closeAndWait;
  }
}
