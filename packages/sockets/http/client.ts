/** {@linkcode HttpClient} and {@linkcode fetchHttp}: `fetch` over a stack.
 *
 * @module
 */
import type { TimerQueue } from "@lightwire/netif/timers";
import type { ByteConn } from "./byte_conn.ts";
import { ClientConnection, type ClientLimits } from "./client_connection.ts";
import { HttpError } from "./http_error.ts";
import { OutgoingBody } from "./body_writer.ts";
import { redirectedRequest } from "./redirect.ts";

/** What a client needs of a stack; `Stack` has all of it. */
export interface HttpHost {
  /** Connects, looking names up. */
  connect(options: { hostname: string; port: number; signal?: AbortSignal }): Promise<ByteConn>;
  /** Timers for the limits of time. */
  readonly timers: TimerQueue;
}

/** Options of a {@linkcode HttpClient}. */
export interface HttpClientOptions {
  /** Makes a connection for a URL; the way to speak TLS. Default: TCP by the stack, for `http:` alone. */
  readonly connect?: (url: URL, signal: AbortSignal | undefined) => Promise<ByteConn>;
  /** Connections without a request under way that are kept per origin; default 4. */
  readonly maxIdlePerOrigin?: number;
  /** Milliseconds that a connection is kept without a request; default 20,000. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds from the sending of a request to the head of its answer; default 60,000. */
  readonly responseTimeoutMs?: number;
  /** Milliseconds without a byte of an answer's body; default 60,000. */
  readonly bodyTimeoutMs?: number;
  /** Milliseconds to wait for 100 Continue before the body is sent anyway; default 1,000. */
  readonly continueTimeoutMs?: number;
  /** Longest head of an answer in bytes; default 65,536, which is the most. */
  readonly maxHeadBytes?: number;
  /** Redirections that are followed; default 20. */
  readonly maxRedirects?: number;
}

/** Fetches over one stack and keeps connections for the next request. */
export class HttpClient {
  readonly #host: HttpHost;
  readonly #options: HttpClientOptions;
  readonly #limits: ClientLimits;
  readonly #idle: Map<string, ClientConnection[]> = new Map();
  #isClosed = false;

  /** Has no connections yet.
   *
   * @param host whose timers and connections are used.
   */
  constructor(host: HttpHost, options: HttpClientOptions = {}) {
    this.#host = host;
    this.#options = options;
    this.#limits = {
      timers: host.timers,
      idleTimeoutMs: options.idleTimeoutMs ?? 20_000,
      responseTimeoutMs: options.responseTimeoutMs ?? 60_000,
      bodyTimeoutMs: options.bodyTimeoutMs ?? 60_000,
      continueTimeoutMs: options.continueTimeoutMs ?? 1_000,
      maxHeadBytes: Math.min(options.maxHeadBytes ?? 65_536, 65_536),
    };
  }

  /** Connections that wait for a next request. */
  get idleCount(): number {
    let count = 0;
    for (const connections of this.#idle.values()) count += connections.length;
    return count;
  }

  /** Like the global `fetch`, except that a failure of the network is a `NetError`, that one of the protocol is an
   * `HttpError`, and that no content coding is asked for or undone.
   *
   * @throws {TypeError} for a URL that is not `http:` (without {@linkcode HttpClientOptions.connect}), too many
   * redirections, or one where `redirect` is "error".
   */
  async fetch(input: Request | URL | string, init?: RequestInit): Promise<Response> {
    let request = new Request(input, init);
    let body = await OutgoingBody.peek(request.body);
    let isRedirected = false;
    const maxRedirects = this.#options.maxRedirects ?? 20;
    for (let redirects = 0;; redirects++) {
      request.signal.throwIfAborted();
      const response = await this.#exchange(request, body);
      const location = response.headers.get("location");
      const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && location !== null;
      if (!isRedirect || request.redirect === "manual") return finish(response, request.url, isRedirected);
      await response.body?.cancel();
      if (request.redirect === "error") throw new TypeError(`Cannot fetch ${request.url}: it redirects`);
      if (redirects >= maxRedirects) {
        throw new TypeError(`Cannot fetch ${request.url}: more than ${maxRedirects} redirections`);
      }
      const next = redirectedRequest(request, response.status, location, body.whole);
      if (next.body === null) body = OutgoingBody.of(new Uint8Array(0));
      request = next.request;
      isRedirected = true;
    }
  }

  /** Closes the connections that are kept; answers under way go on, and their connections are not kept. */
  close(): void {
    this.#isClosed = true;
    for (const connections of this.#idle.values()) {
      for (const connection of connections.splice(0)) connection.close();
    }
    this.#idle.clear();
  }

  /** {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** One request and its answer, over a kept connection if there is one. */
  async #exchange(request: Request, body: OutgoingBody): Promise<Response> {
    const url = new URL(request.url);
    for (;;) {
      const kept = this.#takeIdle(url.origin);
      const connection = kept ?? await this.#open(url, request.signal);
      try {
        return await connection.exchange(request, url, body);
      } catch (error) {
        // The server may have closed a kept connection just when we began (RFC 9112 §9.3.1).
        const isStale = kept !== undefined && !connection.hasAnswered && body.whole !== undefined;
        if (!isStale || request.signal.aborted || error instanceof HttpError) throw error;
      }
    }
  }

  async #open(url: URL, signal: AbortSignal): Promise<ClientConnection> {
    const conn = await this.#connect(url, signal);
    const { origin } = url;
    return new ClientConnection(
      conn,
      this.#limits,
      (connection) => this.#keep(origin, connection),
      (connection) => this.#forget(origin, connection),
    );
  }

  #connect(url: URL, signal: AbortSignal): Promise<ByteConn> {
    const { connect } = this.#options;
    if (connect !== undefined) return connect(url, signal);
    if (url.protocol !== "http:") {
      throw new TypeError(`Cannot fetch ${url.href}: only http: is spoken without a \`connect\` option`);
    }
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    return this.#host.connect({ hostname, port: Number(url.port || 80), signal });
  }

  #takeIdle(origin: string): ClientConnection | undefined {
    const connections = this.#idle.get(origin);
    for (let connection = connections?.pop(); connection !== undefined; connection = connections?.pop()) {
      if (connection.wake()) return connection;
      connection.close();
    }
    return undefined;
  }

  #keep(origin: string, connection: ClientConnection): boolean {
    if (this.#isClosed) return false;
    let connections = this.#idle.get(origin);
    if (connections === undefined) this.#idle.set(origin, connections = []);
    if (connections.length >= (this.#options.maxIdlePerOrigin ?? 4)) return false;
    connections.push(connection);
    return true;
  }

  #forget(origin: string, connection: ClientConnection): void {
    const connections = this.#idle.get(origin);
    const index = connections?.indexOf(connection) ?? -1;
    if (index >= 0) connections!.splice(index, 1);
    if (connections?.length === 0) this.#idle.delete(origin);
  }
}

const clients: WeakMap<HttpHost, HttpClient> = new WeakMap();

/** Like the global `fetch`, over `stack`: see {@linkcode HttpClient.fetch}. Connections are kept for the next call
 * with the same stack.
 *
 * @throws {NetError} what the network said: `NAME_NOT_FOUND`, `CONNECTION_REFUSED`, `TIMED_OUT`, ….
 * @throws {HttpError} when the answer is malformed.
 */
export function fetchHttp(
  stack: HttpHost,
  input: Request | URL | string,
  init?: RequestInit,
): Promise<Response> {
  let client = clients.get(stack);
  if (client === undefined) clients.set(stack, client = new HttpClient(stack));
  return client.fetch(input, init);
}

/** Tells where the response came from, as `fetch` does; the constructor of `Response` cannot. */
function finish(response: Response, url: string, isRedirected: boolean): Response {
  Object.defineProperties(response, {
    url: { value: url, configurable: true },
    redirected: { value: isRedirected, configurable: true },
  });
  return response;
}
