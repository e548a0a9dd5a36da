/** {@linkcode openSerialPort}: whatever a user calls a serial port: a device, a pseudo-terminal, or a port behind the network.
 *
 * @module
 */
import { SerialOpenError, type SerialPort } from "@lightwire/ppp";
import { openTty } from "./open_tty.ts";
import { Rfc2217Port } from "./rfc2217_port.ts";
import { TcpPort } from "./tcp_port.ts";
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

/** How long a server may take to accept the connection, and then to agree to RFC 2217, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** A port behind the network. */
export interface NetworkPortName {
  /** How its octets are wrapped. */
  readonly kind: "tcp" | "rfc2217";
  /** Name or address of the server. */
  readonly hostname: string;
  /** Its TCP port. */
  readonly port: number;
}

/** Opens a serial port.
 *
 * @param device Path of a device or pseudo-terminal, `tcp:HOST:PORT` for raw octets, or the like with
 * the prefix that {@linkcode NetworkPortName.kind} names.
 * @param settings Speed and flow control.
 * @throws {SerialOpenError} when there is no such port, this user may not open it, or somebody else has.
 * @throws {RangeError} when the port cannot run at this speed, or the name of a network port makes no sense.
 */
export async function openSerialPort(
  device: string,
  settings: SerialPortSettings,
): Promise<OpenedSerialPort> {
  const name = parseNetworkPort(device);
  if (name === undefined) return openTty(device, settings);
  const connection = await connect(device, name);
  if (name.kind === "tcp") return new TcpPort(device, connection);
  const port = new Rfc2217Port(device, connection, settings);
  try {
    await within(CONNECT_TIMEOUT_MS, port.ready);
  } catch (error) {
    await port.closeAndWait();
    const why = error instanceof Error ? error.message : String(error);
    throw new SerialOpenError("no-port", device, `${why}; a server of raw octets is tcp:HOST:PORT`);
  }
  return port;
}

/** Reads the name of a port behind the network: kind, host, and port, with colons between; an IPv6 address stands in brackets.
 *
 * @returns `undefined` for a path.
 * @throws {RangeError} when host or port are missing.
 */
export function parseNetworkPort(device: string): NetworkPortName | undefined {
  const kind = /^(tcp|rfc2217):/.exec(device)?.[1] as NetworkPortName["kind"] | undefined;
  if (kind === undefined) return undefined;
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(device.slice(kind.length + 1));
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65535) {
    throw new RangeError(`${device} should be ${kind}:HOST:PORT, for instance ${kind}:192.168.1.5:4000`);
  }
  return { kind, hostname: (match[1] ?? match[2])!, port };
}

async function connect(device: string, name: NetworkPortName): Promise<Deno.Conn> {
  const connecting = Deno.connect({ hostname: name.hostname, port: name.port });
  try {
    const connection = await within(CONNECT_TIMEOUT_MS, connecting);
    connection.setNoDelay(true);
    return connection;
  } catch (error) {
    connecting.then((late) => late.close(), () => {});
    if (error instanceof Deno.errors.NotCapable) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new SerialOpenError("no-port", device, `${name.hostname} port ${name.port}: ${why}`);
  }
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
