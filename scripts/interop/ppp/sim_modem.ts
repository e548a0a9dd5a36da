/** The library's simulated modem, network and internet on a pseudo-terminal, for diallers that nobody here wrote. Its argument are
 * the modem's options in JSON; it prints "ready" and the path, and then lines about calls.
 *
 * @module
 */
import { SimulatedInternet } from "@lightwire/app-commands";
import { openPty } from "@lightwire/app-linux";
import type { SimulatedModemOptions } from "@lightwire/ppp/sim";
import { Stack } from "@lightwire/sockets";
import { TtyPort } from "../../../apps/modem/serial/tty_port.ts";
import { TtySettings } from "../../../apps/modem/serial/tty_settings.ts";

const pty = openPty();
// Kept open: between two programs the line is not hung up.
const hold = await Deno.open(pty.path, { read: true, write: true });
const settings = TtySettings.read(pty.masterFd).toRaw(115_200, "none");
settings.apply(pty.masterFd);
const line = new TtyPort({
  name: "the modem's end",
  fd: pty.masterFd,
  original: settings,
  settings,
  release: () => hold.close(),
});
const options = JSON.parse(Deno.args[0] ?? "{}") as SimulatedModemOptions;
const internet = new SimulatedInternet();
internet.connectModem(new Stack(), {
  ...options,
  line,
  answer: () => {
    console.log("call begins");
    return () => console.log("call ends");
  },
});
console.log(`ready ${pty.path}`);
await new Promise<void>((resolve) => Deno.addSignalListener("SIGTERM", resolve));
internet.close();
await line.closeAndWait();
Deno.exit(0);
