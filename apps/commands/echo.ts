/** `echo PORT`: what comes in goes back (RFC 862), TCP and UDP.
 *
 * @module
 */
import type { Command } from "./context.ts";
import { startStatusLine } from "./status_line.ts";
import { parsePort } from "./units.ts";
import { parseOptions, UsageError } from "./usage.ts";

/** The `echo` command. */
export const echoCommand: Command = {
  name: "echo",
  usage: "echo PORT",
  summary: "send back what arrives on a TCP and UDP port, until Ctrl-C",
  prepare(args) {
    const o = parseOptions(args, {});
    if (o.words.length !== 1) {
      throw new UsageError(`Usage: ${echoCommand.usage}`);
    }
    const port = parsePort(o.words[0]!);
    return async (context) => {
      const { stack, output, signal } = context;
      const listener = stack.listen({ port });
      const datagrams = stack.listenDatagram({ port, transport: "udp" });
      output.event(
        "listening",
        { service: "echo", port },
        `Echo on TCP and UDP port ${port}; Ctrl-C ends it`,
      );
      const stop = (): void => {
        listener.close();
        datagrams.close();
      };
      signal.addEventListener("abort", stop, { once: true });
      const echoDatagrams = async (): Promise<void> => {
        for await (const [data, from] of datagrams) {
          await datagrams.send(data, from);
          output.detail(
            `${data.length} bytes back to ${(from as Deno.NetAddr).hostname}`,
          );
        }
      };
      const echoConnections = async (): Promise<void> => {
        for await (const conn of listener) {
          const { hostname, port } = conn.remoteAddr;
          output.event(
            "connection",
            { address: hostname, port },
            `Connection from ${hostname}:${port}`,
          );
          conn.readable.pipeTo(conn.writable).catch((error) =>
            output.detail(`${hostname}:${port}: ${error.message}`)
          );
        }
      };
      const endStatus = startStatusLine(context);
      await Promise.all([echoDatagrams(), echoConnections()]).catch((error) => {
        if (!signal.aborted) throw error;
      }).finally(endStatus);
      signal.throwIfAborted();
      return 0;
    };
  },
};
