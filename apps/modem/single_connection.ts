/** {@linkcode SingleConnection}: one call.
 *
 * @module
 */
import type { LinkHost } from "@lightwire/app-commands";
import { AwaitedConnection } from "./awaited_connection.ts";
import { type ConnectionHandlers, type LinkBringUp, LinkDownError, type MakeBringUp } from "./connection.ts";
import type { PppInterface } from "./ppp_interface.ts";

/** A connection that is over when its call is. */
export class SingleConnection extends AwaitedConnection {
  /** {@inheritDoc Connection.bringUp} */
  readonly bringUp: LinkBringUp;

  /** Makes a connection; {@linkcode connect} begins. */
  constructor(
    host: LinkHost,
    pppInterface: PppInterface,
    makeBringUp: MakeBringUp,
    handlers: ConnectionHandlers = {},
  ) {
    super(host, pppInterface);
    this.bringUp = makeBringUp({
      event: (event) => handlers.event?.(event),
      signal: (signal) => handlers.signal?.(signal),
      registration: (registration) => handlers.registration?.(registration),
      up: (link, up) => this.isUp({ link, up }, this.interface.comesUp(link, up)),
      ended: (cause, message, evidence) => {
        this.isEnded(cause === "closed" ? undefined : new LinkDownError(cause, message, evidence), message);
      },
    });
  }

  /** {@inheritDoc AwaitedConnection.begin} */
  protected override begin(): undefined {
    this.bringUp.start();
  }

  /** {@inheritDoc AwaitedConnection.stop} */
  protected override stop(): void {
    this.bringUp.stop();
  }
}
