/** An HTTP/1.1 server and client over a stack, with the standard `Request` and `Response`.
 *
 * ```ts ignore
 * import { fetchHttp, serveHttp } from "@lightwire/sockets/http";
 *
 * serveHttp(server.listen({ port: 80 }), () => new Response("hello"));
 * const response = await fetchHttp(client, "http://10.0.0.2/");
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
