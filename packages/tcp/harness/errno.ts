/** {@linkcode Errno}: why a call of a {@linkcode HarnessSocket} was refused, by its POSIX name.
 *
 * @module
 */
import { NetError, type NetErrorCode } from "@lightwire/netif";

/** What a socket call may fail with. */
export type Errno =
  | "EACCES"
  | "EADDRINUSE"
  | "EADDRNOTAVAIL"
  | "EAGAIN"
  | "EALREADY"
  | "EBADF"
  | "ECONNABORTED"
  | "ECONNREFUSED"
  | "ECONNRESET"
  | "EHOSTDOWN"
  | "EHOSTUNREACH"
  | "EINPROGRESS"
  | "EFAULT"
  | "EINVAL"
  | "EISCONN"
  | "EMSGSIZE"
  | "ENETDOWN"
  | "ENETUNREACH"
  | "ENOBUFS"
  | "ENOENT"
  | "ENOPROTOOPT"
  | "ENOTCONN"
  | "EOPNOTSUPP"
  | "EPIPE"
  | "ETIMEDOUT";

const ERRNO_OF: Readonly<Record<NetErrorCode, Errno>> = {
  CONNECTION_REFUSED: "ECONNREFUSED",
  CONNECTION_RESET: "ECONNRESET",
  CONNECTION_ABORTED: "ECONNABORTED",
  BROKEN_PIPE: "EPIPE",
  TIMED_OUT: "ETIMEDOUT",
  HOST_UNREACHABLE: "EHOSTUNREACH",
  NETWORK_UNREACHABLE: "ENETUNREACH",
  PROTOCOL_UNREACHABLE: "ENOPROTOOPT",
  NETWORK_DOWN: "ENETDOWN",
  HOST_DOWN: "EHOSTDOWN",
  ADDRESS_IN_USE: "EADDRINUSE",
  ADDRESS_NOT_AVAILABLE: "EADDRNOTAVAIL",
  ALREADY_CONNECTED: "EISCONN",
  NOT_CONNECTED: "ENOTCONN",
  MESSAGE_TOO_LONG: "EMSGSIZE",
  NO_BUFFERS: "ENOBUFS",
  ACCESS_DENIED: "EACCES",
  NAME_NOT_FOUND: "ENOENT",
  NAME_SERVER_FAILED: "EAGAIN",
  INVALID_STATE: "EINVAL",
  CLOSED: "EBADF",
};

/** The errno that a code of the stack's means. */
export function errnoOf(code: NetErrorCode): Errno {
  return ERRNO_OF[code];
}

/** Runs a call of the stack's, and turns what it throws into an errno: what the network said into its own, misuse into
 * EINVAL. */
export function attempt<T>(call: () => T): T | Errno {
  try {
    return call();
  } catch (error) {
    if (error instanceof NetError) return ERRNO_OF[error.code];
    if (error instanceof RangeError || error instanceof TypeError) return "EINVAL";
    throw error;
  }
}
