/** {@linkcode withLink}: does something with a link: port opened, modem dialled, interface added; then all of it back.
 *
 * @module
 */
import { type CommandContext, LinkHost, type Output } from "@lightwire/app-commands";
import { bringUpSettings } from "./bring_up_settings.ts";
import { type ConnectionHandlers, type ConnectionUp, ModemConnection } from "./modem_connection.ts";
import { openPort } from "./open_port.ts";
import type { PppupOptions } from "./options.ts";
import { PhasePrinter, type PhaseStyle } from "./phase_printer.ts";
import { attachPpp } from "./ppp_interface.ts";

/** A link in use. */
export interface LinkInUse {
  /** For commands; its signal is aborted when the link ends, too. */
  readonly context: CommandContext;
  /** The connection. */
  readonly connection: ModemConnection;
  /** What was agreed on, and the interface. */
  readonly current: ConnectionUp;
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
 */
export async function withLink<T>(
  o: PppupOptions,
  output: Output,
  signal: AbortSignal,
  style: PhaseStyle,
  body: (link: LinkInUse) => Promise<T>,
  handlers: ConnectionHandlers = {},
): Promise<T> {
  const host = await openHost(o, output, signal);
  const printer = new PhasePrinter(output, style);
  try {
    const open = await openPort(o, host.stack);
    const isServer = o.link.isServer;
    const connection = new ModemConnection(
      host,
      open,
      bringUpSettings(o),
      (link, up) => attachPpp(host, link, up, o.addressing, isServer),
      { ...handlers, event: (event) => printer.event(event) },
    );
    try {
      const current = await connection.connect(signal);
      return await useLink(host, connection, current, printer, signal, body);
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

async function useLink<T>(
  host: LinkHost,
  connection: ModemConnection,
  current: ConnectionUp,
  printer: PhasePrinter,
  signal: AbortSignal,
  body: (link: LinkInUse) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const whenEnded = connection.ended.then(({ error, message }) => {
    const reason = error ?? new Error(message);
    end.abort(reason);
    throw reason;
  });
  whenEnded.catch(() => {}); // it ends in any case, at the latest when we hang up
  const context = { ...host.context, signal: AbortSignal.any([signal, end.signal]) };
  return await Promise.race([body({ context, connection, current, printer }), whenEnded]);
}
