/** {@linkcode openModemLine}: the line to a modem, or to a peer at once, and how it is brought up.
 *
 * @module
 */
import type { LinkHost } from "@lightwire/app-commands";
import type { PppNetworkLink } from "@lightwire/ppp";
import { type BringUpHandlers, ModemBringUp } from "@lightwire/ppp/modem";
import { bringUpSettings } from "./bring_up_settings.ts";
import type { LinkBringUp, OpenLine } from "./connection.ts";
import { openPortOrExplain } from "./open_port.ts";
import type { PppupOptions } from "./options.ts";

/** Opens it; everything that passes is in the capture and the trace.
 *
 * @throws {LinkDownError} when there is no such port, it may not be opened, or somebody else holds it.
 */
export async function openModemLine(o: PppupOptions, host: LinkHost): Promise<OpenLine> {
  const { port, close } = await openPortOrExplain(o, host.stack);
  const settings = bringUpSettings(o);
  const makeBringUp = (handlers: BringUpHandlers<PppNetworkLink>): LinkBringUp => {
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
  return { makeBringUp, close };
}
