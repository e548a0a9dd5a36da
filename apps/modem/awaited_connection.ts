/** {@linkcode AwaitedConnection}: what every connection does while somebody waits for it.
 *
 * @module
 */
import { InterruptedError, type LinkHost } from "@lightwire/app-commands";
import type { StackInterface } from "@lightwire/sockets";
import type { Connection, ConnectionEnd, ConnectionUp, LinkBringUp, LinkDownError } from "./connection.ts";
import type { PppInterface } from "./ppp_interface.ts";

/** A connection as promises; how calls are made is the subclass's. */
export abstract class AwaitedConnection implements Connection {
  /** {@inheritDoc Connection.ended} */
  readonly ended: Promise<ConnectionEnd>;
  /** {@inheritDoc Connection.bringUp} */
  abstract readonly bringUp: LinkBringUp | undefined;
  /** The interface of the stack. */
  protected readonly interface: PppInterface;
  readonly #host: LinkHost;
  #current: ConnectionUp | undefined = undefined;
  #isOver = false;
  #onUp: (networkInterface: StackInterface) => void = () => {};
  #onEnded: (end: ConnectionEnd) => void = () => {};

  /** Makes a connection; {@linkcode connect} begins. */
  constructor(host: LinkHost, pppInterface: PppInterface) {
    this.#host = host;
    this.interface = pppInterface;
    this.ended = new Promise((resolve) => this.#onEnded = resolve);
  }

  /** {@inheritDoc Connection.current} */
  get current(): ConnectionUp | undefined {
    return this.#current;
  }

  /** {@inheritDoc Connection.connect} On demand there is no link yet when it resolves. */
  async connect(signal: AbortSignal): Promise<StackInterface> {
    signal.throwIfAborted();
    const { pump } = this.#host.stack;
    const whenUp = new Promise<StackInterface>((resolve) => this.#onUp = resolve);
    const interrupt = (): void => {
      this.stop();
      pump.requestFlush();
    };
    signal.addEventListener("abort", interrupt, { once: true });
    pump.hold();
    try {
      const early = this.begin();
      if (early !== undefined) return early;
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
      this.stop();
      pump.requestFlush();
      return await this.ended;
    } finally {
      pump.release();
    }
  }

  /** Makes the first call. @returns the interface, if nobody has to wait for the link. */
  protected abstract begin(): StackInterface | undefined;

  /** Hangs up; {@linkcode isEnded} follows. */
  protected abstract stop(): void;

  /** A call has brought the link up.
   *
   * @param networkInterface what was given to the stack.
   */
  protected isUp(current: ConnectionUp, networkInterface: StackInterface): void {
    this.#current = current;
    // Not from inside of the link's upcall: whoever waits will send.
    queueMicrotask(() => this.#onUp(networkInterface));
  }

  /** The link is down; another call may follow. */
  protected isDown(): void {
    this.#current = undefined;
  }

  /** It is over; told once. */
  protected isEnded(error: LinkDownError | undefined, message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnded({ error, message });
  }
}
