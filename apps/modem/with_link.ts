/** {@linkcode withLink}: does something with a link: port opened, modem dialled, interface added; then all of it back.
 *
 * @module
 */
import { type CommandContext, LinkHost, type Output } from "@lightwire/app-commands";
import { type BringUpHandlers, ModemBringUp } from "@lightwire/ppp/modem";
import { bringUpSettings } from "./bring_up_settings.ts";
import { type Connection, type LinkBringUp, LinkClosedError, type MakeBringUp } from "./connection.ts";
import { type OpenPort, openPort } from "./open_port.ts";
import type { PppupOptions } from "./options.ts";
import { formatSeconds, PhasePrinter, type PhaseStyle } from "./phase_printer.ts";
import { PppInterface } from "./ppp_interface.ts";
import { RedialConnection } from "./redial_connection.ts";
import { SingleConnection } from "./single_connection.ts";

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
    const open = await openPort(o, host.stack);
    const connection = makeConnection(o, host, modemBringUps(o, host, open), printer);
    try {
      await connection.connect(signal);
      return await useLink(host, connection, printer, signal, body);
    } finally {
      printer.stop();
      await connection.hangUp();
      await open.close();
    }
  } finally {
    printer.stop();
    await host.close();
  }
}

/** How a modem is brought up, with everything that passes in the capture and the trace. */
function modemBringUps(o: PppupOptions, host: LinkHost, { port }: OpenPort): MakeBringUp {
  const settings = bringUpSettings(o);
  return (handlers: BringUpHandlers): LinkBringUp => {
    const bringUp = new ModemBringUp(host.stack, port, settings, {
      ...handlers,
      at: ({ direction, text }) => host.showAt(direction === "sent" ? "outbound" : "inbound", text),
      packet: (direction, protocol, bytes, start, end) =>
        host.showPpp(direction, protocol, bytes, start, end),
    });
    return {
      modem: settings.direct === true ? undefined : bringUp.modem,
      get hasCommands() {
        return settings.cmux === true && bringUp.commands !== undefined;
      },
      start: () => bringUp.start(),
      stop: () => bringUp.stop(),
    };
  };
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
    ? new RedialConnection(host, pppInterface, makeBringUp, o.redial, handlers)
    : new SingleConnection(host, pppInterface, makeBringUp, handlers);
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
