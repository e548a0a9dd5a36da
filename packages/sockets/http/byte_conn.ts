/** {@linkcode ByteConn}: what HTTP needs of a connection, so that TLS can be put in between.
 *
 * @module
 */
import type { NetAddr } from "../net_addr.ts";

/** A byte stream both ways. `TcpConn` is one; so is `Deno.Conn`, and what a TLS library makes of either. */
export interface ByteConn {
  /** Our end. */
  readonly localAddr: NetAddr;
  /** The peer's end. */
  readonly remoteAddr: NetAddr;
  /** Reads at most `into.length` bytes; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Sends bytes, perhaps not all, and returns how many. */
  write(data: Uint8Array): Promise<number>;
  /** Ends our direction. */
  closeWrite(): Promise<void>;
  /** Ends the connection; pending reads and writes are rejected. */
  close(): void;
  /** Ends the connection so that the peer sees it failed (RST); default: {@linkcode close}. */
  abort?(): void;
  /** Sends small pieces at once. */
  setNoDelay?(noDelay?: boolean): void;
  /** Lets the connection keep the process alive. */
  ref?(): void;
  /** Takes {@linkcode ref} back. */
  unref?(): void;
}

/** Sends all of `data`, also over a connection that takes it in parts. */
export async function writeAll(conn: ByteConn, data: Uint8Array): Promise<void> {
  let sent = await conn.write(data);
  while (sent < data.length) sent += await conn.write(data.subarray(sent));
}

/** Ends a connection; harmless when it has ended, which `Deno.Conn.close` is not. */
export function closeConn(conn: ByteConn): void {
  try {
    conn.close();
  } catch {
    // It was closed already.
  }
}

/** Ends a connection so that the peer notices that it did not end well. */
export function abortConn(conn: ByteConn): void {
  if (conn.abort !== undefined) conn.abort();
  else closeConn(conn);
}
