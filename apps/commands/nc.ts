/** `nc HOST PORT`, `nc -l PORT`, both with `-u`: standard input and output over a connection.
 *
 * @module
 */
import type { Command, CommandContext } from "./context.ts";
import { parsePort, parsePositive } from "./units.ts";
import { parseOptions, UsageError } from "./usage.ts";

/** Largest piece of standard input in one datagram. */
const DATAGRAM_BYTES = 1400;

/** The `nc` command. */
export const ncCommand: Command = {
  name: "nc",
  usage: "nc [-u] HOST PORT | nc -l [-u] PORT [-w SECONDS]",
  summary: "connect standard input and output with a TCP connection, or UDP with -u",
  prepare(args) {
    const o = parseOptions(args, { boolean: ["l", "u"], string: ["w"] });
    const waitMs = o.text("w") === undefined ? undefined : parsePositive(o.text("w")!, "-w") * 1000;
    if (o.has("l")) {
      if (o.words.length !== 1) {
        throw new UsageError(`Usage: ${ncCommand.usage}`);
      }
      const port = parsePort(o.words[0]!);
      return (context) => o.has("u") ? listenUdp(context, port, waitMs) : listenTcp(context, port);
    }
    const [host, portWord, ...rest] = o.words;
    if (host === undefined || portWord === undefined || rest.length > 0) {
      throw new UsageError(`Usage: ${ncCommand.usage}`);
    }
    const port = parsePort(portWord);
    return (context) =>
      o.has("u") ? talkUdp(context, host, port, waitMs) : connectTcp(context, host, port, waitMs);
  },
};

async function connectTcp(
  context: CommandContext,
  hostname: string,
  port: number,
  timeoutMs: number | undefined,
): Promise<number> {
  const { stack, output } = context;
  const signal = timeoutMs === undefined
    ? context.signal
    : AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
  using conn = await stack.connect({ hostname, port, signal });
  const { remoteAddr, localAddr } = conn;
  output.note(
    `Connected to ${remoteAddr.hostname}:${remoteAddr.port} from ${localAddr.hostname}:${localAddr.port}`,
  );
  await relay(conn, context.signal);
  return 0;
}

async function listenTcp(
  { stack, output, signal }: CommandContext,
  port: number,
): Promise<number> {
  using listener = stack.listen({ port });
  output.note(`Listening on TCP port ${port}`);
  using conn = await listener.accept({ signal });
  output.note(
    `Connection from ${conn.remoteAddr.hostname}:${conn.remoteAddr.port}`,
  );
  await relay(conn, signal);
  return 0;
}

/** Standard input to the connection and the connection to standard output, until the peer has ended. */
async function relay(conn: Deno.Conn, signal: AbortSignal): Promise<void> {
  const upward = Deno.stdin.readable
    .pipeTo(conn.writable, { signal, preventAbort: true })
    .catch(() => {});
  try {
    await conn.readable.pipeTo(Deno.stdout.writable, {
      preventClose: true,
      signal,
    });
  } finally {
    // The peer has ended its half; what is still typed has nowhere to go.
    await Promise.race([upward, Promise.resolve()]);
  }
}

async function talkUdp(
  { stack, output, signal }: CommandContext,
  host: string,
  port: number,
  waitMs: number | undefined,
): Promise<number> {
  const hostname = await stack.lookup(host, { signal });
  using conn = stack.listenDatagram({ port: 0, transport: "udp" });
  const peer: Deno.NetAddr = { transport: "udp", hostname, port };
  output.note(`Datagrams to ${hostname}:${port}`);
  let refusal: Error | undefined;
  let refused!: () => void;
  const isRefused = new Promise<void>((resolve) => refused = resolve);
  conn.onError = (error) => {
    refusal = error;
    refused();
  };
  const received = printDatagrams(conn, signal);
  for await (const chunk of Deno.stdin.readable) {
    for (let at = 0; at < chunk.length; at += DATAGRAM_BYTES) {
      await conn.send(chunk.subarray(at, at + DATAGRAM_BYTES), peer);
    }
  }
  const patience = new Promise<void>((resolve) => setTimeout(resolve, waitMs ?? 1000));
  await Promise.race([received, patience, isRefused]);
  if (refusal !== undefined) throw refusal;
  return 0;
}

async function listenUdp(
  { stack, output, signal }: CommandContext,
  port: number,
  waitMs: number | undefined,
): Promise<number> {
  using conn = stack.listenDatagram({ port, transport: "udp" });
  output.note(`Listening on UDP port ${port}`);
  const end = waitMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  await printDatagrams(conn, end);
  return 0;
}

async function printDatagrams(
  conn: Deno.DatagramConn,
  signal: AbortSignal,
): Promise<void> {
  signal.addEventListener("abort", () => conn.close(), { once: true });
  try {
    for await (const [data] of conn) await writeAll(data);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function writeAll(data: Uint8Array): Promise<void> {
  while (data.length > 0) data = data.subarray(await Deno.stdout.write(data));
}
