import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Simulation } from "@lightwire/netif/sim";
import { nextTurn } from "../host_environment.ts";
import { MemoryListener } from "./memory_conn_fixture.ts";
import { type HttpHandler, serveHttp, type ServeHttpOptions } from "./server.ts";

/** Sends `text` on one connection and returns everything that comes back until the server ends it. */
async function ask(
  text: string | readonly string[],
  handler: HttpHandler,
  options: ServeHttpOptions & { pieceBytes?: number; endAfter?: boolean } = {},
): Promise<string> {
  const listener = new MemoryListener(undefined, options.pieceBytes);
  const controller = new AbortController();
  const server = serveHttp(listener, handler, { ...options, signal: controller.signal });
  const conn = listener.connect();
  const answer = conn.hear();
  for (const part of typeof text === "string" ? [text] : text) {
    await conn.say(part).catch(() => {});
    await nextTurn();
  }
  if (options.endAfter ?? true) await conn.closeWrite();
  const heard = await answer;
  controller.abort();
  await server;
  return heard;
}

const hello: HttpHandler = () => new Response("hello");

Deno.test("serveHttp: a string is answered with Content-Length and keep-alive (RFC 9112 §6.2)", async () => {
  const heard = await ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n", hello);
  assertMatch(heard, /^HTTP\/1\.1 200 OK\r\n/);
  assertStringIncludes(heard, "content-length: 5\r\n");
  assert(!heard.includes("connection:"));
  assert(heard.endsWith("\r\n\r\nhello"));
});

Deno.test("serveHttp: pipelined requests are answered in order (RFC 9112 §9.3.2)", async () => {
  const requests = ["/1", "/2", "/3"].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join("");
  const heard = await ask(requests, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/1") await nextTurn();
    return new Response(`<${pathname}>`);
  });
  assertEquals([...heard.matchAll(/<(.*?)>/g)].map((m) => m[1]), ["/1", "/2", "/3"]);
});

Deno.test("serveHttp: a request cut into single bytes is understood", async () => {
  const text = "POST /x?y=1 HTTP/1.1\r\nHost: example.net:8080\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "5;ext=1\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: x\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const seen: string[] = [];
  const heard = await ask(text, async (request) => {
    seen.push(`${request.method} ${request.url} ${await request.text()}`);
    return new Response("ok");
  }, { pieceBytes: 1 });
  assertEquals(seen, ["POST http://example.net:8080/x?y=1 hello world", "GET http://a/ "]);
  assertEquals(heard.match(/200 OK/g)?.length, 2);
});

Deno.test("serveHttp: a stream is answered in chunks, and close-delimited to HTTP/1.0 (RFC 9112 §6.3)", async () => {
  const handler: HttpHandler = () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await nextTurn();
          controller.enqueue(new TextEncoder().encode("ab"));
          if (++count === 2) controller.close();
        },
      }),
    );
  let count = 0;
  const chunked = await ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n", handler);
  assertStringIncludes(chunked, "transfer-encoding: chunked\r\n");
  assert(chunked.endsWith("\r\n\r\n2\r\nab\r\n2\r\nab\r\n0\r\n\r\n"), chunked);
  count = 0;
  const closed = await ask("GET / HTTP/1.0\r\n\r\n", handler);
  assertStringIncludes(closed, "connection: close\r\n");
  assert(!closed.includes("transfer-encoding"));
  assert(closed.endsWith("\r\n\r\nabab"));
});

Deno.test("serveHttp: HEAD gets the fields of GET and no body (RFC 9110 §9.3.2)", async () => {
  const heard = await ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", hello);
  const parts = heard.split("\r\n\r\n");
  assertEquals(parts.length, 3);
  assertStringIncludes(parts[0]!, "content-length: 5");
  assertStringIncludes(parts[1]!, "HTTP/1.1 200 OK");
  assertEquals(parts[2], "hello");
});

Deno.test("serveHttp: 204 and 304 have no body and no Content-Length of one (RFC 9112 §6.3)", async () => {
  for (const status of [204, 304]) {
    const heard = await ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n", () => new Response(null, { status }));
    assertMatch(heard, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert(!heard.includes("content-length"));
    assert(heard.endsWith("\r\n\r\n"));
  }
});

Deno.test("serveHttp: Connection: close ends the connection after the answer (RFC 9112 §9.6)", async () => {
  const heard = await ask(
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    hello,
    { endAfter: false },
  );
  assertEquals(heard.match(/200 OK/g)?.length, 1);
  assertStringIncludes(heard, "connection: close\r\n");
});

Deno.test("serveHttp: HTTP/1.0 is kept open only if asked for (RFC 9112 §9.3)", async () => {
  const heard = await ask(
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    hello,
    { endAfter: false },
  );
  assertEquals(heard.match(/connection: keep-alive/g)?.length, 1);
  assertEquals(heard.match(/connection: close/g)?.length, 1);
});

Deno.test("serveHttp: 100 Continue is sent when the body is wanted, and not otherwise (RFC 9110 §10.1.1)", async () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  const wanted = await ask([head, "abc"], async (request) => new Response(await request.text()));
  assertMatch(wanted, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nabc$/);
  const refused = await ask(head, () => new Response("no", { status: 403 }), { endAfter: false });
  assertMatch(refused, /^HTTP\/1\.1 403 Forbidden\r\n[^]*connection: close\r\n/);
  const unknown = await ask("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", hello);
  assertMatch(unknown, /^HTTP\/1\.1 417 /);
});

Deno.test("serveHttp: what is malformed is answered with its status and ends the connection", async () => {
  const cases: [string, number][] = [
    ["GET / HTTP/1.1\r\n\r\n", 400], // no Host
    ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
    ["GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400],
    ["hello\r\n\r\n", 400],
    ["GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501],
    ["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ["GET / HTTP/1.1\r\nHost: a\r\n" + "x: y\r\n".repeat(300) + "\r\n", 431],
    ["GET / HTTP/1.1\r\nHost: a\r\nX: " + "y".repeat(20_000) + "\r\n\r\n", 431],
    ["GET /" + "y".repeat(20_000), 431],
  ];
  for (const [text, status] of cases) {
    let calls = 0;
    const heard = await ask(text + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", () => {
      calls++;
      return new Response();
    }, { endAfter: false });
    assertMatch(heard, new RegExp(`^HTTP/1\\.1 ${status} `), JSON.stringify(text.slice(0, 80)));
    assertEquals(heard.match(/^HTTP\/1\.1 \d/gm)?.length, 1);
    assertEquals(calls, 0);
  }
});

Deno.test("serveHttp: a malformed chunk breaks the body and the connection, not the server", async () => {
  for (const chunk of ["zz\r\n", "5\r\nhelloX", "ffffffffffffff\r\n", "5\nhello", "-1\r\n"]) {
    const text = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}\r\n\r\n`;
    let failure: unknown;
    await ask(text, async (request) => {
      failure = await request.text().catch((error) => error);
      return new Response("never mind");
    });
    assert(failure instanceof Error && failure.name === "Http", `${chunk}: ${failure}`);
  }
});

Deno.test("serveHttp: absolute and asterisk targets (RFC 9112 §3.2)", async () => {
  const seen: string[] = [];
  const handler: HttpHandler = (request) => {
    seen.push(`${request.method} ${request.url}`);
    return new Response();
  };
  await ask(
    "GET http://b:81/x HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nGET //c/d HTTP/1.1\r\nHost: a\r\n\r\n",
    handler,
  );
  assertEquals(seen, ["GET http://b:81/x", "OPTIONS http://a/*", "GET http://a//c/d"]);
});

Deno.test("serveHttp: a small unread body is skipped, a large one ends the connection", async () => {
  const small =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  assertEquals((await ask(small, hello)).match(/200 OK/g)?.length, 2);
  const large = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${"x".repeat(100_000)}` +
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  assertEquals((await ask(large, hello, { maxDrainBytes: 1000 })).match(/200 OK/g)?.length, 1);
});

Deno.test("serveHttp: a body is echoed while it comes in, with back-pressure", async () => {
  const listener = new MemoryListener();
  const controller = new AbortController();
  const server = serveHttp(listener, (request) => new Response(request.body), { signal: controller.signal });
  const conn = listener.connect();
  await conn.say(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${20 * 65536}\r\n\r\n`);
  const piece = "p".repeat(65536);
  let isStuck = false;
  const sending = (async () => {
    for (let i = 0; i < 20; i++) {
      const write = conn.say(piece);
      if (await Promise.race([write.then(() => false), nextTurn().then(() => true)])) isStuck = true;
      await write;
    }
  })();
  for (let i = 0; i < 50; i++) await nextTurn();
  assert(isStuck, "the client is slowed down while nobody reads the answer");
  const heard = conn.hear();
  await sending;
  await conn.closeWrite();
  const text = await heard;
  assertEquals(text.match(/p{4}/g)!.length * 4, 20 * 65536);
  controller.abort();
  await server;
});

Deno.test("serveHttp: a throwing handler is answered with 500, or as onError says, and the connection stays", async () => {
  const two = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  const broken: HttpHandler = () => {
    throw new Error("oops");
  };
  assertEquals((await ask(two, broken)).match(/ 500 /g)?.length, 2);
  const heard = await ask(two, broken, {
    onError: (error, request) => new Response(`${(error as Error).message} ${request.url}`, { status: 503 }),
  });
  assertStringIncludes(heard, "oops http://a/2");
  assertEquals((await ask(two, (() => "no response") as unknown as HttpHandler)).match(/ 500 /g)?.length, 2);
});

Deno.test("serveHttp: an answer that breaks off, or is longer or shorter than announced, resets the connection", async () => {
  const cases: HttpHandler[] = [
    () =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            await nextTurn();
            controller.error(new Error("disk gone"));
          },
        }),
      ),
    () => new Response("longer", { headers: { "content-length": "3" } }),
    () => new Response("short", { headers: { "content-length": "30" } }),
  ];
  for (const handler of cases) {
    const listener = new MemoryListener();
    const controller = new AbortController();
    const server = serveHttp(listener, handler, { signal: controller.signal });
    const conn = listener.connect();
    const heard = conn.hear().then(() => "an end", (error) => error.message);
    await conn.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assertEquals(await heard, "connection reset");
    controller.abort();
    await server;
  }
});

Deno.test("serveHttp: idle connections are closed after their time, half a head is answered with 408", async () => {
  using sim = new Simulation({ seed: 1 });
  const listener = new MemoryListener(sim.timers);
  const controller = new AbortController();
  const server = serveHttp(listener, hello, {
    signal: controller.signal,
    idleTimeoutMs: 5000,
    headTimeoutMs: 3000,
  });
  const idle = listener.connect();
  const idleHeard = idle.hear();
  await nextTurn();
  sim.advance(4999);
  await nextTurn();
  await idle.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await nextTurn();
  sim.advance(5000);
  assertEquals((await idleHeard).match(/200 OK/g)?.length, 1);
  const slow = listener.connect();
  const slowHeard = slow.hear();
  await slow.say("GET / HTTP/1.1\r\n");
  await nextTurn();
  sim.advance(3000);
  assertMatch(await slowHeard, /^HTTP\/1\.1 408 /);
  controller.abort();
  await server;
  assertEquals(sim.timers.size, 0);
});

Deno.test("serveHttp: after its signal idle connections end, an answer under way gets its grace", async () => {
  using sim = new Simulation({ seed: 1 });
  const listener = new MemoryListener(sim.timers);
  const controller = new AbortController();
  let release!: () => void;
  const server = serveHttp(listener, async (request) => {
    if (request.url.endsWith("/stuck")) await new Promise(() => {});
    await new Promise<void>((resolve) => release = resolve);
    return new Response("late");
  }, { signal: controller.signal, graceMs: 1000 });
  const idle = listener.connect();
  const busy = listener.connect();
  const stuck = listener.connect();
  const heard = [idle, busy, stuck].map((conn) => conn.hear().catch((error) => error.message));
  await busy.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await stuck.say("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
  await nextTurn();
  controller.abort();
  assertEquals(await heard[0], "");
  release();
  assertMatch(await heard[1]!, /connection: close[^]*late$/);
  sim.advance(1000);
  assertEquals(await heard[2], "connection reset");
  await server; // although one handler never answers
});

Deno.test("serveHttp: at most maxConnections at a time", async () => {
  const listener = new MemoryListener();
  const controller = new AbortController();
  const server = serveHttp(listener, hello, { signal: controller.signal, maxConnections: 2 });
  const conns = [listener.connect(), listener.connect(), listener.connect()];
  const heard = conns.map((conn) => conn.hear());
  let isThirdServed = false;
  heard[2]!.then(() => isThirdServed = true);
  await conns[2]!.say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  for (let i = 0; i < 5; i++) await nextTurn();
  assert(!isThirdServed);
  await conns[0]!.closeWrite();
  await heard[0];
  for (let i = 0; i < 5; i++) await nextTurn();
  await conns[1]!.closeWrite();
  assertMatch(await heard[2]!, /200 OK/);
  controller.abort();
  await server;
});
