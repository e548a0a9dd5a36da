/** {@linkcode DiagWorld}: a computer, a simulated modem, an operator and a small internet, in virtual time, for tests of the
 * diagnosis.
 *
 * @module
 */
import { InterruptedError, Output, type OutputSink, SimulatedInternet } from "@lightwire/app-commands";
import { Simulation } from "@lightwire/netif/sim";
import { type BringUpOptions, type LinkCause, ModemBringUp } from "@lightwire/ppp/modem";
import type { SerialPort } from "@lightwire/ppp";
import type { SimulatedModemOptions } from "@lightwire/ppp/sim";
import { Stack } from "@lightwire/sockets";
import { runSimulation } from "@lightwire/sockets/sim";
import type { Check } from "../check.ts";
import { type DiagEnvironment, type DiagOptions, runDiag } from "../run_diag.ts";

/** Who the operator lets in. */
export const CREDENTIALS = { name: "demo", secret: "demo" };

/** What is to be tried. */
export interface DiagRunOptions {
  /** What is wrong. */
  readonly fault?: LinkCause;
  /** Of all chance; default 1. */
  readonly seed?: number;
  /** Speed of the line; default 921600. */
  readonly baudRate?: number;
  /** Options of the bring-up. */
  readonly bringUp?: BringUpOptions;
  /** Options of the modem. */
  readonly modem?: SimulatedModemOptions;
  /** What is put in front of the port. */
  readonly line?: (port: SerialPort, sim: Simulation) => SerialPort;
  /** Interrupt it after so many virtual milliseconds. */
  readonly interruptAfterMs?: number;
  /** Options of the diagnosis. */
  readonly diag?: Partial<DiagOptions>;
  /** What else is in the environment. */
  readonly environment?: Partial<DiagEnvironment>;
  /** As JSON; default true. */
  readonly isJson?: boolean;
}

/** What came of it. */
export interface DiagRun {
  /** Exit status. */
  readonly status: number;
  /** Everything printed. */
  readonly text: string;
  /** The checks, of JSON. */
  readonly checks: readonly (Check & { readonly event: string; readonly remedy?: string })[];
  /** The last object, of JSON. */
  readonly diagnosis: { readonly causes: readonly string[]; readonly ok: boolean; readonly failed: readonly string[]; readonly text: string };
  /** Virtual milliseconds. */
  readonly elapsedMs: number;
  /** Packet buffers that nobody gave back. */
  readonly leaked: number;
}

/** Diagnoses a simulated modem. */
export async function diagnose(o: DiagRunOptions = {}): Promise<DiagRun> {
  const sim = new Simulation({ seed: o.seed ?? 1 });
  const baudRate = o.baudRate ?? 921_600;
  const internet = new SimulatedInternet((name, options) =>
    new Stack({ pump: "manual", ...sim.host(name), ...options })
  );
  const stack = new Stack({ pump: "manual", ...sim.host("computer") });
  const interrupt = new AbortController();
  const interrupting = sim.timers.create(() => interrupt.abort(new InterruptedError()));
  if (o.interruptAfterMs !== undefined) interrupting.start(o.interruptAfterMs);
  let text = "";
  const sink: OutputSink = { stdout: (t) => text += t, stderr() {}, isTerminal: false, hasColor: false };
  const environment: DiagEnvironment = {
    stack,
    output: new Output({ json: o.isJson ?? true, quiet: false, verbose: false }, sink),
    signal: interrupt.signal,
    style: { hasColor: false },
    openPort: async () => {
      await Promise.resolve();
      const { port } = internet.connectModem(stack, {
        ...(o.fault === undefined ? {} : { fault: o.fault }),
        baudRate,
        credentials: CREDENTIALS,
        ...o.modem,
      });
      return o.line?.(port, sim) ?? port;
    },
    bringUp: (host, port, options, handlers) => new ModemBringUp(host, port, options, handlers),
    attach: (link, { ipv4 }) => {
      const added = stack.addInterface({
        name: "ppp0",
        driver: link,
        addresses: [`${ipv4!.localAddress}/32`],
        routes: [{ destination: "0.0.0.0/0" }],
      });
      added.nameServers = ipv4!.dnsServers.map(String);
      return added;
    },
    ...o.environment,
  };
  const startedAt = sim.clock.now();
  const work = runSimulation(
    sim,
    runDiag({
      device: "/dev/ttyUSB0",
      baudRate,
      flow: "none",
      bringUp: { baudRate, apn: "internet", session: { credentials: CREDENTIALS }, ...o.bringUp },
      target: { host: "example.test", port: 80, path: "/bytes/20000" },
      timeServer: "time.example.test",
      echoHosts: [],
      ...o.diag,
    }, environment),
  );
  // An interrupted diagnosis is rejected with the reason; its exit status is that of the shell.
  const status = await work.catch((error) => {
    if (error instanceof InterruptedError) return 130;
    throw error;
  });
  const elapsedMs = sim.clock.now() - startedAt;
  internet.close();
  stack.close();
  sim.advance(60_000);
  const events = o.isJson === false ? [] : text.trim().split("\n").map((line) => JSON.parse(line));
  return {
    status,
    text,
    checks: events.filter(({ event }) => event === "check"),
    diagnosis: events.at(-1),
    elapsedMs,
    leaked: sim.pool.inUse,
  };
}
