/** {@linkcode Connection}: a link from the line to the interface, as promises: until it is up, until it is over.
 *
 * @module
 */
import type { PppNetworkLink, PppUp } from "@lightwire/ppp";
import type {
  BringUpEvent,
  BringUpHandlers,
  LinkCause,
  ModemState,
  Registration,
  SignalQuality,
} from "@lightwire/ppp/modem";
import type { StackInterface } from "@lightwire/sockets";

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

/** The link is down, and nothing is wrong: a time was over. */
export class LinkClosedError extends Error {
  /** @param message why. */
  constructor(message: string) {
    super(message);
    this.name = "LinkClosedError";
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
  /** Another call follows. */
  redialling?(message: string, inMs: number): void;
}

/** A link that is up. */
export interface ConnectionUp {
  /** The link. */
  readonly link: PppNetworkLink;
  /** What was agreed on. */
  readonly up: PppUp;
}

/** A bring-up, as far as it is steered from here. */
export interface LinkBringUp {
  /** What is known of the modem; `undefined` where there is none. */
  readonly modem: Readonly<ModemState> | undefined;
  /** Whether commands get through to the modem now. */
  readonly hasCommands: boolean;
  /** Begins. */
  start(): void;
  /** Ends it in an orderly way; `ended` follows. */
  stop(): void;
}

/** Makes a bring-up over the line of the command line. */
export type MakeBringUp = (handlers: BringUpHandlers<PppNetworkLink>) => LinkBringUp;

/** The line of the command line, open. */
export interface OpenLine {
  /** How it is brought up. */
  readonly makeBringUp: MakeBringUp;
  /** Closes it, and what is behind it; it is as it was found. */
  close(): Promise<void>;
}

/** A link from the line to the interface. */
export interface Connection {
  /** Resolves when it is over, for good. */
  readonly ended: Promise<ConnectionEnd>;
  /** The present session, `undefined` while there is none. */
  readonly current: ConnectionUp | undefined;
  /** The present bring-up. */
  readonly bringUp: LinkBringUp | undefined;
  /** Brings the link up, and adds the interface.
   *
   * @param signal ends the waiting; the modem hangs up.
   * @throws {LinkDownError} when it does not come up.
   */
  connect(signal: AbortSignal): Promise<StackInterface>;
  /** LCP Terminate, hang up. Resolves when the line is free again. */
  hangUp(): Promise<ConnectionEnd>;
}
