/** {@linkcode ModemConnection}: one bring-up, as promises: until it is up, until it is over.
 *
 * @module
 */
import type { LinkHost } from "@lightwire/app-commands";
import { InterruptedError } from "@lightwire/app-commands";
import type { PppLink, PppUp } from "@lightwire/ppp";
import {
  type BringUpEvent,
  type BringUpOptions,
  type LinkCause,
  ModemBringUp,
  type Registration,
  type SignalQuality,
} from "@lightwire/ppp/modem";
import type { StackInterface } from "@lightwire/sockets";
import type { OpenPort } from "./open_port.ts";

/** The link is down, or did not come up: exit status 1. */
export class LinkDownError extends Error {
  /** Why, as a word that a program can compare. */
  override readonly cause: LinkCause;
  /** What was said before. */
  readonly evidence: readonly string[];

  /** @param message one sentence which says what to do next. */
  constructor(cause: LinkCause, message: string, evidence: readonly string[]) {
    super(message);
    this.name = "LinkDownError";
    this.cause = cause;
    this.evidence = evidence;
  }
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** Why; `undefined` when nothing is wrong: we hung up, or a time was over. */
  readonly error: LinkDownError | undefined;
  /** The same in words. */
  readonly message: string;
}

/** What a connection tells. */
export interface ConnectionHandlers {
  /** A step began, ended, or has something to say. */
  event?(event: BringUpEvent): void;
  /** The signal was measured. */
  signal?(signal: SignalQuality): void;
  /** The network told of the registration. */
  registration?(registration: Registration): void;
}

/** A link that is up. */
export interface ConnectionUp {
  /** The link. */
  readonly link: PppLink;
  /** What was agreed on. */
  readonly up: PppUp;
  /** The interface over it. */
  readonly networkInterface: StackInterface;
}

/** One connection over one port. */
export class ModemConnection {
  /** Resolves when it is over. */
  readonly ended: Promise<ConnectionEnd>;
  readonly #host: LinkHost;
  readonly #options: BringUpOptions;
  readonly #attach: (link: PppLink, up: PppUp) => StackInterface;
  readonly #bringUp: ModemBringUp;
  readonly #handlers: ConnectionHandlers;
  #up: ConnectionUp | undefined = undefined;
  #isOver = false;
  #onUp: (up: ConnectionUp) => void = () => {};
  #onEnded: (end: ConnectionEnd) => void = () => {};

  /** Makes a connection; {@linkcode connect} begins.
   *
   * @param attach adds the interface when the link is up.
   */
  constructor(
    host: LinkHost,
    { port }: OpenPort,
    options: BringUpOptions,
    attach: (link: PppLink, up: PppUp) => StackInterface,
    handlers: ConnectionHandlers = {},
  ) {
    this.#host = host;
    this.#options = options;
    this.#attach = attach;
    this.#handlers = handlers;
    this.ended = new Promise((resolve) => this.#onEnded = resolve);
    this.#bringUp = new ModemBringUp(host.stack, port, options, {
      event: (event) => handlers.event?.(event),
      up: (link, up) => this.#isUp(link, up),
      ended: (cause, message, evidence) => this.#isEnded(cause, message, evidence),
      at: ({ direction, text }) => host.showAt(direction === "sent" ? "outbound" : "inbound", text),
      packet: (direction, protocol, bytes, start, end) =>
        host.showPpp(direction, protocol, bytes, start, end),
      signal: (signal) => handlers.signal?.(signal),
      registration: (registration) => handlers.registration?.(registration),
    });
  }

  /** The bring-up below. */
  get bringUp(): ModemBringUp {
    return this.#bringUp;
  }

  /** The link, once it is up. */
  get current(): ConnectionUp | undefined {
    return this.#up;
  }

  /** Brings the link up.
   *
   * @param signal ends the waiting; the modem hangs up.
   * @throws {LinkDownError} when it does not come up.
   */
  async connect(signal: AbortSignal): Promise<ConnectionUp> {
    signal.throwIfAborted();
    const { pump } = this.#host.stack;
    const whenUp = new Promise<ConnectionUp>((resolve) => this.#onUp = resolve);
    const interrupt = (): void => this.#bringUp.stop();
    signal.addEventListener("abort", interrupt, { once: true });
    pump.hold();
    try {
      this.#bringUp.start();
      pump.requestFlush();
      const first = await Promise.race([whenUp, this.ended]);
      signal.throwIfAborted();
      if ("link" in first) return first;
      throw first.error ?? new InterruptedError();
    } finally {
      signal.removeEventListener("abort", interrupt);
      pump.release();
    }
  }

  /** LCP Terminate, hang up. Resolves when the modem is in command mode again. */
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

  /** Whether commands for the modem get through while the link is up. */
  get hasCommands(): boolean {
    return this.#options.cmux === true && this.#bringUp.commands !== undefined;
  }

  #isUp(link: PppLink, up: PppUp): void {
    const networkInterface = this.#up?.networkInterface ?? this.#attach(link, up);
    const current = { link, up, networkInterface };
    this.#up = current;
    // Not from inside of the link's upcall: whoever waits will send.
    queueMicrotask(() => this.#onUp(current));
  }

  #isEnded(cause: LinkCause | "closed", message: string, evidence: readonly string[]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnded({
      error: cause === "closed" ? undefined : new LinkDownError(cause, message, evidence),
      message,
    });
  }
}
