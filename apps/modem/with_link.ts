/** {@linkcode withLink}: does something with a link: port opened, modem dialled, interface added; then all of it back.
 *
 * @module
 */
import { type CommandContext, LinkHost, type Output } from "@lightwire/app-commands";
import { type Connection, LinkClosedError, type MakeBringUp, type OpenLine } from "./connection.ts";
import { openModemLine } from "./modem_line.ts";
import type { PppupOptions } from "./options.ts";
import { formatSeconds, PhasePrinter, type PhaseStyle } from "./phase_printer.ts";
import { PppInterface } from "./ppp_interface.ts";
import { openL2tpLine } from "./l2tp_line.ts";
import { openPppoeLine } from "./pppoe_line.ts";
import { RedialConnection } from "./redial_connection.ts";
import { SingleConnection } from "./single_connection.ts";

/** How long IPv4 may come behind IPv6. */
const OTHER_FAMILY_MS = 2000;

/** A link in use. */
export interface LinkInUse {
  /** For commands; its signal is aborted when the link ends, too. */
  readonly context: CommandContext;
  /** The connection. */
  readonly connection: Connection;
  /** The lines about the steps. */
  readonly printer: PhasePrinter;
}

/** Makes the host of the command line, without a link yet. */
export function openHost(o: PppupOptions, output: Output, signal: AbortSignal): Promise<LinkHost> {
  const { addressing, faults, pcap, isTraced } = o;
  // The interface gets the MTU that the peer allows, which is not known before.
  const own = { ...addressing, mtu: undefined };
  return LinkHost.open({ addressing: own, faults, pcap, isTraced, output, signal });
}

/** Brings the link up, runs `body`, and hangs up.
 *
 * @param style how the steps are shown.
 * @throws {LinkDownError} when the link does not come up, or ends before `body` does.
 * @throws {LinkClosedError} when it ends before because a time is over.
 */
export async function withLink<T>(
  o: PppupOptions,
  output: Output,
  signal: AbortSignal,
  style: PhaseStyle,
  body: (link: LinkInUse) => Promise<T>,
): Promise<T> {
  const host = await openHost(o, output, signal);
  const printer = new PhasePrinter(output, style);
  try {
    const line = await openLine(o, host);
    const connection = makeConnection(o, host, line.makeBringUp, printer);
    try {
      await connection.connect(signal);
      if (o.dialling.hasIpv4) await otherFamily(connection);
      return await useLink(host, connection, printer, signal, body);
    } finally {
      printer.stop();
      await connection.hangUp();
      await line.close();
    }
  } finally {
    printer.stop();
    await host.close();
  }
}

/** Opens the line of the command line. */
async function openLine(o: PppupOptions, host: LinkHost): Promise<OpenLine> {
  const { link } = o;
  if (link.kind === "l2tp") return await openL2tpLine(o, host, link);
  return link.kind === "pppoe" ? openPppoeLine(o, host, link.networkInterface) : await openModemLine(o, host);
}

function makeConnection(
  o: PppupOptions,
  host: LinkHost,
  makeBringUp: MakeBringUp,
  printer: PhasePrinter,
): Connection {
  const pppInterface = new PppInterface(host, o.addressing, o.link.isServer);
  const handlers = {
    event: (event: Parameters<PhasePrinter["event"]>[0]) => printer.event(event),
    redialling: (_message: string, inMs: number) =>
      printer.line("warning", "redial", `Dialling again in ${formatSeconds(inMs)}`),
  };
  return o.redial.isPersistent
    ? new RedialConnection(host, pppInterface, makeBringUp, o.redial, o.link.isServer, handlers)
    : new SingleConnection(host, pppInterface, makeBringUp, handlers);
}

/** The two families come up one after the other; whoever uses the link wants to see both. */
async function otherFamily(connection: Connection): Promise<void> {
  const until = performance.now() + OTHER_FAMILY_MS;
  while (connection.current !== undefined && connection.current.up.ipv4 === undefined) {
    if (performance.now() > until) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function useLink<T>(
  host: LinkHost,
  connection: Connection,
  printer: PhasePrinter,
  signal: AbortSignal,
  body: (link: LinkInUse) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const whenEnded = connection.ended.then(({ error, message }) => {
    const reason = error ?? new LinkClosedError(message);
    end.abort(reason);
    throw reason;
  });
  whenEnded.catch(() => {}); // it ends in any case, at the latest when we hang up
  const context = { ...host.context, signal: AbortSignal.any([signal, end.signal]) };
  return await Promise.race([body({ context, connection, printer }), whenEnded]);
}
