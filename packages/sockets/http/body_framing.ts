/** Where the body of a message ends, RFC 9112 §6.3.
 *
 * @module
 */
import { HttpError } from "./http_error.ts";
import { type RequestHead, type ResponseHead, tokenList } from "./message_head.ts";

/** How the end of a body is told: bytes that follow, chunks, or the end of the connection. */
export type BodyFraming = number | "chunked" | "until-close";

/** The framing of a request's body.
 *
 * @throws {HttpError} 400 when the fields contradict each other, 501 for a transfer coding other than chunked.
 */
export function requestFraming(head: RequestHead): BodyFraming {
  const framing = codedFraming(head);
  if (framing === "chunked" && head.minorVersion < 1) {
    throw new HttpError(400, "Transfer-Encoding is not part of HTTP/1.0");
  }
  return framing ?? 0;
}

/** The framing of a response's body.
 *
 * @param method of the request that is answered.
 * @throws {HttpError} 400 when the fields contradict each other, 501 for a transfer coding other than chunked.
 */
export function responseFraming(method: string, head: ResponseHead): BodyFraming {
  if (method === "HEAD" || hasNoFraming(head.status)) return 0;
  return codedFraming(head) ?? "until-close";
}

/** Whether responses of this status end with their head, whatever their fields say. */
export function hasNoFraming(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

/** Whether a `Response` of this status must be made with a null body. */
export function hasNullBody(status: number): boolean {
  return status === 101 || status === 103 || status === 204 || status === 205 || status === 304;
}

function codedFraming(head: RequestHead | ResponseHead): BodyFraming | undefined {
  const coding = head.headers.get("transfer-encoding");
  const length = head.headers.get("content-length");
  if (coding !== null) {
    // Two answers to one question is how requests are smuggled past a proxy (RFC 9112 §11.2).
    if (length !== null) throw new HttpError(400, "Content-Length and Transfer-Encoding exclude each other");
    const codings = tokenList(coding);
    if (codings.length !== 1 || codings[0] !== "chunked") {
      throw new HttpError(501, `The transfer coding "${coding}" is not known`);
    }
    return "chunked";
  }
  if (length === null) return undefined;
  // Fields of the same name were joined with commas; equal values are as good as one.
  const values = new Set(length.split(",").map((part) => part.trim()));
  const [value = ""] = values;
  if (values.size !== 1 || !/^\d{1,15}$/.test(value)) {
    throw new HttpError(400, `The Content-Length "${length}" is malformed`);
  }
  return Number(value);
}
