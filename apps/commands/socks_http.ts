/** An HTTP proxy: CONNECT (RFC 9110 §9.3.6), and requests with an absolute URL (RFC 9112 §3.2.2).
 *
 * Of one connection one request is served: the target is told `Connection: close`, so that its end is the end of the response.
 *
 * @module
 */
import { type Endpoint, parseEndpoint } from "./forward.ts";
import type { HandshakeReader } from "./socks_reader.ts";
import { codeOf, type ProxySession } from "./socks_session.ts";

/** Fields about one hop, which do not go on (RFC 9110 §7.6.1). */
const HOP_BY_HOP: readonly string[] = [
  "connection",
  "proxy-connection",
  "proxy-authorization",
  "keep-alive",
  "te",
  "upgrade",
  "http2-settings",
];

/** What a client wants. */
export interface ProxyRequest {
  /** Where to connect to. */
  readonly target: Endpoint;
  /** Whether the client talks to the target itself (CONNECT). */
  readonly isTunnel: boolean;
  /** The head for the target; empty for a tunnel. */
  readonly head: string;
}

/** Reads a request.
 *
 * @param lines its head, line by line.
 * @returns what is wanted, or the status code and the reason why that cannot be.
 */
export function parseProxyRequest(
  lines: readonly string[],
): ProxyRequest | { status: number; reason: string } {
  const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (\S+) HTTP\/1\.([01])$/.exec(lines[0] ?? "");
  if (match === null) return { status: 400, reason: "this is no HTTP/1.1 request" };
  const [, method = "", uri = "", minor] = match;
  if (method === "CONNECT") {
    const target = endpointOf(uri, undefined);
    return target === undefined
      ? { status: 400, reason: `CONNECT needs HOST:PORT, not "${uri}"` }
      : { target, isTunnel: true, head: "" };
  }
  const absolute = /^(\w+):\/\/([^/?#]*)([^#]*)/.exec(uri);
  if (absolute === null) {
    return { status: 400, reason: "this is a proxy: set http_proxy and https_proxy to its address" };
  }
  const [, scheme = "", authority = "", rest = ""] = absolute;
  if (scheme.toLowerCase() !== "http") {
    return { status: 501, reason: `only http:// is proxied so; use CONNECT for ${scheme}://` };
  }
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const target = endpointOf(host, 80);
  if (target === undefined) return { status: 400, reason: `"${authority}" is no host` };
  const fields = forwardedFields(lines.slice(1));
  if (fields === undefined) return { status: 400, reason: "a header line makes no sense" };
  const path = rest === "" ? (method === "OPTIONS" ? "*" : "/") : rest.startsWith("?") ? `/${rest}` : rest;
  const head = [
    `${method} ${path} HTTP/1.${minor}`,
    `Host: ${host}`,
    ...fields,
    `Via: 1.${minor} lightwire`,
    "Connection: close",
  ];
  return { target, isTunnel: false, head: `${head.join("\r\n")}\r\n\r\n` };
}

/** Serves one client of HTTP, of which nothing has been taken yet. */
export async function serveHttpProxy(session: ProxySession, reader: HandshakeReader): Promise<void> {
  const lines = await reader.takeLines();
  if (!isAuthorized(session, lines)) {
    session.refuse("http", "wrong user or password");
    return await session.reply(
      response(407, "Proxy Authentication Required", "user and password are needed"),
    );
  }
  const request = parseProxyRequest(lines);
  if ("status" in request) {
    session.refuse("http", request.reason);
    const phrase = request.status === 501 ? "Not Implemented" : "Bad Request";
    return await session.reply(response(request.status, phrase, request.reason));
  }
  const { target, isTunnel, head } = request;
  const first = Uint8Array.of(...latin1(head), ...reader.rest);
  await session.run(isTunnel ? "connect" : "http", target, {
    succeed: () =>
      isTunnel ? session.reply(latin1("HTTP/1.1 200 Connection established\r\n\r\n")) : Promise.resolve(),
    fail: (error) => {
      const isLate = codeOf(error) === "TIMED_OUT";
      const [status, phrase] = isLate ? [504, "Gateway Timeout"] : [502, "Bad Gateway"];
      return session.reply(response(status as number, phrase as string, (error as Error).message));
    },
  }, first);
}

/** The fields that go on: those of the message, not of the hop. `undefined`: one is no field. */
function forwardedFields(lines: readonly string[]): string[] | undefined {
  const fields = lines.map((line) => /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(line));
  if (fields.includes(null)) return undefined;
  const named = fields.map((field) => [field![1]!.toLowerCase(), field![2]!] as const);
  const dropped = new Set([...HOP_BY_HOP, "host"]);
  for (const [name, value] of named) {
    if (name !== "connection") continue;
    for (const option of value.split(",")) dropped.add(option.trim().toLowerCase());
  }
  return lines.filter((_, i) => !dropped.has(named[i]![0]));
}

/** Basic authentication towards a proxy (RFC 9110 §11.7, RFC 7617). */
function isAuthorized(session: ProxySession, lines: readonly string[]): boolean {
  if (session.credentials === undefined) return true;
  for (const line of lines) {
    const match = /^proxy-authorization:[ \t]*basic[ \t]+([A-Za-z0-9+/=]+)[ \t]*$/i.exec(line);
    if (match === null) continue;
    let text: string;
    try {
      text = new TextDecoder().decode(Uint8Array.from(atob(match[1]!), (c) => c.charCodeAt(0)));
    } catch {
      return false;
    }
    const colon = text.indexOf(":");
    return colon >= 0 && session.allows(text.slice(0, colon), text.slice(colon + 1));
  }
  return false;
}

function endpointOf(text: string, defaultPort: number | undefined): Endpoint | undefined {
  try {
    const hasPort = /:\d+$/.test(text) && !/^\[[^\]]*\d+$/.test(text);
    const found = parseEndpoint(
      hasPort || defaultPort === undefined ? text : `${text.replace(/:$/, "")}:${defaultPort}`,
    );
    return /^[\w.:%-]+$/.test(found.hostname) ? found : undefined;
  } catch {
    return undefined;
  }
}

function response(status: number, phrase: string, reason: string): Uint8Array<ArrayBuffer> {
  const body = `${status} ${phrase}: ${reason}\n`;
  const challenge = status === 407 ? 'Proxy-Authenticate: Basic realm="lightwire"\r\n' : "";
  const bytes = new TextEncoder().encode(body);
  const head = `HTTP/1.1 ${status} ${phrase}\r\n${challenge}Content-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`;
  return Uint8Array.of(...latin1(head), ...bytes);
}

function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}
