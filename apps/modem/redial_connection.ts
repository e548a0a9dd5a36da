/** {@linkcode RedialConnection}: calls one after the other, over one interface that stays.
 *
 * @module
 */
import { InterruptedError, type LinkHost } from "@lightwire/app-commands";
import { type Dial, DialSupervisor } from "@lightwire/ppp";
import { isFinalCause, type LinkCause } from "@lightwire/ppp/modem";
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
import type { Redial } from "./redial_options.ts";

/** Pause of a server before it listens again. */
const LISTEN_AGAIN_MS = 200;
/** A year. */
const FOR_EVER_MS = 365 * 86_400_000;

/** Why the last call ended. */
interface LastEnd {
  readonly cause: LinkCause | "closed";
  readonly message: string;
  readonly evidence: readonly string[];
}

/** A connection that is dialled again when it breaks, or dialled only when there is something to send. */
export class RedialConnection implements Connection {
  /** {@inheritDoc Connection.ended} */
  readonly ended: Promise<ConnectionEnd>;
  readonly #host: LinkHost;
  readonly #interface: PppInterface;
  readonly #makeBringUp: MakeBringUp;
  readonly #redial: Redial;
  readonly #handlers: ConnectionHandlers;
  readonly #supervisor: DialSupervisor;
  #bringUp: LinkBringUp | undefined = undefined;
  #current: ConnectionUp | undefined = undefined;
  /** A call may be made only when the one before has hung up. */
  #isLineBusy = false;
  #waiting: (() => void) | undefined = undefined;
  #last: LastEnd | undefined = undefined;
  #isStopping = false;
  #isOver = false;
  #onUp: (networkInterface: StackInterface) => void = () => {};
  #onEnded: (end: ConnectionEnd) => void = () => {};

  /** Makes a connection; {@linkcode connect} begins.
   *
   * @param isServer We are called: there is nobody to be patient with, and no end to the waiting.
   */
  constructor(
    host: LinkHost,
    pppInterface: PppInterface,
    makeBringUp: MakeBringUp,
    redial: Redial,
    isServer: boolean,
    handlers: ConnectionHandlers = {},
  ) {
    this.#host = host;
    this.#interface = pppInterface;
    this.#makeBringUp = makeBringUp;
    this.#redial = redial;
    this.#handlers = handlers;
    this.ended = new Promise((resolve) => this.#onEnded = resolve);
    this.#supervisor = new DialSupervisor(host.stack, this.#dial, {
      isOnDemand: redial.isOnDemand,
      ...(isServer ? { holdOffMs: LISTEN_AGAIN_MS, maxFailures: 0, dialTimeoutMs: FOR_EVER_MS } : {}),
      ...(redial.holdoffMs === undefined ? {} : { holdOffMs: redial.holdoffMs }),
    }, {
      up: (up) => {
        const { link } = this.#supervisor;
        if (link === undefined) return;
        this.#current = { link, up };
        const added = this.#interface.comesUp(this.#supervisor, up);
        queueMicrotask(() => this.#onUp(added));
      },
      down: () => void (this.#current = undefined),
      redialling: (_reason, message, inMs) => handlers.redialling?.(this.#last?.message ?? message, inMs),
      gaveUp: (_reason, message) => this.#giveUp(message),
      stateChanged: () => this.#settle(),
    });
  }

  /** {@inheritDoc Connection.bringUp} */
  get bringUp(): LinkBringUp | undefined {
    return this.#bringUp;
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
    const interrupt = (): void => void this.hangUp();
    signal.addEventListener("abort", interrupt, { once: true });
    pump.hold();
    try {
      this.#supervisor.start();
      if (this.#redial.isOnDemand) return this.#interface.awaits(this.#supervisor);
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
      this.#isStopping = true;
      this.#supervisor.stop();
      this.#settle();
      pump.requestFlush();
      return await this.ended;
    } finally {
      pump.release();
    }
  }

  readonly #dial: Dial = ({ handlers, linked, failed }) => {
    let isHungUp = false;
    let isLinked = false;
    let bringUp: LinkBringUp | undefined;
    const begin = (): void => {
      if (isHungUp) return this.#settle();
      this.#isLineBusy = true;
      bringUp = this.#bringUp = this.#makeBringUp({
        event: (event) => this.#handlers.event?.(event),
        signal: (signal) => this.#handlers.signal?.(signal),
        registration: (registration) => this.#handlers.registration?.(registration),
        phase: (phase) => handlers.phaseChanged?.(phase),
        link: (link) => {
          isLinked = true;
          linked(link);
        },
        up: (_link, up) => handlers.up?.(up),
        down: () => handlers.down?.(),
        sessionEnded: (end, message) => handlers.ended?.(end, message),
        ended: (cause, message, evidence) => {
          this.#last = { cause, message, evidence };
          this.#isLineBusy = false;
          if (!isLinked && cause !== "closed") failed(message, isFinalCause(cause));
          const next = this.#waiting;
          this.#waiting = undefined;
          next?.();
          this.#settle();
        },
      });
      bringUp.start();
    };
    if (this.#isLineBusy) this.#waiting = begin;
    else begin();
    return {
      hangUp: () => {
        isHungUp = true;
        bringUp?.stop();
      },
    };
  };

  #giveUp(message: string): void {
    this.#isStopping = true;
    const { cause, message: words, evidence } = this.#last ?? { cause: "closed", message, evidence: [] };
    if (cause !== "closed") this.#end(new LinkDownError(cause, words, evidence), words);
    this.#settle();
  }

  /** Over when no call is wanted and the line is free. */
  #settle(): void {
    if (this.#isStopping && !this.#isLineBusy && this.#supervisor.state === "Stopped") {
      this.#end(undefined, "Disconnected");
    }
  }

  #end(error: LinkDownError | undefined, message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnded({ error, message });
  }
}
