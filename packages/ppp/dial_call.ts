/** What a {@linkcode DialSupervisor} needs: a function that dials.
 *
 * @module
 */
import type { PppLinkHandlers, PppNetworkLink } from "./ppp_network_link.ts";

/** What a dial function tells: one of `linked` and `failed`, also before it returns. */
export interface DialCallbacks {
  /** Handlers to make the link with. */
  readonly handlers: PppLinkHandlers;
  /** The call is through: the link negotiates from now on. */
  linked(link: PppNetworkLink): void;
  /** There will be no link.
   *
   * @param message What the modem or the network said.
   * @param isFinal Whether the next attempt would fail in the same way, such as a wrong PIN; default false.
   */
  failed(message: string, isFinal?: boolean): void;
}

/** A call that is being made, or was. */
export interface DialledCall {
  /** Ends it: an attempt is given up; after a session, which has had its farewell, the modem hangs up and the link is closed.
   * Called once for each call, whoever has ended it; what is told afterwards is not heard. */
  hangUp(): void;
}

/** Makes a call. */
export type Dial = (callbacks: DialCallbacks) => DialledCall;
