import type { Pbuf } from "@lightwire/pbuf";
import { Simulation } from "@lightwire/netif/sim";
import { PppLink } from "../ppp_link.ts";
import type { PppSessionOptions, PppUp } from "../ppp_session.ts";
import { createSerialLine, type SerialLineOptions, type SimulatedPort } from "./serial_line.ts";

/** One side of a link, with a log of what it told. */
export interface Side {
  link: PppLink;
  port: SimulatedPort;
  log: string[];
  up: PppUp | undefined;
  received: number[][];
  isLinkUp: boolean;
  writable: number;
}

/** Two sides over one simulated line. */
export function createPppWorld(
  a: PppSessionOptions,
  b: PppSessionOptions,
  line: Partial<SerialLineOptions> = {},
): { sim: Simulation; a: Side; b: Side; send(side: Side, length: number, fill: number): boolean } {
  const sim = new Simulation({ seed: "ppp" });
  const [portA, portB] = createSerialLine({ timers: sim.timers, random: sim.random("line"), ...line });
  const side = (name: string, port: SimulatedPort, options: PppSessionOptions): Side => {
    const s: Side = { port, log: [], up: undefined, received: [], isLinkUp: false, writable: 0, link: undefined! };
    s.link = new PppLink(sim.host(name), port, options, {
      phaseChanged: (phase) => s.log.push(phase),
      up: (up) => {
        s.up = up;
        s.log.push("up");
      },
      down: () => s.log.push("down"),
      ended: (end, message) => s.log.push(message === "" ? `ended: ${end}` : `ended: ${end} (${message})`),
    });
    s.link.attach({
      linkInput(p: Pbuf) {
        s.received.push([...p.bytes.subarray(p.start, p.end)]);
        p.release();
      },
      inputBatchEnd() {},
      linkStateChanged: (isUp) => void (s.isLinkUp = isUp),
      linkWritable: () => void s.writable++,
    });
    return s;
  };
  return {
    sim,
    a: side("a", portA, a),
    b: side("b", portB, b),
    send(from, length, fill) {
      const p = sim.pool.acquire(length)!;
      p.bytes.fill(fill, p.start, p.end);
      p.bytes[p.start] = 0x45;
      const isTaken = from.link.transmit(p);
      if (!isTaken) p.release();
      from.link.flush();
      return isTaken;
    },
  };
}
