/** {@linkcode openSimulatedPort}: the port of a simulated modem, opened as one opens a device.
 *
 * @module
 */
import type { PppHost } from "../ppp_session.ts";
import { SerialOpenError } from "../serial_port.ts";
import { SimulatedModem } from "./simulated_modem.ts";
import type { SimulatedModemOptions } from "./simulated_modem_options.ts";

/** Opens the port of a simulated modem, as one opens a device: a port that is missing, forbidden or in use is a fault too.
 *
 * @throws {SerialOpenError} With the faults "no-port", "no-permission" and "port-in-use".
 */
export function openSimulatedPort(host: PppHost, options: SimulatedModemOptions = {}): SimulatedModem {
  const device = "/dev/ttyUSB0 (simulated)";
  switch (options.fault) {
    case "no-port":
      throw new SerialOpenError("no-port", device);
    case "no-permission":
      throw new SerialOpenError("no-permission", device, "the group dialout may");
    case "port-in-use":
      throw new SerialOpenError("port-in-use", device, "by ModemManager, process 1234");
  }
  return new SimulatedModem(host, options);
}
