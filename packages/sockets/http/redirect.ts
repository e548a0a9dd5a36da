/** Where a redirection leads, as the Fetch standard has it (HTTP-redirect fetch).
 *
 * @module
 */

/** Fields that speak about a body which is dropped. */
const BODY_FIELDS = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
];
/** Fields that another origin must not see. */
const PRIVATE_FIELDS = ["authorization", "cookie", "proxy-authorization"];

/** The request to send instead of `request`.
 *
 * @param body of `request` if it can be sent again, empty for none; `undefined`: it was a stream and is spent.
 * @returns the request, whose body is passed beside it: `null` for none any more.
 * @throws {TypeError} when the target is not http: or https:, or a spent body would have to be sent again.
 */
export function redirectedRequest(
  request: Request,
  status: number,
  location: string,
  body: Uint8Array | undefined,
): { readonly request: Request; readonly body: Uint8Array | null } {
  const from = new URL(request.url);
  if (!URL.canParse(location, from)) throw new TypeError(`Cannot follow a redirection to "${location}"`);
  const to = new URL(location, from);
  if (to.protocol !== "http:" && to.protocol !== "https:") {
    throw new TypeError(`Cannot follow a redirection to ${to.href}: only http: and https: are followed`);
  }
  // The fragment is inherited (RFC 9110 §10.2.2).
  if (to.hash === "") to.hash = from.hash;
  const headers = new Headers(request.headers);
  const { method: asked } = request;
  const becomesGet = (status === 303 && asked !== "GET" && asked !== "HEAD") ||
    ((status === 301 || status === 302) && asked === "POST");
  if (becomesGet) { for (const name of BODY_FIELDS) headers.delete(name); }
  else if (body === undefined) {
    throw new TypeError(`Cannot send the body again to ${to.href}: it was a stream`);
  }
  if (to.origin !== from.origin) { for (const name of PRIVATE_FIELDS) headers.delete(name); }
  headers.delete("host");
  const init: RequestInit = {
    method: becomesGet ? "GET" : asked,
    headers,
    redirect: request.redirect,
    signal: request.signal,
  };
  return { request: new Request(to, init), body: becomesGet || body!.length === 0 ? null : body! };
}
