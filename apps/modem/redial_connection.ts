/** {@linkcode RedialConnection}: calls one after the other, over one interface that stays.
 *
 * @module
 */
import type { LinkHost } from "@lightwire/app-commands";
import { type Dial, DialSupervisor } from "@lightwire/ppp";
import { isFinalCause, type LinkCause } from "@lightwire/ppp/modem";
import type { StackInterface } from "@lightwire/sockets";
import { AwaitedConnection } from "./awaited_connection.ts";
import { type ConnectionHandlers, type LinkBringUp, LinkDownError, type MakeBringUp } from "./connection.ts";
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
export class RedialConnection extends AwaitedConnection {
  readonly #makeBringUp: MakeBringUp;
  readonly #redial: Redial;
  readonly #handlers: ConnectionHandlers;
  readonly #supervisor: DialSupervisor;
  #bringUp: LinkBringUp | undefined = undefined;
  /** A call may be made only when the one before has hung up. */
  #isLineBusy = false;
  #waiting: (() => void) | undefined = undefined;
  #last: LastEnd | undefined = undefined;
  #isStopping = false;

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
    super(host, pppInterface);
    this.#makeBringUp = makeBringUp;
    this.#redial = redial;
    this.#handlers = handlers;
    this.#supervisor = new DialSupervisor(host.stack, this.#dial, {
      isOnDemand: redial.isOnDemand,
      ...(isServer ? { holdOffMs: LISTEN_AGAIN_MS, maxFailures: 0, dialTimeoutMs: FOR_EVER_MS } : {}),
      ...(redial.holdoffMs === undefined ? {} : { holdOffMs: redial.holdoffMs }),
    }, {
      up: (up) => {
        const { link } = this.#supervisor;
        if (link === undefined) return;
        this.isUp({ link, up }, this.interface.comesUp(this.#supervisor, up));
      },
      down: () => this.isDown(),
      redialling: (_reason, message, inMs) => handlers.redialling?.(this.#last?.message ?? message, inMs),
      gaveUp: (_reason, message) => this.#giveUp(message),
      stateChanged: () => this.#settle(),
    });
  }

  /** {@inheritDoc Connection.bringUp} */
  get bringUp(): LinkBringUp | undefined {
    return this.#bringUp;
  }

  /** {@inheritDoc AwaitedConnection.begin} */
  protected override begin(): StackInterface | undefined {
    this.#supervisor.start();
    return this.#redial.isOnDemand ? this.interface.awaits(this.#supervisor) : undefined;
  }

  /** {@inheritDoc AwaitedConnection.stop} */
  protected override stop(): void {
    this.#isStopping = true;
    this.#supervisor.stop();
    this.#settle();
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
    if (cause !== "closed") this.isEnded(new LinkDownError(cause, words, evidence), words);
    this.#settle();
  }

  /** Over when no call is wanted and the line is free. */
  #settle(): void {
    if (this.#isStopping && !this.#isLineBusy && this.#supervisor.state === "Stopped") {
      this.isEnded(undefined, "Disconnected");
    }
  }
}
