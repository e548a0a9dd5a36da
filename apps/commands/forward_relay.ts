/** {@linkcode relay}: two connections become one, each half of which may end by itself.
 *
 * @module
 */

/** A connection, of the host (`Deno.TcpConn`) or of the stack (`TcpConn`). */
export interface ByteStream {
  /** Reads at least one byte. @returns how many, `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes at least one byte; waits while there is no room. @returns how many. */
  write(data: Uint8Array): Promise<number>;
  /** Ends our direction. */
  closeWrite(): Promise<void>;
  /** Ends both. */
  close(): void;
  /** Sends small pieces at once (Nagle's algorithm off), where there is such a thing. */
  setNoDelay?(noDelay?: boolean): void;
}

/** Bytes under way in each direction of a relay: what one side reads is written to the other before more is read. */
export const RELAY_BUFFER_BYTES = 65_536;
/** How long nothing may pass, by default: half an hour. */
export const RELAY_IDLE_MS = 1_800_000;
/** How long nothing may pass once one side has ended, by default. */
export const RELAY_HALF_CLOSED_MS = 120_000;

/** Options of {@linkcode relay}. */
export interface RelayOptions {
  /** Ends it when aborted. */
  readonly signal: AbortSignal;
  /** Goes to `far` before anything else: what was read of `near` already. */
  readonly first?: Uint8Array;
  /** Default {@linkcode RELAY_IDLE_MS}. */
  readonly idleMs?: number;
  /** Default {@linkcode RELAY_HALF_CLOSED_MS}. */
  readonly halfClosedMs?: number;
}

/** How a relay ended. */
export interface RelayEnd {
  /** Bytes from `near` to `far`. */
  readonly upBytes: number;
  /** Bytes from `far` to `near`. */
  readonly downBytes: number;
  /** "closed" when both sides had ended, else what happened. */
  readonly reason: string;
}

/** Passes bytes both ways until both sides have ended, one fails, or nothing passes for too long; then both are closed. An end of
 * one side is passed on, and the other direction goes on. Slow readers slow the other side's writer down. Never throws. */
export async function relay(near: ByteStream, far: ByteStream, options: RelayOptions): Promise<RelayEnd> {
  const { signal, first, idleMs = RELAY_IDLE_MS, halfClosedMs = RELAY_HALF_CLOSED_MS } = options;
  const counts = { up: 0, down: 0 };
  let [lastAt, openHalves, reason] = [performance.now(), 2, ""];
  const end = (why: string): void => {
    if (reason !== "") return;
    reason = why;
    closeQuietly(near);
    closeQuietly(far);
  };
  const look = (): void => {
    const restMs = lastAt + (openHalves === 2 ? idleMs : halfClosedMs) - performance.now();
    if (restMs <= 0) end("idle");
    else timer = setTimeout(look, restMs);
  };
  const pump = async (from: ByteStream, to: ByteStream, which: "up" | "down"): Promise<void> => {
    const buffer = new Uint8Array(RELAY_BUFFER_BYTES);
    for (;;) {
      const length = await from.read(buffer);
      if (length === null) break;
      counts[which] += length;
      lastAt = performance.now();
      await writeAll(to, buffer.subarray(0, length));
      lastAt = performance.now();
    }
    await to.closeWrite();
    openHalves--;
    // The patience with a half-closed connection begins here, and is shorter.
    clearTimeout(timer);
    if (reason === "") look();
  };
  const abort = (): void => end("interrupted");
  // Whoever wrote has decided already how much to write at a time.
  near.setNoDelay?.(true);
  far.setNoDelay?.(true);
  signal.addEventListener("abort", abort, { once: true });
  let timer = setTimeout(look, Math.min(idleMs, halfClosedMs));
  try {
    if (signal.aborted) abort();
    if (first !== undefined && first.length > 0) {
      counts.up += first.length;
      await writeAll(far, first);
    }
    const fail = (error: Error): void => end(error.message);
    await Promise.all([pump(near, far, "up").catch(fail), pump(far, near, "down").catch(fail)]);
    end("closed");
  } catch (error) {
    end((error as Error).message);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
  return { upBytes: counts.up, downBytes: counts.down, reason };
}

/** Writes all of `data`. */
export async function writeAll(to: Pick<ByteStream, "write">, data: Uint8Array): Promise<void> {
  for (let rest = data; rest.length > 0;) rest = rest.subarray(await to.write(rest));
}

/** Closes what may be closed already. */
export function closeQuietly(stream: { close(): void }): void {
  try {
    stream.close();
  } catch {
    // It was closed before.
  }
}
