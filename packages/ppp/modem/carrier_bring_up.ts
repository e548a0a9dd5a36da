/** {@linkcode CarrierBringUp}: a link whose carrier connects itself, such as PPPoE or L2TP, brought up with the steps and causes of
 * a modem.
 *
 * @module
 */
import type { PppLinkHandlers, PppNetworkLink } from "../ppp_network_link.ts";
import type { PppHost, PppSessionOptions } from "../ppp_session.ts";
import { BringUpLog } from "./bring_up_log.ts";
import type { BringUpHandlers } from "./bring_up_options.ts";
import { BringUpSession } from "./bring_up_ppp.ts";
import type { LinkCause } from "./link_cause.ts";

/** How long an orderly end may take. */
const STOP_MS = 5000;

/** What a carrier tells while it connects. */
export interface CarrierHandlers extends PppLinkHandlers {
  /** The carrier is connected: PPP begins.
   *
   * @param text With whom, a line for people.
   */
  connected(text: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A carrier. */
export interface CarrierBringUpOptions<L extends PppNetworkLink> {
  /** What it runs over: `eth0`. */
  readonly name: string;
  /** What connecting is: `Looking for an access concentrator`. */
  readonly dialText: string;
  /** What nobody answering means, and what to do about it. */
  readonly advice: string;
  /** PPP. */
  readonly session: PppSessionOptions;
  /** Makes the link. */
  make(host: PppHost, handlers: CarrierHandlers): L;
}

/** One bring-up. */
export class CarrierBringUp<L extends PppNetworkLink> {
  readonly #log: BringUpLog<L>;
  readonly #options: CarrierBringUpOptions<L>;
  readonly #session: BringUpSession<L>;
  #isConnected = false;
  #isEnded = false;

  /** Makes a bring-up; {@linkcode start} begins. */
  constructor(host: PppHost, options: CarrierBringUpOptions<L>, handlers: BringUpHandlers<L>) {
    this.#options = options;
    const log = this.#log = new BringUpLog<L>(host, handlers, (cause, message) => {
      this.#end(cause, message, log.evidence);
    });
    this.#session = new BringUpSession<L>(
      log,
      options.session,
      (own) => this.#make(host, own),
      (message) => this.#end("closed", message, []),
    );
  }

  /** The link. */
  get link(): L {
    return this.#session.link;
  }

  /** Begins. */
  start(): void {
    const log = this.#log;
    const { name, dialText } = this.#options;
    log.begin("port", `Opening ${name}`);
    log.done(name, { device: name });
    log.begin("dial", dialText);
    log.handlers.link?.(this.#session.link);
    this.#session.link.start();
  }

  /** Ends in an orderly way; `ended("closed", …)` follows. Harmless when it is over. */
  stop(): void {
    if (this.#isEnded || this.#log.isOver) return;
    this.#log.end();
    const late = this.#log.host.timers.create(() => this.#end("closed", "Disconnected", []));
    this.#stopLate = () => late.stop();
    late.start(STOP_MS);
    this.#session.link.stop();
  }

  #stopLate: () => void = () => {};

  #make(host: PppHost, own: PppLinkHandlers): L {
    return this.#options.make(host, {
      ...own,
      connected: (text, fields) => {
        this.#isConnected = true;
        if (this.#log.isOver) return;
        this.#log.done(text, fields);
        this.#session.begin();
      },
      ended: (end, message) => {
        if (this.#isConnected || end === "closed") return own.ended?.(end, message);
        this.#log.fail("no-carrier", message || "Nobody answers", this.#options.advice, { end, message });
        this.#log.handlers.sessionEnded?.(end, message);
      },
    });
  }

  #end(cause: LinkCause | "closed", message: string, evidence: readonly string[]): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopLate();
    this.#log.handlers.ended(cause, message, evidence);
  }
}
