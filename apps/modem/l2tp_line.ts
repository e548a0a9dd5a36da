/** {@linkcode openL2tpLine}: PPP in an L2TP tunnel over the host's own UDP, and how it is brought up.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import type { LinkHost } from "@lightwire/app-commands";
import { copyTo, type Pbuf } from "@lightwire/pbuf";
import type { PppNetworkLink } from "@lightwire/ppp";
import { type BringUpHandlers, CarrierBringUp } from "@lightwire/ppp/modem";
import { L2TP_PORT, L2tpLink } from "@lightwire/ppp/l2tp";
import { sessionSettings } from "./bring_up_settings.ts";
import type { LinkBringUp, OpenLine } from "./connection.ts";
import type { PppupLink } from "./link_options.ts";
import type { PppupOptions } from "./options.ts";

/** A tunnel to a network server. */
export type L2tpTarget = Extract<PppupLink, { readonly kind: "l2tp" }>;

/** Opens a UDP socket towards the network server (LNS).
 *
 * @throws {Error} when its name does not resolve.
 */
export async function openL2tpLine(o: PppupOptions, host: LinkHost, target: L2tpTarget): Promise<OpenLine> {
  const socket = createSocket("udp4");
  const port = target.port ?? L2TP_PORT;
  const name = `${target.hostname}:${port}`;
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.connect(port, target.hostname, () => {
      socket.off("error", reject);
      resolve();
    });
  });
  let link: L2tpLink | undefined;
  // A refused datagram is an answer too: the tunnel's own retries tell in the end.
  socket.on("error", () => {});
  socket.on("message", (data: Uint8Array) => {
    link?.datagramInput(data, 0, data.length);
    link?.frameInputEnds();
    host.stack.flush();
  });
  const transport = {
    send: (p: Pbuf): void => {
      const bytes = new Uint8Array(p.totalLength);
      copyTo(p, bytes);
      p.release();
      socket.send(bytes);
    },
    flush: (): void => {},
  };
  const session = sessionSettings(o);
  const tunnel = target.secret === undefined ? {} : { secret: target.secret };
  const makeBringUp = (handlers: BringUpHandlers<PppNetworkLink>): LinkBringUp => {
    const bringUp = new CarrierBringUp<L2tpLink>(host.stack, {
      name,
      dialText: "Opening a tunnel",
      advice: "check that it is an L2TP server (without IPsec) and the tunnel secret",
      session,
      make: (pppHost, own) => {
        link = new L2tpLink(pppHost, transport, { ...session, tunnel }, {
          ...own,
          connected: (peerName) => own.connected(`tunnel to ${peerName || name}`, { peerName }),
        });
        return link;
      },
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
  const close = (): Promise<void> => new Promise((resolve) => socket.close(() => resolve()));
  return { makeBringUp, close };
}
