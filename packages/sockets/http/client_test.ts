import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { Simulation } from "@lightwire/netif/sim";
import { nextTurn } from "../host_environment.ts";
import { HttpClient, type HttpClientOptions } from "./client.ts";
import { type MemoryConn, MemoryListener } from "./memory_conn_fixture.ts";
import { type HttpHandler, serveHttp } from "./server.ts";

interface World {
  readonly client: HttpClient;
  readonly listener: MemoryListener;
  readonly sim: Simulation;
}

/** A client whose connections reach `handler`, whatever the host. */
async function withServer(
  handler: HttpHandler,
  body: (world: World) => Promise<void>,
  options: HttpClientOptions & { pieceBytes?: number } = {},
): Promise<void> {
  using sim = new Simulation({ seed: 1 });
  const listener = new MemoryListener(sim.timers, options.pieceBytes);
  const controller = new AbortController();
  const server = serveHttp(listener, handler, { signal: controller.signal });
  const client = new HttpClient(
    { connect: () => Promise.resolve(listener.connect()), timers: sim.timers },
    options,
  );
  try {
    await body({ client, listener, sim });
  } finally {
    client.close();
    controller.abort();
    for (let i = 0; i < 5; i++) await nextTurn();
    sim.advance(1000);
    await server;
  }
  assertEquals(sim.timers.size, 0, "timers are left");
}

/** A client, and what a hand-written server does with its first connections. */
async function withScript(
  scripts: readonly ((conn: MemoryConn) => Promise<void>)[],
  body: (world: World) => Promise<void>,
  options: HttpClientOptions = {},
): Promise<void> {
  using sim = new Simulation({ seed: 1 });
  const listener = new MemoryListener(sim.timers);
  const client = new HttpClient(
    { connect: () => Promise.resolve(listener.connect()), timers: sim.timers },
    options,
  );
  const serving = (async () => {
    for (const script of scripts) await script(await listener.accept());
  })();
  await body({ client, listener, sim });
  client.close();
  await serving;
  assertEquals(sim.timers.size, 0, "timers are left");
}

/** Reads one head. */
async function hearHead(conn: MemoryConn): Promise<string> {
  let text = "";
  const byte = new Uint8Array(1);
  while (!text.endsWith("\r\n\r\n") && await conn.read(byte) !== null) text += String.fromCharCode(byte[0]!);
  return text;
}

Deno.test("fetch: a page, with url, status, fields and text", async () => {
  await withServer(
    (request) => new Response(`you asked ${request.url}`, { status: 201, headers: { "x-a": "b" } }),
    async ({ client }) => {
      const response = await client.fetch("http://example.net:8080/a?b#c");
      assertEquals(response.status, 201);
      assertEquals(response.statusText, "Created");
      assertEquals(response.headers.get("x-a"), "b");
      assertEquals(response.url, "http://example.net:8080/a?b#c");
      assertEquals(response.redirected, false);
      assertEquals(await response.text(), "you asked http://example.net:8080/a?b");
    },
  );
});

Deno.test("fetch: connections are kept, one per request at a time", async () => {
  await withServer(() => new Response("x"), async ({ client, listener }) => {
    for (let i = 0; i < 5; i++) await (await client.fetch("http://a/")).text();
    assertEquals(listener.connections, 1);
    assertEquals(client.idleCount, 1);
    const responses = await Promise.all([1, 2, 3].map(() => client.fetch("http://a/")));
    assertEquals(listener.connections, 3);
    await Promise.all(responses.map((response) => response.text()));
    assertEquals(client.idleCount, 3);
  });
});

Deno.test("fetch: a kept connection is closed after its time", async () => {
  await withServer(() => new Response("x"), async ({ client, sim }) => {
    await (await client.fetch("http://a/")).text();
    assertEquals(client.idleCount, 1);
    sim.advance(20_000);
    assertEquals(client.idleCount, 0);
  });
});

Deno.test("fetch: bodies of every kind go up, in single bytes too", async () => {
  const echo: HttpHandler = async (request) =>
    new Response(`${request.headers.get("content-length")} ${await request.text()}`);
  for (const pieceBytes of [1, Infinity]) {
    await withServer(echo, async ({ client }) => {
      const post = async (body: BodyInit): Promise<string> =>
        await (await client.fetch("http://a/", { method: "POST", body, duplex: "half" } as RequestInit))
          .text();
      assertEquals(await post("hello"), "5 hello");
      assertEquals(await post(new Uint8Array([0x61])), "1 a");
      assertEquals(await post(""), "0 ");
      const stream = new ReadableStream({
        async start(controller) {
          for (const part of ["one ", "two ", "three"]) {
            await nextTurn();
            controller.enqueue(new TextEncoder().encode(part));
          }
          controller.close();
        },
      });
      assertEquals(await post(stream), "null one two three");
      const big = "x".repeat(pieceBytes === 1 ? 1000 : 1_000_000);
      assertEquals(await post(big), `${big.length} ${big}`);
    }, { pieceBytes });
  }
});

Deno.test("fetch: redirections are followed, methods change as the Fetch standard says", async () => {
  const seen: string[] = [];
  const handler: HttpHandler = async (request) => {
    const { pathname, host } = new URL(request.url);
    const text = await request.text();
    seen.push(
      `${request.method} ${host}${pathname} ${text} ${request.headers.get("authorization")}`.replace(
        /\s+/g,
        " ",
      ),
    );
    const status = Number(pathname.slice(1));
    if (status) {
      return new Response(null, { status, headers: { location: status > 306 ? "//b/x" : "../y#z" } });
    }
    return new Response("there");
  };
  await withServer(handler, async ({ client }) => {
    for (const status of [301, 302, 303, 307, 308]) {
      const response = await client.fetch(`http://a/${status}`, {
        method: "POST",
        body: "b",
        headers: { authorization: "s" },
      });
      assertEquals(await response.text(), "there");
      assertEquals(response.redirected, true);
      assertEquals(response.url, status > 306 ? "http://b/x" : "http://a/y#z");
    }
  });
  assertEquals(seen, [
    "POST a/301 b s",
    "GET a/y s",
    "POST a/302 b s",
    "GET a/y s",
    "POST a/303 b s",
    "GET a/y s",
    "POST a/307 b s",
    "POST b/x b null",
    "POST a/308 b s",
    "POST b/x b null",
  ]);
});

Deno.test("fetch: redirect manual and error, and at most twenty", async () => {
  await withServer(
    () => new Response(null, { status: 302, headers: { location: "/" } }),
    async ({ client }) => {
      assertEquals((await client.fetch("http://a/", { redirect: "manual" })).status, 302);
      await assertRejects(() => client.fetch("http://a/", { redirect: "error" }), TypeError, "it redirects");
      await assertRejects(() => client.fetch("http://a/"), TypeError, "more than 20 redirections");
    },
  );
});

Deno.test("fetch: HEAD and null bodies leave the connection usable", async () => {
  await withServer(
    (request) => request.url.endsWith("/204") ? new Response(null, { status: 204 }) : new Response("x"),
    async ({ client, listener }) => {
      const head = await client.fetch("http://a/", { method: "HEAD" });
      assertEquals(head.headers.get("content-length"), "1");
      assertEquals(await head.text(), "");
      assertEquals((await client.fetch("http://a/204")).status, 204);
      assertEquals(await (await client.fetch("http://a/")).text(), "x");
      assertEquals(listener.connections, 1);
    },
  );
});

Deno.test("fetch: an answer until close is read to its end, and interim answers are skipped", async () => {
  await withScript([async (conn) => {
    assertMatch(await hearHead(conn), /^GET \/ HTTP\/1\.1\r\n[^]*host: a:81\r\n/);
    await conn.say("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.0 200\r\n\r\nab");
    await nextTurn();
    await conn.say("cd");
    conn.close();
  }], async ({ client }) => {
    const response = await client.fetch("http://a:81/");
    assertEquals(response.statusText, "");
    assertEquals(await response.text(), "abcd");
    assertEquals(client.idleCount, 0);
  });
});

Deno.test("fetch: a kept connection that the server closed meanwhile is replaced", async () => {
  const once = async (conn: MemoryConn): Promise<void> => {
    await hearHead(conn);
    await conn.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
  };
  await withScript([async (conn) => {
    await once(conn);
    // Closes when the second request is already under way.
    await hearHead(conn);
    conn.close();
  }, once], async ({ client, listener }) => {
    assertEquals(await (await client.fetch("http://a/")).text(), "x");
    assertEquals(await (await client.fetch("http://a/")).text(), "x");
    assertEquals(listener.connections, 2);
  });
});

Deno.test("fetch: bytes nobody asked for end a kept connection", async () => {
  await withScript([async (conn) => {
    await hearHead(conn);
    await conn.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    await nextTurn();
    await conn.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
  }], async ({ client }) => {
    assertEquals(await (await client.fetch("http://a/")).text(), "x");
    assertEquals(client.idleCount, 1);
    for (let i = 0; i < 5; i++) await nextTurn();
    assertEquals(client.idleCount, 0);
  });
});

Deno.test("fetch: a broken answer fails, with what is wrong", async () => {
  const cases: [string, RegExp][] = [
    ["", /it closed the connection/],
    ["HTTP/1.1 200 OK\r\nCont", /ended within a head/],
    ["SSH-2.0-OpenSSH\r\n\r\n", /status line is malformed/],
    ["HTTP/2.0 200 OK\r\n\r\n", /another version/],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", /ended within a body/],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", /exclude each other/],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", /size of a chunk/],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", /ended within a chunked body/],
    ["HTTP/1.1 200 OK\r\nX: " + "y".repeat(70_000), /longer than/],
  ];
  for (const [text, reason] of cases) {
    await withScript([async (conn) => {
      await hearHead(conn);
      await conn.say(text).catch(() => {});
      await conn.closeWrite().catch(() => {});
    }], async ({ client }) => {
      const error = await client.fetch("http://a/").then((r) => r.text()).then(() => undefined, (e) => e);
      assert(error instanceof Error);
      assertMatch(error.message, reason);
    });
  }
});

Deno.test("fetch: Expect: 100-continue waits for it, a second at most, or for a final answer", async () => {
  const request = { method: "POST", body: "abc", headers: { expect: "100-continue" } };
  await withScript([async (conn) => {
    assertStringIncludes(await hearHead(conn), "content-length: 3");
    await nextTurn();
    await conn.say("HTTP/1.1 100 Continue\r\n\r\n");
    const body = new Uint8Array(3);
    assertEquals(await conn.read(body), 3);
    await conn.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }], async ({ client }) => void assertEquals((await client.fetch("http://a/", request)).status, 200));
  await withScript([async (conn) => {
    await hearHead(conn);
    await conn.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    assertEquals(await conn.read(new Uint8Array(3)).catch(() => "ended"), "ended");
  }], async ({ client }) => {
    assertEquals((await client.fetch("http://a/", request)).status, 413);
    assertEquals(client.idleCount, 0);
  });
  await withScript([async (conn) => {
    await hearHead(conn);
    assertEquals(await conn.read(new Uint8Array(3)), 3);
    await conn.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }], async ({ client, sim }) => {
    const response = client.fetch("http://a/", request);
    for (let i = 0; i < 5; i++) await nextTurn();
    sim.advance(1000);
    assertEquals((await response).status, 200);
  });
});

Deno.test("fetch: limits of time for the head and between pieces of the body", async () => {
  await withScript([async (conn) => {
    await hearHead(conn);
    assertEquals(await conn.read(new Uint8Array(1)).catch((error) => error.message), "connection reset");
  }], async ({ client, sim }) => {
    const failure = client.fetch("http://a/").catch((error) => error);
    await nextTurn();
    sim.advance(59_999);
    await nextTurn();
    sim.advance(1);
    const error = await failure;
    assertEquals([error.name, error.code], ["TimedOut", "TIMED_OUT"]);
  });
  await withScript([async (conn) => {
    await hearHead(conn);
    await conn.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
    assertEquals(await conn.read(new Uint8Array(1)).catch((error) => error.message), "connection reset");
  }], async ({ client, sim }) => {
    const response = await client.fetch("http://a/");
    const failure = response.text().catch((error) => error);
    await nextTurn();
    sim.advance(60_000);
    assertEquals((await failure).code, "TIMED_OUT");
  });
});

Deno.test("fetch: an abort rejects with its reason, before, while waiting, and within the body", async () => {
  const reason = new Error("enough");
  await withServer(() => new Promise(() => {}), async ({ client }) => {
    const signal = AbortSignal.abort(reason);
    assertEquals(await client.fetch("http://a/", { signal }).catch((error) => error), reason);
    const controller = new AbortController();
    const failure = client.fetch("http://a/", { signal: controller.signal }).catch((error) => error);
    await nextTurn();
    controller.abort(reason);
    assertEquals(await failure, reason);
  });
  await withScript([async (conn) => {
    await hearHead(conn);
    await conn.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  }], async ({ client }) => {
    const controller = new AbortController();
    const response = await client.fetch("http://a/", { signal: controller.signal });
    const failure = response.text().catch((error) => error);
    await nextTurn();
    controller.abort(reason);
    assertEquals(await failure, reason);
  });
});

Deno.test("fetch: a body that breaks off fails the request", async () => {
  await withServer(async (request) => new Response(await request.text()), async ({ client }) => {
    const body = new ReadableStream({
      async pull(controller) {
        await nextTurn();
        controller.error(new Error("disk gone"));
      },
    });
    const failure = await client.fetch("http://a/", { method: "POST", body, duplex: "half" } as RequestInit)
      .catch((error) => error);
    assertEquals(failure.message, "disk gone");
  });
});

Deno.test("fetch: giving a body up closes its connection", async () => {
  await withServer(() => new Response("x".repeat(500_000)), async ({ client, listener }) => {
    const response = await client.fetch("http://a/");
    await response.body!.cancel();
    assertEquals(client.idleCount, 0);
    assertEquals((await client.fetch("http://a/", { method: "HEAD" })).status, 200);
    assertEquals(listener.connections, 2);
  });
});

Deno.test("fetch: https: needs a `connect` option", async () => {
  await withServer(() => new Response("x"), async ({ client }) => {
    await assertRejects(() => client.fetch("https://a/"), TypeError, "only http:");
  });
  using sim = new Simulation({ seed: 1 });
  const listener = new MemoryListener();
  const urls: string[] = [];
  const client = new HttpClient({
    connect: () => Promise.reject(new Error("not this way")),
    timers: sim.timers,
  }, {
    connect: (url) => {
      urls.push(url.href);
      return Promise.resolve(listener.connect());
    },
  });
  const controller = new AbortController();
  const server = serveHttp(listener, () => new Response("x"), { signal: controller.signal });
  assertEquals(await (await client.fetch("https://u:p@a/b")).text(), "x");
  assertEquals(urls.map((url) => new URL(url).pathname), ["/b"]);
  client.close();
  controller.abort();
  await server;
});
