/** {@linkcode NetError}: what the network said, as one class with a closed set of codes.
 *
 * @module
 */

/** Why an operation failed. */
export type NetErrorCode =
  | "CONNECTION_REFUSED" // ECONNREFUSED
  | "CONNECTION_RESET" // ECONNRESET
  | "CONNECTION_ABORTED" // ECONNABORTED
  | "BROKEN_PIPE" // EPIPE
  | "TIMED_OUT" // ETIMEDOUT
  | "HOST_UNREACHABLE" // EHOSTUNREACH
  | "NETWORK_UNREACHABLE" // ENETUNREACH
  | "PROTOCOL_UNREACHABLE" // ENOPROTOOPT
  | "NETWORK_DOWN" // ENETDOWN
  | "HOST_DOWN" // EHOSTDOWN
  | "ADDRESS_IN_USE" // EADDRINUSE
  | "ADDRESS_NOT_AVAILABLE" // EADDRNOTAVAIL
  | "ALREADY_CONNECTED" // EISCONN
  | "NOT_CONNECTED" // ENOTCONN
  | "MESSAGE_TOO_LONG" // EMSGSIZE
  | "NO_BUFFERS" // ENOBUFS / ENOMEM
  | "ACCESS_DENIED" // EACCES (broadcast without permission)
  | "NAME_NOT_FOUND" // ENOENT (DNS: NXDOMAIN, no data)
  | "NAME_SERVER_FAILED" // EAI_AGAIN
  | "INVALID_STATE" // EINVAL
  | "CLOSED"; // EBADF

/** Structured facts of a {@linkcode NetError}. */
export interface NetErrorInit {
  /** Our address, as text. */
  readonly localAddress?: string;
  /** Our port. */
  readonly localPort?: number;
  /** The peer's address, as text. */
  readonly remoteAddress?: string;
  /** The peer's port. */
  readonly remotePort?: number;
  /** The lower error. */
  readonly cause?: unknown;
}

/** An operation was refused by the network or by a limit. */
export class NetError extends Error {
  /** The reason. */
  readonly code: NetErrorCode;
  /** Our address, as text, where known. */
  readonly localAddress: string | undefined;
  /** Our port, where known. */
  readonly localPort: number | undefined;
  /** The peer's address, as text, where known. */
  readonly remoteAddress: string | undefined;
  /** The peer's port, where known. */
  readonly remotePort: number | undefined;

  /** Makes an error.
   *
   * @param message one sentence: "Cannot connect to 10.0.0.2:80 from 10.0.0.1:49152: connection refused by peer".
   */
  constructor(code: NetErrorCode, message: string, init: NetErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "NetError";
    this.code = code;
    this.localAddress = init.localAddress;
    this.localPort = init.localPort;
    this.remoteAddress = init.remoteAddress;
    this.remotePort = init.remotePort;
  }
}
