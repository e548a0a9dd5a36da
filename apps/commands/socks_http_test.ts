import { assertEquals } from "@std/assert";
import { parseProxyRequest, type ProxyRequest } from "./socks_http.ts";

const parse = (...lines: string[]) => parseProxyRequest(lines);

Deno.test("parseProxyRequest(): CONNECT names host and port (RFC 9110 §9.3.6)", () => {
  for (
    const [uri, hostname, port] of [
      ["example.test:443", "example.test", 443],
      ["10.0.0.2:22", "10.0.0.2", 22],
      ["[2001:db8::1]:443", "2001:db8::1", 443],
    ] as const
  ) {
    const request = parse(`CONNECT ${uri} HTTP/1.1`, `Host: ${uri}`);
    assertEquals(request, { target: { hostname, port }, isTunnel: true, head: "" });
  }
  for (
    const uri of ["example.test", "/", "http://example.test/", ":443", "example.test:0", "a b:1", "x:70000"]
  ) {
    assertEquals((parse(`CONNECT ${uri} HTTP/1.1`) as { status: number }).status, 400, uri);
  }
});

Deno.test("parseProxyRequest(): an absolute URL becomes a path and a Host field (RFC 9112 §3.2.2)", () => {
  const head = (uri: string, method = "GET") => {
    const request = parse(`${method} ${uri} HTTP/1.1`, "Host: other.test", "Accept: */*") as ProxyRequest;
    return [request.target.hostname, request.target.port, ...request.head.split("\r\n").slice(0, 3)];
  };
  assertEquals(head("http://a.test/x/../y?q=1"), [
    "a.test",
    80,
    "GET /x/../y?q=1 HTTP/1.1",
    "Host: a.test",
    "Accept: */*",
  ]);
  assertEquals(head("HTTP://a.test:8080"), [
    "a.test",
    8080,
    "GET / HTTP/1.1",
    "Host: a.test:8080",
    "Accept: */*",
  ]);
  assertEquals(head("http://a.test?q"), ["a.test", 80, "GET /?q HTTP/1.1", "Host: a.test", "Accept: */*"]);
  assertEquals(head("http://u:p@a.test/#f"), ["a.test", 80, "GET / HTTP/1.1", "Host: a.test", "Accept: */*"]);
  assertEquals(head("http://[2001:db8::1]/"), [
    "2001:db8::1",
    80,
    "GET / HTTP/1.1",
    "Host: [2001:db8::1]",
    "Accept: */*",
  ]);
  assertEquals(head("http://a.test", "OPTIONS"), [
    "a.test",
    80,
    "OPTIONS * HTTP/1.1",
    "Host: a.test",
    "Accept: */*",
  ]);
});

Deno.test("parseProxyRequest(): fields about the hop stay here (RFC 9110 §7.6.1), Via is added (§7.6.3)", () => {
  const request = parse(
    "POST http://a.test/ HTTP/1.0",
    "Proxy-Authorization: Basic abc",
    "Proxy-Connection: keep-alive",
    "Connection: X-Private, close",
    "X-Private: 1",
    "Keep-Alive: 5",
    "Content-Length: 3",
    "transfer-encoding: chunked",
  ) as ProxyRequest;
  assertEquals(
    request.head,
    "POST / HTTP/1.0\r\nHost: a.test\r\nContent-Length: 3\r\ntransfer-encoding: chunked\r\n" +
      "Via: 1.0 lightwire\r\nConnection: close\r\n\r\n",
  );
});

Deno.test("parseProxyRequest(): what makes no sense is refused with a status", () => {
  const status = (...lines: string[]) => (parse(...lines) as { status?: number }).status;
  assertEquals(status(), 400);
  assertEquals(status("GET / HTTP/1.1"), 400);
  assertEquals(status("GET http://a.test/"), 400);
  assertEquals(status("GET http://a.test/ HTTP/2.0"), 400);
  assertEquals(status("GET http:/// HTTP/1.1"), 400);
  assertEquals(status("GET https://a.test/ HTTP/1.1"), 501);
  assertEquals(status("GET ftp://a.test/ HTTP/1.1"), 501);
  assertEquals(status("GET http://a.test/ HTTP/1.1", " folded"), 400);
  assertEquals(status("GET http://a.test/ HTTP/1.1", "no field"), 400);
});
