/** {@linkcode ServerConnection}: one connection of an HTTP server, request after request.
 *
 * @module
 */
import type { Timer } from "@lightwire/netif/timers";
import { type BodyFraming, hasNoFraming, requestFraming } from "./body_framing.ts";
import { BodyReader, bodyStream } from "./body_reader.ts";
import { OutgoingBody } from "./body_writer.ts";
import { abortConn, type ByteConn, closeConn, writeAll } from "./byte_conn.ts";
import { ByteReader, latin1Bytes } from "./byte_reader.ts";
import { formatHost } from "../net_addr.ts";
import { HttpError } from "./http_error.ts";
import {
  formatFields,
  parseRequestHead,
  type RequestHead,
  tokenList,
  wantsKeepAlive,
} from "./message_head.ts";
import type { ServerConfig } from "./server.ts";
import { statusText } from "./status_text.ts";

const CONTINUE = latin1Bytes("HTTP/1.1 100 Continue\r\n\r\n");

/** Methods that the Fetch standard lets no `Request` have. */
const FORBIDDEN_METHODS: readonly string[] = ["CONNECT", "TRACE", "TRACK"];

/** What is to happen with the connection after an answer. */
interface Exchange {
  readonly head: RequestHead;
  readonly body: BodyReader;
  readonly request: Request;
  keepAlive: boolean;
}

/** Serves one connection until it ends. */
export class ServerConnection {
  readonly #conn: ByteConn;
  readonly #config: ServerConfig;
  readonly #reader: ByteReader;
  readonly #timer: Timer | undefined;
  #isIdle = true;
  #isShutdown = false;
  #hasTimedOut = false;
  #onTimeout: (() => void) | undefined = undefined;

  /** Takes the connection over. */
  constructor(conn: ByteConn, config: ServerConfig) {
    this.#conn = conn;
    this.#config = config;
    this.#reader = new ByteReader(conn);
    this.#timer = config.timers?.create(() => this.#timeoutExpires());
    // Messages are put together here; Nagle's algorithm would only hold their ends back.
    conn.setNoDelay?.(true);
  }

  /** Serves until the client or the server wants no more. Never rejects. */
  async run(): Promise<void> {
    try {
      while (await this.#serveNext());
      await this.#closeGently();
    } catch {
      // The client is gone, or its message or the answer broke off: nobody is left to be told.
      if (!this.#hasTimedOut && !(this.#isShutdown && this.#isIdle)) abortConn(this.#conn);
    } finally {
      this.#timer?.stop();
    }
  }

  /** Ends an idle connection now, another one after the answer under way. */
  shutdown(): void {
    this.#isShutdown = true;
    if (this.#isIdle) closeConn(this.#conn);
  }

  /** Ends the connection now. */
  abort(): void {
    abortConn(this.#conn);
  }

  async #serveNext(): Promise<boolean> {
    let exchange: Exchange;
    try {
      const head = await this.#readHead();
      if (head === undefined) return false;
      exchange = this.#begin(head);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      await this.#refuse(error);
      return false;
    }
    const response = await this.#answer(exchange.request);
    await this.#sendResponse(exchange, response);
    // A handler that still reads, or stopped in the middle, is not to be read past.
    if (exchange.request.bodyUsed && !exchange.body.isDone) return false;
    if (!exchange.keepAlive) return false;
    return await this.#guard(
      this.#config.bodyTimeoutMs,
      () => exchange.body.drain(this.#config.maxDrainBytes),
    );
  }

  async #readHead(): Promise<RequestHead | undefined> {
    const { idleTimeoutMs, headTimeoutMs, maxHeadBytes } = this.#config;
    this.#isIdle = true;
    if (this.#isShutdown) return undefined;
    if (this.#reader.buffered === 0) {
      try {
        if (!await this.#guard(idleTimeoutMs, () => this.#reader.fill())) return undefined;
      } catch (error) {
        if (this.#hasTimedOut || this.#isShutdown) return undefined;
        throw error;
      }
    }
    this.#isIdle = false;
    this.#onTimeout = () => this.#refuseLate();
    const text = await this.#guard(headTimeoutMs, () => this.#reader.readHead(maxHeadBytes));
    this.#onTimeout = undefined;
    if (text === undefined) return undefined;
    const head = parseRequestHead(text);
    if ("failure" in head) throw new HttpError(head.failure, head.reason);
    return head;
  }

  #begin(head: RequestHead): Exchange {
    const framing = requestFraming(head);
    const url = this.#urlOf(head);
    if (FORBIDDEN_METHODS.includes(head.method)) {
      throw new HttpError(501, `The method ${head.method} is not implemented`);
    }
    const expectation = head.headers.get("expect");
    if (expectation !== null && expectation.toLowerCase() !== "100-continue") {
      throw new HttpError(417, `The expectation "${expectation}" cannot be met`);
    }
    const body = new BodyReader(this.#reader, framing);
    const exchange: Exchange = {
      head,
      body,
      request: this.#makeRequest(head, url, framing, body, () => exchange.keepAlive = false),
      keepAlive: wantsKeepAlive(head.minorVersion, head.headers),
    };
    // A client that waits for 100 Continue and gets a final answer may send its body or not: no telling.
    if (expectation !== null && framing !== 0) exchange.keepAlive = false;
    return exchange;
  }

  #makeRequest(
    head: RequestHead,
    url: URL,
    framing: BodyFraming,
    body: BodyReader,
    onFailed: () => void,
  ): Request {
    const { method, headers } = head;
    if (framing === 0) return new Request(url, { method, headers });
    if (method === "GET" || method === "HEAD") {
      // The Fetch standard gives them no body; what came is dropped afterwards.
      return new Request(url, { method, headers });
    }
    const wantsContinue = head.minorVersion >= 1 && headers.get("expect") !== null;
    const stream = bodyStream(body, {
      onStart: () => {
        if (wantsContinue && this.#reader.buffered === 0) void writeAll(this.#conn, CONTINUE).catch(() => {});
      },
      guard: (wait) => this.#guard(this.#config.bodyTimeoutMs, wait),
      onFailed,
    });
    // Deno's and Node's types know nothing of `duplex`, which the Fetch standard demands for streams.
    const init: RequestInit & { duplex: "half" } = { method, headers, body: stream, duplex: "half" };
    return new Request(url, init);
  }

  /** The URL that was asked for, RFC 9112 §3.3. */
  #urlOf(head: RequestHead): URL {
    const host = head.headers.get("host");
    if (host === null && head.minorVersion >= 1) throw new HttpError(400, "The Host field is missing");
    // Several Host fields were joined with a comma, which no host name has.
    if (host !== null && /[\s,/?#@\\]/.test(host)) throw new HttpError(400, "The Host field is malformed");
    const { localAddr } = this.#conn;
    const base = `http://${host || `${formatHost(localAddr.hostname)}:${localAddr.port}`}`;
    const { target } = head;
    const text = target.startsWith("/")
      ? base + target
      : target === "*"
      ? `${base}/*`
      : /^https?:\/\//i.test(target)
      ? target
      : undefined;
    if (text === undefined || !URL.canParse(text)) {
      throw new HttpError(400, "The request target is malformed");
    }
    return new URL(text);
  }

  async #answer(request: Request): Promise<Response> {
    const info = { remoteAddr: this.#conn.remoteAddr, localAddr: this.#conn.localAddr };
    try {
      return checked(await this.#config.handler(request, info));
    } catch (error) {
      try {
        return checked(await this.#config.onError(error, request));
      } catch {
        return new Response(null, { status: 500 });
      }
    }
  }

  async #sendResponse(exchange: Exchange, response: Response): Promise<void> {
    const { head } = exchange;
    const { status } = response;
    const headers = new Headers(response.headers);
    const body = await OutgoingBody.peek(hasNoFraming(status) ? null : response.body);
    const framing = hasNoFraming(status) ? 0 : chooseFraming(headers, body, head.minorVersion);
    if (tokenList(headers.get("connection")).includes("close") || this.#isShutdown) {
      exchange.keepAlive = false;
    }
    if (framing === "until-close" && head.method !== "HEAD") exchange.keepAlive = false;
    if (!hasNoFraming(status)) setFraming(headers, framing);
    else if (status !== 304) headers.delete("content-length");
    setConnection(headers, exchange);
    const date = this.#config.date();
    if (date !== undefined && !headers.has("date")) headers.set("date", date);
    const text = `HTTP/1.1 ${status} ${response.statusText || statusText(status)}\r\n${
      formatFields(headers)
    }`;
    try {
      if (head.method === "HEAD") await writeAll(this.#conn, latin1Bytes(text));
      else await body.send(this.#conn, text, framing);
    } finally {
      // Harmless for a body that was sent; the others have nobody to go to.
      body.cancel(undefined);
    }
  }

  /** Answers what is no proper request; the connection ends, since nobody knows where the next one begins. */
  async #refuse(error: HttpError): Promise<void> {
    const body = `${error.message}\n`;
    const date = this.#config.date();
    await writeAll(
      this.#conn,
      latin1Bytes(
        `HTTP/1.1 ${error.status} ${statusText(error.status)}\r\nconnection: close\r\n` +
          `content-type: text/plain\r\ncontent-length: ${body.length}\r\n` +
          (date === undefined ? "" : `date: ${date}\r\n`) + `\r\n${body}`,
      ),
    );
  }

  /** Ends our direction and waits a little for the client's end: closing with bytes unread would send RST, which
   * may destroy the answer before the client has read it (RFC 9112 §9.6). */
  async #closeGently(): Promise<void> {
    try {
      await this.#conn.closeWrite();
      let budget = this.#config.maxDrainBytes;
      await this.#guard(1000, async () => {
        while (budget > 0) {
          budget -= this.#reader.buffered;
          this.#reader.skip(this.#reader.buffered);
          if (!await this.#reader.fill()) return;
        }
      });
    } finally {
      closeConn(this.#conn);
    }
  }

  /** Runs one wait on the client under a limit of time. */
  async #guard<T>(limitMs: number, wait: () => Promise<T>): Promise<T> {
    if (this.#timer === undefined) return await wait();
    this.#timer.start(limitMs);
    try {
      return await wait();
    } finally {
      this.#timer.stop();
    }
  }

  #timeoutExpires(): void {
    this.#hasTimedOut = true;
    this.#onTimeout?.();
    closeConn(this.#conn);
  }

  #refuseLate(): void {
    this.#refuse(new HttpError(408, "The request took too long")).catch(() => {});
  }
}

/** Refuses what a handler must not return. */
function checked(response: Response): Response {
  if (!(response instanceof Response)) throw new TypeError("Cannot answer with what is not a Response");
  if (response.bodyUsed || response.body?.locked) {
    throw new TypeError("Cannot answer with a body that was used");
  }
  if (response.status < 200) throw new TypeError(`Cannot answer with status ${response.status}`);
  return response;
}

function chooseFraming(headers: Headers, body: OutgoingBody, minorVersion: number): BodyFraming {
  const length = headers.get("content-length");
  if (length !== null && /^\d{1,15}$/.test(length)) return Number(length);
  if (body.whole !== undefined) return body.whole.length;
  return minorVersion >= 1 ? "chunked" : "until-close";
}

function setFraming(headers: Headers, framing: BodyFraming): void {
  headers.delete("transfer-encoding");
  headers.delete("content-length");
  if (framing === "chunked") headers.set("transfer-encoding", "chunked");
  else if (framing !== "until-close") headers.set("content-length", String(framing));
}

function setConnection(headers: Headers, exchange: Exchange): void {
  if (!exchange.keepAlive) headers.set("connection", "close");
  else if (exchange.head.minorVersion === 0) headers.set("connection", "keep-alive");
}
