/** {@linkcode openPppoeLine}: PPP over an Ethernet interface, and how it is brought up.
 *
 * @module
 */
import type { LinkHost } from "@lightwire/app-commands";
import { PacketDriver } from "@lightwire/app-ethernet/packet-driver";
import type { PppNetworkLink } from "@lightwire/ppp";
import { type BringUpHandlers, CarrierBringUp } from "@lightwire/ppp/modem";
import { PppoeLink, PppoeStation } from "@lightwire/ppp/pppoe";
import { sessionSettings } from "./bring_up_settings.ts";
import type { LinkBringUp, OpenLine } from "./connection.ts";
import type { PppupOptions } from "./options.ts";

/** Opens a raw socket on the interface: a station of its own, the kernel's stack stays as it is.
 *
 * @throws {LinuxError} without CAP_NET_RAW, or when there is no such interface.
 */
export function openPppoeLine(o: PppupOptions, host: LinkHost, name: string): OpenLine {
  const driver = PacketDriver.open({ name, pool: host.stack.pool, offload: false });
  const { netif } = host.stack.addInterface({ name, driver });
  const station = new PppoeStation(netif, host.stack.pool);
  const session = sessionSettings(o);
  const makeBringUp = (handlers: BringUpHandlers<PppNetworkLink>): LinkBringUp => {
    const bringUp = new CarrierBringUp<PppoeLink>(host.stack, {
      name,
      dialText: "Looking for an access concentrator",
      advice: "check the cable and the VLAN, and that the line has PPPoE",
      session,
      make: (pppHost, own) =>
        new PppoeLink(pppHost, station, session, {
          ...own,
          sessionBegun: (sessionId, { acName }) =>
            own.connected(`${acName || "access concentrator"}, session ${sessionId}`, { acName, sessionId }),
        }),
    }, {
      ...handlers,
      packet: (direction, protocol, bytes, start, end) =>
        host.showPpp(direction, protocol, bytes, start, end),
    });
    return {
      modem: undefined,
      hasCommands: false,
      start: () => bringUp.start(),
      stop: () => bringUp.stop(),
    };
  };
  return { makeBringUp, close: () => driver.closeAndWait() };
}
