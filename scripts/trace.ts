/**
 * `deno task trace`: a connection between two hosts, from ARP to TIME-WAIT, with the files and functions that handled
 * each step.
 *
 * Files and functions are not written down here: they come from the call stack at the moment at which a frame enters the wire, a
 * segment has found its connection, or a callback of the application runs.
 *
 * @module
 */
import { IpLayer, ipv4 } from "@lightwire/ip";
import { Netif } from "@lightwire/netif";
import { createLink, Simulation } from "@lightwire/netif/sim";
import type { Pbuf } from "@lightwire/pbuf";
import { formatControlBits, type TcpConnection, type TcpHandlers, TcpLayer } from "@lightwire/tcp";
import { describeFrame } from "./sim/wire_reader.ts";

/** One line of a call stack that lies in `packages/`. */
export interface StackStep {
  /** Path below `packages/`, for instance `tcp/output.ts`. */
  readonly file: string;
  /** Name of the function or method. */
  readonly name: string;
}

/** Functions through which everything passes, and which say nothing. */
const UNTOLD = /^(?:netif\/(?:sim\/|timers\.ts|transmit_queue\.ts)|ip\/self_delivery\.ts)/;

/** The one thing that no stack tells, since the hook comes before it: who takes a segment in which state. */
const ARRIVES: Readonly<Record<string, StackStep>> = {
  "LISTEN": { file: "tcp/arrives_listen.ts", name: "arrivesListen" },
  "SYN-SENT": { file: "tcp/arrives_syn_sent.ts", name: "arrivesSynSent" },
};
const ARRIVES_OTHERWISE: StackStep = { file: "tcp/arrives_synchronized.ts", name: "arrivesSynchronized" };

const INDENT = 22;
const WIDTH = 120;

/**
 * Reads the functions of `packages/` out of a stack trace.
 *
 * @param stack The `stack` of an `Error`.
 * @returns The functions, the caller before what it calls, each file once: by the function that it was entered with.
 */
export function readStack(stack: string): StackStep[] {
  const steps: StackStep[] = [];
  for (const line of stack.split("\n").reverse()) {
    const match =
      /at (?:(?:new|async) )?(?:([\w.#<>$]+) )?(?:\[as \w+\] )?\(?file:\/\/.*\/packages\/([^:)]+):/.exec(
        line,
      );
    if (!match) continue;
    const file = match[2]!;
    if (UNTOLD.test(file) || steps.at(-1)?.file === file) continue;
    steps.push({ file, name: (match[1] ?? "").replace(/^.*\./, "") });
  }
  return steps;
}

/** Prints steps one behind the other, wrapped. */
function formatSteps(steps: readonly StackStep[]): string[] {
  const lines: string[] = [];
  let line = "";
  for (const { file, name } of steps) {
    const part = `${line === "" ? "" : " > "}${file}${name === "" ? "" : ` ${name}`}`;
    if (line !== "" && INDENT + line.length + part.length > WIDTH) {
      lines.push(line);
      line = part.trimStart();
    } else {
      line += part;
    }
  }
  return line === "" ? lines : [...lines, line];
}

interface Host {
  readonly name: string;
  readonly ip: IpLayer;
  readonly tcp: TcpLayer;
  readonly netif: Netif;
}

/** The trace: two hosts on a perfect wire of 1 ms, and what is printed of them. */
export class Trace {
  readonly sim: Simulation = new Simulation({ seed: 1 });
  readonly #print: (line: string) => void;
  readonly #states: Map<TcpConnection, string> = new Map();
  readonly #names: Map<TcpConnection, string> = new Map();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  #say(who: string, what: string, steps: readonly StackStep[]): void {
    this.#print(`${this.sim.clock.now().toFixed(3).padStart(9)} ms  ${who.padEnd(7)} ${what}`);
    for (const line of formatSteps(steps)) this.#print(`${" ".repeat(INDENT)}${line}`);
  }

  #sayHere(who: string, what: string, next?: StackStep): void {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 60;
    const steps = readStack(new Error().stack ?? "");
    this.#say(who, what, next === undefined ? steps : [...steps, next]);
    Error.stackTraceLimit = limit;
  }

  /** Notes a connection, so that its changes of state are told. */
  #watch(name: string, connection: TcpConnection): void {
    this.#names.set(connection, name);
    this.#tellStates();
  }

  #tellStates(): void {
    for (const [connection, name] of this.#names) {
      const before = this.#states.get(connection);
      const { state } = connection;
      if (before === state) continue;
      this.#states.set(connection, state);
      this.#say(name, before === undefined ? `is ${state}` : `${before} -> ${state}`, []);
    }
  }

  #createHost(name: string, netif: Netif, address: number): Host {
    const ip = new IpLayer(this.sim.host(name));
    ip.addNetif(netif);
    netif.setUp();
    ip.addAddress(netif, ipv4(address), 24);
    const tcp = new TcpLayer(ip, this.sim.host(name));
    ip.registerProtocol(tcp);
    const flush = this.sim.timers.create(() => tcp.flush());
    tcp.onFlushNeeded = () => {
      if (!flush.isArmed) flush.start(0);
    };
    tcp.hooks.tcpInpacket = (to, seg) => {
      const state = "state" in to ? to.state : "LISTEN";
      const arrives = ARRIVES[state] ?? ARRIVES_OTHERWISE;
      this.#sayHere(name, `SEGMENT ARRIVES in ${state}: [${formatControlBits(seg.ctl)}]`, arrives);
      return true;
    };
    return { name, ip, tcp, netif };
  }

  #onFrame(p: Pbuf, channel: string): void {
    const bytes = p.bytes.slice(p.start, p.end);
    const line = describeFrame(bytes, p.totalLength, "ethernet", false);
    this.#sayHere(channel.endsWith("aToB") ? "A -> B" : "B -> A", line);
  }

  /** Runs the conversation: A connects, says hello, hears it back, closes. */
  run(): void {
    const [driverA, driverB] = createLink(this.sim, {
      medium: "ethernet",
      aToB: { delayMs: 1 },
      bToA: { delayMs: 1 },
      onTransmit: (p, _at, channel) => this.#onFrame(p, channel),
    });
    const a = this.#createHost("A", new Netif(driverA, { name: "en0", index: 1 }), 0x0a000001);
    const b = this.#createHost("B", new Netif(driverB, { name: "en0", index: 1 }), 0x0a000002);
    const buffer = new Uint8Array(64);
    b.tcp.listen({ port: 7 }, (connection): TcpHandlers => {
      this.#watch("B", connection);
      return {
        readable: (c) => {
          const length = c.read(buffer);
          this.#sayHere(
            "B",
            length > 0 ? "the application reads, and sends it back" : "the application sees the end",
          );
          if (length > 0) c.send(buffer, 0, length);
          if (c.isReadEof) c.close();
        },
      };
    });
    this.#say("A", "the application connects to 10.0.0.2 port 7", []);
    const connection = a.tcp.connect({ remoteAddress: ipv4(0x0a000002), remotePort: 7 }, {
      connected: (c) => {
        this.#sayHere("A", "the application is told, and says hello");
        c.send(new TextEncoder().encode("hello"));
      },
      readable: (c) => {
        const length = c.read(buffer);
        this.#sayHere("A", length > 0 ? "the application reads, and closes" : "the application sees the end");
        c.close();
      },
    });
    this.#watch("A", connection);
    for (let i = 0; i < 100; i++) {
      const next = this.sim.timers.nextDeadline();
      if (next === Infinity) break;
      this.sim.runUntil(() => false, Math.max(0, next - this.sim.clock.now()));
      this.#tellStates();
    }
    for (const host of [a, b]) host.ip.removeNetif(host.netif);
    this.sim.close();
  }
}

if (import.meta.main) new Trace((line) => console.log(line)).run();
