/** {@linkcode serveConnections}: accepts connections, a bounded number at a time, and tells what becomes of each.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { type ByteStream, closeQuietly, relay, type RelayEnd } from "./forward_relay.ts";
import { formatBytes } from "./units.ts";

/** Connections at a time, by default. */
export const MAX_CONNECTIONS = 256;
/** How long it waits after an accept that failed (too many open files), in milliseconds. */
const ACCEPT_PAUSE_MS = 100;

/** Accepts connections: `Deno.TcpListener`, or that of the stack. */
export interface Acceptor<C extends ByteStream> {
  /** Waits for the next one. */
  accept(): Promise<C>;
  /** Ends it; a pending accept is rejected. */
  close(): void;
}

/** Options of {@linkcode serveConnections}. */
export interface ServeOptions<C extends ByteStream> {
  /** Connections at a time; more are closed at once. */
  readonly max: number;
  /** Ends it when aborted, and with it all connections: `serve` must heed it too. */
  readonly signal: AbortSignal;
  /** Serves one connection, and closes it. */
  readonly serve: (conn: C) => Promise<void>;
  /** There were too many connections, or accepting failed. */
  readonly refused: (why: string) => void;
}

/** Serves until the signal aborts; returns when the last connection is over. */
export async function serveConnections<C extends ByteStream>(
  listener: Acceptor<C>,
  { max, signal, serve, refused }: ServeOptions<C>,
): Promise<void> {
  const active = new Set<Promise<void>>();
  const stop = (): void => closeQuietly(listener);
  signal.addEventListener("abort", stop, { once: true });
  while (!signal.aborted) {
    let conn: C;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (signal.aborted) break;
      refused((error as Error).message);
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      continue;
    }
    if (active.size >= max || signal.aborted) {
      closeQuietly(conn);
      refused(`more than ${max} connections`);
      continue;
    }
    const served = serve(conn).catch((error) => refused((error as Error).message)).finally(() => {
      closeQuietly(conn);
      active.delete(served);
    });
    active.add(served);
  }
  signal.removeEventListener("abort", stop);
  stop();
  await Promise.all(active);
}

/** Who is connected with whom. */
export interface RelayedPair {
  /** How it was asked for: "socks5", "forward", …. */
  readonly protocol: string;
  /** The end that asked, like "127.0.0.1:40000". */
  readonly client: string;
  /** The other end, as it was asked for. */
  readonly target: string;
}

let lastId = 0;

/** Connects two ends, with events before and after: `connection`, then `closed` with its number of bytes. */
export async function relayWithEvents(
  { output, signal }: CommandContext,
  pair: RelayedPair,
  near: ByteStream,
  far: ByteStream,
  options: { readonly first?: Uint8Array; readonly idleMs?: number } = {},
): Promise<void> {
  const id = ++lastId;
  const startedAt = performance.now();
  output.event("connection", { id, ...pair }, `${pair.client} → ${pair.target} (${pair.protocol})`);
  const end: RelayEnd = await relay(near, far, { signal, ...options });
  const seconds = Math.round(performance.now() - startedAt) / 1000;
  output.event("closed", { id, ...pair, ...end, seconds });
  output.detail(
    `${pair.client} → ${pair.target}: ${end.reason} after ${seconds} s, ` +
      `${formatBytes(end.upBytes)} up, ${formatBytes(end.downBytes)} down`,
  );
}

/** Tells that an end could not be reached: the event `failed`, and a line. */
export function tellFailure({ output }: CommandContext, pair: RelayedPair, error: unknown): void {
  const message = (error as Error).message;
  output.event(
    "failed",
    { ...pair, message },
    `${pair.client} → ${pair.target} (${pair.protocol}): ${message}`,
  );
}
