/** {@linkcode SingleConnection}: one call.
 *
 * @module
 */
import { InterruptedError, type LinkHost } from "@lightwire/app-commands";
import type { PppNetworkLink, PppUp } from "@lightwire/ppp";
import type { LinkCause } from "@lightwire/ppp/modem";
import type { StackInterface } from "@lightwire/sockets";
import {
  type Connection,
  type ConnectionEnd,
  type ConnectionHandlers,
  type ConnectionUp,
  type LinkBringUp,
  LinkDownError,
  type MakeBringUp,
} from "./connection.ts";
import type { PppInterface } from "./ppp_interface.ts";

/** A connection that is over when its call is. */
export class SingleConnection implements Connection {
  /** {@inheritDoc Connection.ended} */
  readonly ended: Promise<ConnectionEnd>;
  readonly #host: LinkHost;
  readonly #interface: PppInterface;
  readonly #bringUp: LinkBringUp;
  #current: ConnectionUp | undefined = undefined;
  #isOver = false;
  #onUp: (networkInterface: StackInterface) => void = () => {};
  #onEnded: (end: ConnectionEnd) => void = () => {};

  /** Makes a connection; {@linkcode connect} begins. */
  constructor(
    host: LinkHost,
    pppInterface: PppInterface,
    makeBringUp: MakeBringUp,
    handlers: ConnectionHandlers = {},
  ) {
    this.#host = host;
    this.#interface = pppInterface;
    this.ended = new Promise((resolve) => this.#onEnded = resolve);
    this.#bringUp = makeBringUp({
      event: (event) => handlers.event?.(event),
      signal: (signal) => handlers.signal?.(signal),
      registration: (registration) => handlers.registration?.(registration),
      up: (link, up) => this.#isUp(link, up),
      ended: (cause, message, evidence) => this.#isEnded(cause, message, evidence),
    });
  }

  /** {@inheritDoc Connection.bringUp} */
  get bringUp(): LinkBringUp {
    return this.#bringUp;
  }

  /** {@inheritDoc Connection.current} */
  get current(): ConnectionUp | undefined {
    return this.#current;
  }

  /** {@inheritDoc Connection.connect} */
  async connect(signal: AbortSignal): Promise<StackInterface> {
    signal.throwIfAborted();
    const { pump } = this.#host.stack;
    const whenUp = new Promise<StackInterface>((resolve) => this.#onUp = resolve);
    const interrupt = (): void => this.#bringUp.stop();
    signal.addEventListener("abort", interrupt, { once: true });
    pump.hold();
    try {
      this.#bringUp.start();
      pump.requestFlush();
      const first = await Promise.race([whenUp, this.ended]);
      signal.throwIfAborted();
      if ("netif" in first) return first;
      throw first.error ?? new InterruptedError();
    } finally {
      signal.removeEventListener("abort", interrupt);
      pump.release();
    }
  }

  /** {@inheritDoc Connection.hangUp} */
  async hangUp(): Promise<ConnectionEnd> {
    const { pump } = this.#host.stack;
    pump.hold();
    try {
      this.#bringUp.stop();
      pump.requestFlush();
      return await this.ended;
    } finally {
      pump.release();
    }
  }

  #isUp(link: PppNetworkLink, up: PppUp): void {
    this.#current = { link, up };
    const networkInterface = this.#interface.comesUp(link, up);
    // Not from inside of the link's upcall: whoever waits will send.
    queueMicrotask(() => this.#onUp(networkInterface));
  }

  #isEnded(cause: LinkCause | "closed", message: string, evidence: readonly string[]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = cause === "closed" ? undefined : new LinkDownError(cause, message, evidence);
    this.#onEnded({ error, message });
  }
}
