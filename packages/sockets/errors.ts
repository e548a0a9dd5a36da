/** Errors of the socket API: {@linkcode NetError} with the name of the class that Deno would have thrown.
 *
 * Packages must run where there is no `Deno`, so errors cannot be instances of `Deno.errors.…`. Their `name` is
 * that of the Deno class, so `error.name === "ConnectionRefused"` works for both, and `error.code` says more.
 *
 * | `code` | POSIX | `name` |
 * |---|---|---|
 * | `CONNECTION_REFUSED` | ECONNREFUSED | ConnectionRefused |
 * | `CONNECTION_RESET` | ECONNRESET | ConnectionReset |
 * | `CONNECTION_ABORTED` | ECONNABORTED | ConnectionAborted |
 * | `BROKEN_PIPE` | EPIPE | BrokenPipe |
 * | `TIMED_OUT` | ETIMEDOUT | TimedOut |
 * | `HOST_UNREACHABLE` | EHOSTUNREACH | NetworkUnreachable |
 * | `NETWORK_UNREACHABLE` | ENETUNREACH | NetworkUnreachable |
 * | `PROTOCOL_UNREACHABLE` | ENOPROTOOPT | NotSupported |
 * | `NETWORK_DOWN` | ENETDOWN | NetworkUnreachable |
 * | `HOST_DOWN` | EHOSTDOWN | NetworkUnreachable |
 * | `ADDRESS_IN_USE` | EADDRINUSE | AddrInUse |
 * | `ADDRESS_NOT_AVAILABLE` | EADDRNOTAVAIL | AddrNotAvailable |
 * | `ALREADY_CONNECTED` | EISCONN | AlreadyExists |
 * | `NOT_CONNECTED` | ENOTCONN | NotConnected |
 * | `MESSAGE_TOO_LONG` | EMSGSIZE | InvalidData |
 * | `NO_BUFFERS` | ENOBUFS | Busy |
 * | `ACCESS_DENIED` | EACCES | PermissionDenied |
 * | `NAME_NOT_FOUND` | ENOENT | NotFound |
 * | `NAME_SERVER_FAILED` | EAGAIN | TimedOut |
 * | `INVALID_STATE` | EINVAL | InvalidData |
 * | `CLOSED` | EBADF | BadResource |
 *
 * @module
 */
import { NetError, type NetErrorCode, type NetErrorInit } from "@lightwire/netif/error";

export { NetError, type NetErrorCode, type NetErrorInit };

interface ErrorNames {
  readonly posix: string;
  readonly deno: string;
}

const NAMES: Readonly<Record<NetErrorCode, ErrorNames>> = {
  CONNECTION_REFUSED: { posix: "ECONNREFUSED", deno: "ConnectionRefused" },
  CONNECTION_RESET: { posix: "ECONNRESET", deno: "ConnectionReset" },
  CONNECTION_ABORTED: { posix: "ECONNABORTED", deno: "ConnectionAborted" },
  BROKEN_PIPE: { posix: "EPIPE", deno: "BrokenPipe" },
  TIMED_OUT: { posix: "ETIMEDOUT", deno: "TimedOut" },
  HOST_UNREACHABLE: { posix: "EHOSTUNREACH", deno: "NetworkUnreachable" },
  NETWORK_UNREACHABLE: { posix: "ENETUNREACH", deno: "NetworkUnreachable" },
  PROTOCOL_UNREACHABLE: { posix: "ENOPROTOOPT", deno: "NotSupported" },
  NETWORK_DOWN: { posix: "ENETDOWN", deno: "NetworkUnreachable" },
  HOST_DOWN: { posix: "EHOSTDOWN", deno: "NetworkUnreachable" },
  ADDRESS_IN_USE: { posix: "EADDRINUSE", deno: "AddrInUse" },
  ADDRESS_NOT_AVAILABLE: { posix: "EADDRNOTAVAIL", deno: "AddrNotAvailable" },
  ALREADY_CONNECTED: { posix: "EISCONN", deno: "AlreadyExists" },
  NOT_CONNECTED: { posix: "ENOTCONN", deno: "NotConnected" },
  MESSAGE_TOO_LONG: { posix: "EMSGSIZE", deno: "InvalidData" },
  NO_BUFFERS: { posix: "ENOBUFS", deno: "Busy" },
  ACCESS_DENIED: { posix: "EACCES", deno: "PermissionDenied" },
  NAME_NOT_FOUND: { posix: "ENOENT", deno: "NotFound" },
  NAME_SERVER_FAILED: { posix: "EAGAIN", deno: "TimedOut" },
  INVALID_STATE: { posix: "EINVAL", deno: "InvalidData" },
  CLOSED: { posix: "EBADF", deno: "BadResource" },
};

/** The name of the `Deno.errors` class that corresponds to `code`: "ConnectionRefused", …. */
export function denoErrorName(code: NetErrorCode): string {
  return NAMES[code].deno;
}

/** The POSIX name that corresponds to `code`: "ECONNREFUSED", …. */
export function posixErrorName(code: NetErrorCode): string {
  return NAMES[code].posix;
}

/** A {@linkcode NetError} under its Deno name. */
export function netError(code: NetErrorCode, message: string, init?: NetErrorInit): NetError {
  return withDenoName(new NetError(code, message, init));
}

/** Gives a {@linkcode NetError} of a lower layer its Deno name; leaves anything else alone. */
export function withDenoName<T>(error: T): T {
  if (error instanceof NetError) error.name = NAMES[error.code].deno;
  return error;
}
