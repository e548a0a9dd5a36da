/** `socks [--listen 127.0.0.1:1080]`: a SOCKS and HTTP proxy, so that programs on this machine use the link.
 *
 * @module
 */
import type { Command, CommandContext } from "./context.ts";
import { type Endpoint, formatEndpoint, listenHost, parseEndpoint } from "./forward.ts";
import { closeQuietly } from "./forward_relay.ts";
import { MAX_CONNECTIONS, serveConnections } from "./forward_server.ts";
import { serveHttpProxy } from "./socks_http.ts";
import { serveSocks4, serveSocks5 } from "./socks_protocol.ts";
import { HandshakeError, HandshakeReader } from "./socks_reader.ts";
import { type ProxyCredentials, ProxySession } from "./socks_session.ts";
import { startStatusLine } from "./status_line.ts";
import { parseInteger } from "./units.ts";
import { type ParsedOptions, parseOptions, UsageError } from "./usage.ts";

/** Where it listens by default. */
export const DEFAULT_SOCKS_LISTEN = "127.0.0.1:1080";
/** How long a client may take to say what it wants, in milliseconds. */
export const HANDSHAKE_MS = 30_000;

/** How long a connection is drained after an answer that ended it, in milliseconds. */
const LINGER_MS = 1000;

/** The `socks` command. */
export const socksCommand: Command = {
  name: "socks",
  usage: `socks [--listen ${DEFAULT_SOCKS_LISTEN}] [--user U --password P|--password-file FILE] [--max N]`,
  summary: "SOCKS 5, SOCKS 4a and HTTP proxy on one port, so that programs on this machine use the link",
  prepare(args) {
    const o = parseOptions(args, { string: ["listen", "user", "password", "password-file", "max"] });
    if (o.words.length > 0) throw new UsageError(`Usage: ${socksCommand.usage}`);
    const listen = parseEndpoint(o.text("listen") ?? DEFAULT_SOCKS_LISTEN, "127.0.0.1");
    const max = parseInteger(o.text("max") ?? `${MAX_CONNECTIONS}`, "--max", 1, 65_535);
    const credentials = parseCredentials(o);
    return (context) => socks(context, listen, max, credentials);
  },
};

/** @throws {UsageError} when they make no sense. */
function parseCredentials(o: ParsedOptions): ProxyCredentials | undefined {
  const [user, file] = [o.text("user"), o.text("password-file")];
  const password = file === undefined ? o.text("password") : readPassword(file);
  if (user === undefined && password === undefined) return undefined;
  if (user === undefined || password === undefined) {
    throw new UsageError("--user and --password (or --password-file) belong together.");
  }
  if (byteLength(user) > 255 || byteLength(password) > 255) {
    throw new UsageError("--user and --password may have 255 bytes each (RFC 1929).");
  }
  return { user, password };
}

/** The first line of a file. */
function readPassword(path: string): string {
  try {
    return Deno.readTextFileSync(path).split(/\r?\n/, 1)[0]!;
  } catch (error) {
    throw new UsageError(`Cannot read --password-file "${path}": ${(error as Error).message}`);
  }
}

async function socks(
  context: CommandContext,
  listen: Endpoint,
  max: number,
  credentials: ProxyCredentials | undefined,
): Promise<number> {
  const { output, signal } = context;
  const listener = listenHost(listen);
  const { hostname: address, port } = listener.addr as Deno.NetAddr;
  const where = formatEndpoint({ hostname: address, port });
  output.event(
    "listening",
    { service: "socks", address, port, hasPassword: credentials !== undefined },
    `SOCKS and HTTP proxy on ${where}; Ctrl-C ends it\n` +
      `  curl --proxy socks5h://${where} http://…    export http_proxy=http://${where} https_proxy=http://${where}`,
  );
  const isLoopback = address === "::1" || address.startsWith("127.");
  if (!isLoopback && credentials === undefined) {
    output.note(
      "Anybody who can reach this machine can use the link: --user and --password ask for a password",
    );
  }
  const endStatus = startStatusLine(context);
  try {
    await serveConnections(listener, {
      max,
      signal,
      refused: (why) => output.note(`A connection was refused: ${why}`),
      serve: (near) => serveClient(context, near, credentials),
    });
  } finally {
    endStatus();
  }
  signal.throwIfAborted();
  return 0;
}

/** Serves one connection, in the protocol that its first byte shows. */
async function serveClient(
  context: CommandContext,
  near: Deno.TcpConn,
  credentials: ProxyCredentials | undefined,
): Promise<void> {
  const { output, signal } = context;
  const giveUp = (): void => closeQuietly(near);
  const timer = setTimeout(giveUp, HANDSHAKE_MS);
  signal.addEventListener("abort", giveUp, { once: true });
  const ready = (): void => {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  };
  const session = new ProxySession(context, near, credentials, ready);
  const reader = new HandshakeReader(near);
  try {
    const first = await reader.peek();
    if (first === 5) await serveSocks5(session, reader);
    else if (first === 4) await serveSocks4(session, reader);
    else if (isLetter(first)) await serveHttpProxy(session, reader);
    else throw new HandshakeError("the client speaks neither SOCKS nor HTTP");
    await linger(near);
  } catch (error) {
    output.detail(`${session.client}: ${(error as Error).message}`);
  } finally {
    ready();
    closeQuietly(near);
  }
}

/** Ends our direction and waits a little for the client's: an answer might be lost with a connection that is closed while the
 * client still sends (RFC 9112 §9.6). */
async function linger(near: Deno.TcpConn): Promise<void> {
  const timer = setTimeout(() => closeQuietly(near), LINGER_MS);
  try {
    await near.closeWrite();
    const buffer = new Uint8Array(4096);
    while (await near.read(buffer) !== null);
  } catch {
    // It was closed already, or is now.
  } finally {
    clearTimeout(timer);
  }
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
