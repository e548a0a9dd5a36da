import { Simulation } from "@lightwire/netif/sim";
import type { SerialInputLines } from "../../serial_port.ts";
import { SimulatedModem } from "../simulated_modem.ts";
import type { SimulatedModemOptions } from "../simulated_modem_options.ts";

/** Somebody who types at a simulated modem, and sees every character of what it says. */
export class Terminal {
  readonly sim: Simulation;
  readonly modem: SimulatedModem;
  lines: SerialInputLines | undefined;
  text = "";
  bytes: number[] = [];
  isClosed = false;

  constructor(options: SimulatedModemOptions = {}) {
    this.sim = new Simulation({ seed: "terminal" });
    this.modem = new SimulatedModem(this.sim.host("modem"), options);
    this.modem.port.attach({
      serialInput: (bytes) => {
        this.bytes.push(...bytes);
        this.text += String.fromCharCode(...bytes);
      },
      serialWritable: () => {},
      serialLinesChanged: (lines) => void (this.lines = lines),
      serialClosed: () => void (this.isClosed = true),
    });
  }

  /** Waits until the modem has found its network. */
  settle(): this {
    this.sim.advance(2500);
    this.text = "";
    return this;
  }

  write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += this.modem.port.write(bytes, at, bytes.length);
  }

  /** Types a line, and returns all that is said until the time is over. */
  type(line: string, waitMs = 400): string {
    this.text = "";
    this.write(`${line}\r`);
    this.sim.advance(waitMs);
    return this.text;
  }

  /** Types a line, and returns the lines of the answer, the echo left out. */
  ask(line: string, waitMs = 400): string[] {
    const lines = this.type(line, waitMs).split(/[\r\n]+/).filter((text) => text !== "");
    return lines[0] === line ? lines.slice(1) : lines;
  }
}
