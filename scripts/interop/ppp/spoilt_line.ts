/** A line that spoils what passes, between pppup and a peer: spoilt_line.ts DEVICE RATE. Prints "ready" and the path of the new end;
 * of all octets, both ways, this share is flipped, as many are lost, and as many put in.
 *
 * @module
 */
import { openPty } from "@lightwire/app-linux";
import { FaultPort, type SerialPort } from "@lightwire/ppp";
import { Stack } from "@lightwire/sockets";
import { openTty } from "../../../apps/modem/serial/open_tty.ts";
import { TtyPort } from "../../../apps/modem/serial/tty_port.ts";
import { TtySettings } from "../../../apps/modem/serial/tty_settings.ts";

/** Hands on what one end says to the other. */
class Relay {
  readonly #to: SerialPort;
  #waiting: Uint8Array = new Uint8Array(0);

  constructor(to: SerialPort) {
    this.#to = to;
  }

  /** Takes what one end says. */
  take(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#waiting.length + bytes.length);
    all.set(this.#waiting);
    all.set(bytes, this.#waiting.length);
    this.#waiting = all;
    this.flush();
  }

  /** Writes what waits, as far as there is room. */
  flush(): void {
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.subarray(this.#to.write(this.#waiting));
  }
}

const [device, rateText] = Deno.args as [string, string];
const rate = Number(rateText);
const pty = openPty();
const hold = await Deno.open(pty.path, { read: true, write: true });
const settings = TtySettings.read(pty.masterFd).toRaw(115_200, "none");
settings.apply(pty.masterFd);
const near = new TtyPort({
  name: "the near end",
  fd: pty.masterFd,
  original: settings,
  settings,
  release: () => hold.close(),
});
const far = openTty(device, { baudRate: 115_200, flow: "none" });
const faults = { bitFlipRate: rate, dropRate: rate, insertRate: rate };
const { random } = new Stack();
const spoilt = new FaultPort(far, { random, outbound: faults, inbound: faults });
const outward = new Relay(spoilt);
const inward = new Relay(near);
near.attach({
  serialInput: (bytes) => outward.take(bytes),
  serialWritable: () => inward.flush(),
  serialLinesChanged: () => {},
  serialClosed: () => {},
});
spoilt.attach({
  serialInput: (bytes) => inward.take(bytes),
  serialWritable: () => outward.flush(),
  serialLinesChanged: () => {},
  serialClosed: () => {},
});
console.log(`ready ${pty.path}`);
await new Promise<void>((resolve) => Deno.addSignalListener("SIGTERM", resolve));
console.log(JSON.stringify({ outbound: spoilt.outbound, inbound: spoilt.inbound }));
await near.closeAndWait();
await far.closeAndWait();
Deno.exit(0);
