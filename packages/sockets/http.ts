/** An HTTP/1.1 server and client over a stack, with the standard `Request` and `Response`.
 *
 * @example A page over the loopback interface of a stack
 * ```ts
 * import { Stack } from "@lightwire/sockets";
 * import { fetchHttp, serveHttp } from "@lightwire/sockets/http";
 * import assert from "node:assert/strict";
 *
 * using stack = new Stack();
 * const controller = new AbortController();
 * const serving = serveHttp(stack.listen({ port: 80 }), () => new Response("hello"), { signal: controller.signal });
 * const response = await fetchHttp(stack, "http://localhost/");
 * assert.equal(await response.text(), "hello");
 * controller.abort();
 * await serving;
 * ```
 *
 * @module
 */
export type { ByteConn } from "./http/byte_conn.ts";
export {
  type HttpHandler,
  type HttpListener,
  type ServeHandlerInfo,
  serveHttp,
  type ServeHttpOptions,
} from "./http/server.ts";
export { fetchHttp, HttpClient, type HttpClientOptions, type HttpHost } from "./http/client.ts";
export { HttpError } from "./http/http_error.ts";
