/** The web server of the simulated internet.
 *
 * @module
 */
import type { Stack } from "@lightwire/sockets";
import { serveHttp } from "@lightwire/sockets/http";

/** Largest `/bytes/N`. */
const MAX_BYTES = 10_000_000_000;
const CHUNK_BYTES = 65_536;

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>example.test</title>
<h1>It works</h1>
<p>This page came over a TCP/IP stack in TypeScript: your host, a router and this server are three of them in one process,
wired by simulated links.</p>
<p><a href="/bytes/1000000">/bytes/N</a> has as many bytes as you like, <a href="/time">/time</a> tells the time.</p>
`;

/** Serves pages on port 80 until the stack is closed. */
export async function serveWeb(stack: Stack, signal: AbortSignal): Promise<void> {
  const listener = stack.listen({ port: 80 });
  await serveHttp(listener, (request) => respond(new URL(request.url).pathname), { signal });
}

function respond(pathname: string): Response {
  if (pathname === "/") return page(200, PAGE);
  if (pathname === "/time") return new Response(new Date().toISOString() + "\n");
  const match = /^\/bytes\/(\d{1,11})$/.exec(pathname);
  if (match === null || Number(match[1]) > MAX_BYTES) return page(404, "<!doctype html><h1>Not found</h1>\n");
  return bytes(Number(match[1]));
}

function page(status: number, html: string): Response {
  const body = new TextEncoder().encode(html);
  return new Response(body, {
    status,
    headers: { "content-type": "text/html; charset=utf-8", "content-length": String(body.length) },
  });
}

function bytes(length: number): Response {
  const chunk = new Uint8Array(CHUNK_BYTES).map((_, i) => i);
  let left = length;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (left === 0) return controller.close();
      const count = Math.min(left, CHUNK_BYTES);
      left -= count;
      controller.enqueue(count === CHUNK_BYTES ? chunk : chunk.subarray(0, count));
    },
  });
  return new Response(body, {
    headers: { "content-type": "application/octet-stream", "content-length": String(length) },
  });
}
