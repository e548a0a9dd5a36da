/** What an L2TP tunnel and its calls tell, and are told.
 *
 * @module
 */
import type { L2tpRetryOptions } from "./l2tp_control_channel.ts";

/** State of a tunnel. */
export type L2tpTunnelState = "Idle" | "WaitReply" | "WaitConnected" | "Established" | "Closed";

/** Options of `L2tpTunnel`. */
export interface L2tpTunnelOptions extends L2tpRetryOptions {
  /** Which end; default "lac". */
  readonly role?: "lac" | "lns";
  /** Our name; default "lightwire". */
  readonly hostName?: string;
  /** The tunnel's secret: given, both ends have to prove that they know it. */
  readonly secret?: string;
  /** Time without a message until a HELLO; default 60,000 ms, 0 for none. */
  readonly helloMs?: number;
  /** Calls at a time; default 64. */
  readonly maxCalls?: number;
}

/** One call, as its user sees it. */
export interface L2tpCallOwner {
  /** PPP may begin. */
  callConnected(call: L2tpCall): void;
  /** The call is over. */
  callEnded(call: L2tpCall, message: string): void;
}

/** What an `L2tpTunnel` tells its owner. */
export interface L2tpTunnelOwner {
  /** Sends a datagram to the other end. */
  sendDatagram(bytes: Uint8Array): void;
  /** The tunnel is there; `peerName` is what its other end calls itself. */
  tunnelUp?(peerName: string): void;
  /** The tunnel is gone; its calls have been told before. */
  tunnelClosed?(message: string): void;
  /** Nothing of the tunnel is needed any more: its last messages are acknowledged, or were waited for long enough. */
  tunnelReleased?(): void;
  /** LNS: somebody calls. Without an answer the call is refused. */
  incomingCall?(): L2tpCallOwner | undefined;
}

/** One call of a tunnel. */
export interface L2tpCall {
  /** Our id of it: in what arrives. */
  readonly localId: number;
  /** The peer's id of it: in what we send; 0 before it has told. */
  readonly peerId: number;
}
