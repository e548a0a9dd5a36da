/** `forward LOCAL:PORT HOST:PORT …`: ports of this machine lead into the network, and with `-R` the other way.
 *
 * @module
 */
import type { Command, CommandContext } from "./context.ts";
import { DatagramForwarder, type DatagramPort, openHostPort, openStackPort } from "./forward_datagrams.ts";
import { type ByteStream, closeQuietly } from "./forward_relay.ts";
import {
  type Acceptor,
  MAX_CONNECTIONS,
  type RelayedPair,
  relayWithEvents,
  serveConnections,
  tellFailure,
} from "./forward_server.ts";
import { startStatusLine } from "./status_line.ts";
import { parseInteger, parsePort } from "./units.ts";
import { parseOptions, UsageError } from "./usage.ts";

/** How long a connection may take to come about, in milliseconds. */
export const FORWARD_CONNECT_MS = 30_000;

/** One forwarded port. */
export interface Forwarding {
  /** Address to listen at; of this machine, or with `isReverse` of the stack, where it is not looked at. */
  readonly hostname: string;
  /** Port to listen at. */
  readonly port: number;
  /** Where connections lead. */
  readonly target: Endpoint;
}

/** A host and a port. */
export interface Endpoint {
  /** Name or address. */
  readonly hostname: string;
  /** Port. */
  readonly port: number;
}

/** The `forward` command. */
export const forwardCommand: Command = {
  name: "forward",
  usage: "forward [-u] [-R] [LOCAL:]PORT HOST:PORT … [--max N]",
  summary:
    "lead ports of this machine to hosts of the network (-u: UDP), or -R ports of the stack to hosts around here",
  prepare(args) {
    const o = parseOptions(args, { boolean: ["u", "R"], string: ["max"] });
    if (o.words.length === 0 || o.words.length % 2 !== 0) {
      throw new UsageError(`Usage: ${forwardCommand.usage}`);
    }
    const max = parseInteger(o.text("max") ?? `${MAX_CONNECTIONS}`, "--max", 1, 65_535);
    const forwardings: Forwarding[] = [];
    for (let i = 0; i < o.words.length; i += 2) {
      const near = parseEndpoint(o.words[i]!, "127.0.0.1");
      forwardings.push({ ...near, target: parseEndpoint(o.words[i + 1]!) });
    }
    return (context) => forward(context, forwardings, { isUdp: o.has("u"), isReverse: o.has("R"), max });
  },
};

/** Reads "HOST:PORT", "[ADDRESS]:PORT", or, with a default host, "PORT".
 *
 * @throws {UsageError} for anything else.
 */
export function parseEndpoint(text: string, defaultHostname?: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]:|([^:\s]+):)?(\d+)$/.exec(text);
  const hostname = match?.[1] ?? match?.[2] ?? defaultHostname;
  if (match === null || hostname === undefined) {
    throw new UsageError(`"${text}" must look like HOST:PORT.`);
  }
  const isListening = defaultHostname !== undefined;
  return {
    hostname,
    port: isListening ? parseInteger(match[3]!, "A port", 0, 65_535) : parsePort(match[3]!),
  };
}

/** Prints an endpoint. */
export function formatEndpoint({ hostname, port }: Endpoint): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

interface ForwardOptions {
  readonly isUdp: boolean;
  readonly isReverse: boolean;
  readonly max: number;
}

async function forward(
  context: CommandContext,
  forwardings: readonly Forwarding[],
  options: ForwardOptions,
): Promise<number> {
  const { signal } = context;
  const endStatus = startStatusLine(context);
  // When one of them cannot begin, the others end.
  const ended = new AbortController();
  const inner = { ...context, signal: AbortSignal.any([signal, ended.signal]) };
  try {
    await Promise.all(forwardings.map(async (forwarding) => {
      try {
        await (options.isUdp ? forwardUdp : forwardTcp)(inner, forwarding, options);
      } catch (error) {
        ended.abort(error);
        throw error;
      }
    }));
  } finally {
    endStatus();
  }
  signal.throwIfAborted();
  return 0;
}

async function forwardTcp(context: CommandContext, f: Forwarding, o: ForwardOptions): Promise<void> {
  const { stack, output, signal } = context;
  const target = formatEndpoint(f.target);
  const listener: Acceptor<ByteStream & { remoteAddr: Deno.Addr }> & { addr: Deno.Addr } = o.isReverse
    ? stack.listen({ port: f.port })
    : listenHost(f);
  tellListening(context, listener.addr as Deno.NetAddr, target, o);
  await serveConnections(listener, {
    max: o.max,
    signal,
    refused: (why) => output.note(`A connection was refused: ${why}`),
    serve: async (near) => {
      const client = formatEndpoint(near.remoteAddr as Deno.NetAddr);
      const pair: RelayedPair = { protocol: o.isReverse ? "reverse" : "forward", client, target };
      let far: ByteStream;
      try {
        far = o.isReverse
          ? await Deno.connect(f.target)
          : await stack.connect({ ...f.target, signal, timeoutMs: FORWARD_CONNECT_MS });
      } catch (error) {
        return tellFailure(context, pair, error);
      }
      await relayWithEvents(context, pair, near, far);
      closeQuietly(far);
    },
  });
}

/** Listens on this machine.
 *
 * @throws {Error} with one sentence when that cannot be.
 */
export function listenHost({ hostname, port }: Endpoint): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    const where = formatEndpoint({ hostname, port });
    const why = error instanceof Deno.errors.AddrInUse
      ? "another program has it; choose another port"
      : error instanceof Deno.errors.PermissionDenied
      ? "ports below 1024 need root; choose another port"
      : (error as Error).message;
    throw new Error(`Cannot listen on ${where}: ${why}.`, { cause: error });
  }
}

async function forwardUdp(context: CommandContext, f: Forwarding, o: ForwardOptions): Promise<void> {
  const { stack, output, signal } = context;
  const near: DatagramPort = o.isReverse
    ? openStackPort(stack, f.port)
    : await openHostPort(f.hostname, f.port);
  const target = formatEndpoint(f.target);
  let hostname: string;
  try {
    hostname = o.isReverse ? f.target.hostname : await stack.lookup(f.target.hostname, { signal });
  } catch (error) {
    near.close();
    throw error;
  }
  const forwarder = new DatagramForwarder({
    near,
    target: { hostname, port: f.target.port },
    maxClients: o.max,
    openFar: () =>
      o.isReverse ? openHostPort(hostname.includes(":") ? "::" : "0.0.0.0", 0) : openStackPort(stack, 0),
    onClient: (client) => {
      const pair = { protocol: "udp", client: formatEndpoint(client), target };
      output.event("connection", pair, `${pair.client} → ${target} (udp)`);
    },
  });
  tellListening(context, near.addr, target, o);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  forwarder.close();
}

function tellListening({ output }: CommandContext, addr: Endpoint, target: string, o: ForwardOptions): void {
  const { hostname: address, port } = addr;
  const transport = o.isUdp ? "udp" : "tcp";
  output.event(
    "listening",
    { service: "forward", transport, isReverse: o.isReverse, address, port, target },
    `${o.isReverse ? "The stack's" : "This machine's"} ${transport.toUpperCase()} ${formatEndpoint(addr)} ` +
      `leads to ${target}; Ctrl-C ends it`,
  );
}
