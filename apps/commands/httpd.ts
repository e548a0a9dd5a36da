/** `httpd [--root DIR] [--port N]`: a file server over the stack.
 *
 * @module
 */
import { serveHttp } from "@lightwire/sockets/http";
import type { Command } from "./context.ts";
import { fileHandler } from "./file_handler.ts";
import { startStatusLine } from "./status_line.ts";
import { formatBytes, parsePort } from "./units.ts";
import { parseOptions, UsageError } from "./usage.ts";

/** The `httpd` command. */
export const httpdCommand: Command = {
  name: "httpd",
  usage: "httpd [--root DIR] [--port N]",
  summary: "serve the files of a folder by HTTP (default: this folder, port 80), until Ctrl-C",
  prepare(args) {
    const o = parseOptions(args, { string: ["root", "port"] });
    if (o.words.length > 0) {
      throw new UsageError(`Usage: ${httpdCommand.usage}`);
    }
    const root = o.text("root") ?? ".";
    const port = parsePort(o.text("port") ?? "80");
    return async (context) => {
      const { stack, output, signal } = context;
      const info = await Deno.stat(root).catch(() => undefined);
      if (!info?.isDirectory) {
        throw new UsageError(`--root "${root}" is not a folder.`);
      }
      const serve = fileHandler(await Deno.realPath(root));
      using listener = stack.listen({ port });
      output.event(
        "listening",
        { service: "httpd", port, root },
        `Serving ${root} on port ${port}; Ctrl-C ends it`,
      );
      const endStatus = startStatusLine(context);
      await serveHttp(listener, async (request, { remoteAddr }) => {
        const response = await serve(request);
        const length = Number(response.headers.get("content-length") ?? 0);
        const path = new URL(request.url).pathname;
        output.event(
          "request",
          {
            address: remoteAddr.hostname,
            method: request.method,
            path,
            status: response.status,
            bytes: length,
          },
          `${remoteAddr.hostname} ${request.method} ${path} ${response.status} ${formatBytes(length)}`,
        );
        return response;
      }, { signal }).finally(endStatus);
      signal.throwIfAborted();
      return 0;
    };
  },
};
