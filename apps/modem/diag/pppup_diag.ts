/** {@linkcode pppupDiag}: `pppup … diag` on this machine: real time, real ports or the built-in simulation.
 *
 * @module
 */
import type { LinkHost, Output } from "@lightwire/app-commands";
import { type BringUpOptions, ModemBringUp } from "@lightwire/ppp/modem";
import { bringUpSettings } from "../bring_up_settings.ts";
import { openPort } from "../open_port.ts";
import type { PppupOptions } from "../options.ts";
import { attachPpp } from "../ppp_interface.ts";
import { openHost } from "../with_link.ts";
import { parseDiagArguments } from "./diag_arguments.ts";
import { type DiagEnvironment, type DiagOptions, runDiag } from "./run_diag.ts";

/** Whom the simulation has: no word of it leaves this process. */
const SIMULATED: Pick<DiagOptions, "target" | "timeServer" | "echoHosts"> = {
  target: { host: "example.test", port: 80, path: "/bytes/20000" },
  timeServer: "time.example.test",
  echoHosts: [],
};
/** The simulated network is quick; nobody has to wait a minute to see that it does not register. */
function hasty(options: BringUpOptions): BringUpOptions {
  const { session } = options;
  return {
    ...options,
    simMs: 6000,
    signalMs: 6000,
    registrationMs: 8000,
    attachMs: 8000,
    session: { ...session, lcp: { restartMs: 1000, ...session?.lcp } },
  };
}

/** Runs it.
 *
 * @param args the words behind "diag".
 * @returns the exit status.
 * @throws {UsageError} when `args` make no sense.
 */
export async function pppupDiag(
  o: PppupOptions,
  args: readonly string[],
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const { target, timeServer, timing } = parseDiagArguments(args);
  const { link } = o;
  const isSim = link.kind === "sim";
  const host = await openHost(o, output, signal);
  const options: DiagOptions = {
    device: link.kind === "device" ? link.device : "simulated modem",
    baudRate: link.kind === "pppoe" || link.kind === "l2tp" ? 0 : link.baudRate,
    flow: link.kind === "device" ? link.flow : "none",
    // That the speed is wrong is for the report to say, also if it was given.
    bringUp: { ...(isSim ? hasty(bringUpSettings(o)) : bringUpSettings(o)), findsBaudRate: true },
    isServer: link.isServer,
    timing,
    ...(isSim ? SIMULATED : {}),
    ...(target === undefined ? {} : { target }),
    ...(timeServer === undefined ? {} : { timeServer }),
  };
  try {
    return await runDiag(options, environmentOf(o, host, output, signal));
  } finally {
    await host.close();
  }
}

function environmentOf(
  o: PppupOptions,
  host: LinkHost,
  output: Output,
  signal: AbortSignal,
): DiagEnvironment {
  const isTerminal = Deno.stdout.isTerminal();
  return {
    stack: host.stack,
    output,
    signal,
    style: { hasColor: isTerminal && output.strong("") !== "", columns: columnsOf(isTerminal) },
    openPort: async () => (await openPort(o, host.stack)).port,
    bringUp: (pppHost, port, options, handlers) => new ModemBringUp(pppHost, port, options, handlers),
    attach: (link, up) => attachPpp(host, link, up, o.addressing, o.link.isServer),
    observer: {
      at: ({ direction, text }) => host.showAt(direction === "sent" ? "outbound" : "inbound", text),
      packet: (direction, protocol, bytes, start, end) =>
        host.showPpp(direction, protocol, bytes, start, end),
    },
  };
}

/** Width of the report: the terminal's, within reason. */
function columnsOf(isTerminal: boolean): number {
  if (!isTerminal) return 100;
  try {
    return Math.max(60, Math.min(110, Deno.consoleSize().columns));
  } catch {
    return 100;
  }
}
