/** {@linkcode ClientConnection}: one connection of an HTTP client, request after request.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif/timers";
import { type NetError, netError } from "../errors.ts";
import { formatNetAddr } from "../net_addr.ts";
import { type BodyFraming, hasNullBody, responseFraming } from "./body_framing.ts";
import { BodyReader, bodyStream } from "./body_reader.ts";
import type { OutgoingBody } from "./body_writer.ts";
import { abortConn, type ByteConn, closeConn, writeAll } from "./byte_conn.ts";
import { ByteReader, latin1Bytes } from "./byte_reader.ts";
import { HttpError } from "./http_error.ts";
import { formatFields, parseResponseHead, type ResponseHead, wantsKeepAlive } from "./message_head.ts";

/** Limits of one connection; see `HttpClientOptions`. */
export interface ClientLimits {
  readonly timers: TimerQueue;
  readonly idleTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly continueTimeoutMs: number;
  readonly maxHeadBytes: number;
}

/** A connection to one origin. */
export class ClientConnection {
  readonly #conn: ByteConn;
  readonly #limits: ClientLimits;
  readonly #keep: (connection: ClientConnection) => boolean;
  readonly #forget: (connection: ClientConnection) => void;
  readonly #reader: ByteReader;
  readonly #timer: Timer;
  #onTimeout: () => void = () => {};
  #isOver = false;
  #isIdle = false;
  #hasAnswered = false;
  #isSent = false;

  /** @param keep is called when the connection is free; false: close it.
   * @param forget is called when a kept connection ends. */
  constructor(
    conn: ByteConn,
    limits: ClientLimits,
    keep: (connection: ClientConnection) => boolean,
    forget: (connection: ClientConnection) => void,
  ) {
    this.#conn = conn;
    this.#limits = limits;
    this.#keep = keep;
    this.#forget = forget;
    this.#reader = new ByteReader(conn);
    this.#timer = limits.timers.create(() => this.#onTimeout());
    conn.setNoDelay?.(true);
  }

  /** Whether the answer to the present request has begun. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Takes the connection out of its rest.
   *
   * @returns false when it has ended.
   */
  wake(): boolean {
    this.#timer.stop();
    this.#isIdle = false;
    this.#conn.ref?.();
    return !this.#isOver;
  }

  /** Ends the connection. */
  close(): void {
    this.#timer.stop();
    this.#isOver = true;
    closeConn(this.#conn);
  }

  /** Sends a request and reads the head of its answer. The body follows as it is read; then the connection is free. */
  async exchange(request: Request, url: URL, body: OutgoingBody): Promise<Response> {
    this.#hasAnswered = false;
    this.#isSent = false;
    const { signal } = request;
    let failure: unknown;
    const fail = (reason: unknown): void => {
      failure ??= reason;
      this.#timer.stop();
      this.#isOver = true;
      body.cancel(reason);
      abortConn(this.#conn);
    };
    const onAbort = (): void => fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const done = (): void => signal.removeEventListener("abort", onAbort);
    try {
      if (signal.aborted) throw signal.reason;
      this.#startTimer(this.#limits.responseTimeoutMs, () => fail(this.#timedOut("its answer")));
      const head = await this.#sendAndRead(request, url, body, fail);
      this.#timer.stop();
      return this.#makeResponse(request.method, head, {
        fail: (reason) => {
          fail(reason);
          done();
        },
        done: () => {
          done();
          // An answer that comes before the request is out ends the connection: what follows belongs to nobody.
          if (this.#isSent) this.#rest(head);
          else fail(new HttpError(400, "The answer came before the request was sent"));
        },
        failure: () => failure,
      });
    } catch (error) {
      fail(error);
      done();
      throw failure;
    }
  }

  /** Sends the request and meanwhile reads the head of its answer: a server may answer, say, 413 before it has
   * read everything, and close. */
  async #sendAndRead(
    request: Request,
    url: URL,
    body: OutgoingBody,
    fail: (reason: unknown) => void,
  ): Promise<ResponseHead> {
    const headers = new Headers(request.headers);
    const framing = setRequestFields(headers, request.method, url, body);
    let text = `${request.method} ${url.pathname}${url.search} HTTP/1.1\r\n${formatFields(headers)}`;
    if (framing !== 0 && headers.get("expect")?.toLowerCase() === "100-continue") {
      await writeAll(this.#conn, latin1Bytes(text));
      const head = await this.#waitForContinue();
      // A final answer instead of 100: the body is not wanted.
      if (head !== undefined) return head;
      text = "";
    }
    body.send(this.#conn, text, framing).then(
      () => this.#isSent = true,
      // If it is the connection that failed, reading will say why.
      (error) => body.isBroken && fail(error),
    );
    return await this.#readFinalHead();
  }

  /** The head of the answer, whatever 1xx go before it. */
  async #readFinalHead(): Promise<ResponseHead> {
    for (;;) {
      const head = await this.#readHead();
      if (head.status >= 200) return head;
    }
  }

  async #readHead(): Promise<ResponseHead> {
    const text = await this.#reader.readHead(this.#limits.maxHeadBytes);
    if (text === undefined) {
      const to = formatNetAddr(this.#conn.remoteAddr);
      throw netError("CONNECTION_RESET", `Cannot read the answer of ${to}: it closed the connection`);
    }
    this.#hasAnswered = true;
    const head = parseResponseHead(text);
    if ("failure" in head) throw new HttpError(head.failure, head.reason);
    return head;
  }

  /** Waits for 100 Continue; `undefined`: it came or did not come in time, so the body is to be sent. */
  async #waitForContinue(): Promise<ResponseHead | undefined> {
    let resolve!: (isOver: undefined) => void;
    const patience = new Promise<undefined>((r) => resolve = r);
    const timer = this.#limits.timers.create(() => resolve(undefined));
    timer.start(this.#limits.continueTimeoutMs);
    try {
      const reading = this.#reader.buffered > 0 ? Promise.resolve(true) : this.#reader.fill();
      if (await Promise.race([reading, patience]) === undefined) return undefined;
    } finally {
      timer.stop();
    }
    for (;;) {
      const head = await this.#readHead();
      if (head.status === 100) return undefined;
      if (head.status >= 200) return head;
    }
  }

  #makeResponse(
    method: string,
    head: ResponseHead,
    hooks: { fail: (reason: unknown) => void; done: () => void; failure: () => unknown },
  ): Response {
    const { status, statusText, headers } = head;
    const framing = responseFraming(method, head);
    const init: ResponseInit = { status, statusText, headers };
    if (framing === 0 || hasNullBody(status)) {
      hooks.done();
      return new Response(hasNullBody(status) || method === "HEAD" ? null : new Uint8Array(0), init);
    }
    const body = new BodyReader(this.#reader, framing);
    const stream = bodyStream(body, {
      guard: async (wait) => {
        this.#startTimer(
          this.#limits.bodyTimeoutMs,
          () => hooks.fail(this.#timedOut("the rest of its answer")),
        );
        try {
          await wait();
        } catch (error) {
          throw hooks.failure() ?? error;
        } finally {
          this.#timer.stop();
        }
      },
      onDone: hooks.done,
      onFailed: hooks.fail,
    });
    return new Response(stream, init);
  }

  /** Keeps the connection for the next request, or closes it. */
  #rest(head: ResponseHead): void {
    const isFree = !this.#isOver && wantsKeepAlive(head.minorVersion, head.headers) && isBounded(head) &&
      this.#reader.buffered === 0;
    if (!isFree || !this.#keep(this)) return this.close();
    this.#isIdle = true;
    this.#conn.unref?.();
    this.#startTimer(this.#limits.idleTimeoutMs, () => this.#retire());
    // Whatever happens to a connection at rest, its end or bytes nobody asked for, it is of no more use.
    this.#reader.fill().then(() => this.#retire(), () => this.#retire());
  }

  #retire(): void {
    if (!this.#isIdle) return;
    this.#isIdle = false;
    this.#forget(this);
    this.close();
  }

  #startTimer(limitMs: number, onTimeout: () => void): void {
    this.#onTimeout = onTimeout;
    this.#timer.start(limitMs);
  }

  #timedOut(what: string): NetError {
    const { remoteAddr } = this.#conn;
    return netError("TIMED_OUT", `Cannot wait longer for ${formatNetAddr(remoteAddr)} to send ${what}`, {
      remoteAddress: remoteAddr.hostname,
      remotePort: remoteAddr.port,
    });
  }
}

/** Whether the end of the answer was told by something else than the end of the connection. */
function isBounded(head: ResponseHead): boolean {
  return head.headers.has("content-length") || head.headers.has("transfer-encoding") || head.status === 204 ||
    head.status === 304;
}

/** Completes the fields of a request and chooses the framing of its body. */
function setRequestFields(headers: Headers, method: string, url: URL, body: OutgoingBody): BodyFraming {
  if (!headers.has("host")) headers.set("host", url.host);
  if (!headers.has("accept")) headers.set("accept", "*/*");
  if ((url.username !== "" || url.password !== "") && !headers.has("authorization")) {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.set("authorization", `Basic ${btoa(credentials)}`);
  }
  headers.delete("transfer-encoding");
  const announced = headers.get("content-length");
  headers.delete("content-length");
  if (body.whole === undefined) {
    if (announced !== null && /^\d{1,15}$/.test(announced)) {
      headers.set("content-length", announced);
      return Number(announced);
    }
    headers.set("transfer-encoding", "chunked");
    return "chunked";
  }
  const { length } = body.whole;
  if (length > 0 || method === "POST" || method === "PUT" || method === "PATCH") {
    headers.set("content-length", String(length));
  }
  return length;
}
