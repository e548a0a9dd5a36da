import { assert, assertEquals } from "@std/assert";
import { fetchHttp, HttpClient, serveHttp } from "./http.ts";
import { NetError } from "./errors.ts";
import { FULL_OFFLOAD, stackPair } from "./stack_pair_fixture.ts";

const BASE = "http://10.0.0.2";

Deno.test("HTTP over two stacks: a page, its date, and the connection is kept", async () => {
  await using pair = stackPair();
  const controller = new AbortController();
  const peers: number[] = [];
  const serving = serveHttp(pair.b.listen({ port: 80 }), (request, { remoteAddr, localAddr }) => {
    peers.push(remoteAddr.port);
    return new Response(`${request.method} ${new URL(request.url).pathname} at ${localAddr.hostname}`);
  }, { signal: controller.signal });
  for (const path of ["/a", "/b"]) {
    const response = await fetchHttp(pair.a, BASE + path);
    assertEquals(await response.text(), `GET ${path} at 10.0.0.2`);
    assert(Math.abs(Date.parse(response.headers.get("date")!) - Date.now()) < 5000);
  }
  assertEquals(new Set(peers).size, 1);
  controller.abort();
  await serving;
});

Deno.test("HTTP over two stacks: five megabytes up and down, unharmed", async () => {
  await using pair = stackPair({ capabilities: FULL_OFFLOAD });
  const controller = new AbortController();
  const serving = serveHttp(pair.b.listen({ port: 80 }), (request) => new Response(request.body), {
    signal: controller.signal,
  });
  const body = new Uint8Array(5_000_000).map((_, i) => i * 31 + (i >> 8));
  const response = await fetchHttp(pair.a, BASE, { method: "POST", body });
  const back = new Uint8Array(await response.arrayBuffer());
  assertEquals(back.length, body.length);
  assert(back.every((byte, i) => byte === body[i]));
  controller.abort();
  await serving;
});

Deno.test("HTTP over two stacks: two hundred requests at once", async () => {
  await using pair = stackPair();
  const controller = new AbortController();
  const serving = serveHttp(
    pair.b.listen({ port: 80 }),
    (request) => new Response(new URL(request.url).search),
    {
      signal: controller.signal,
    },
  );
  using client = new HttpClient(pair.a);
  const texts = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => await (await client.fetch(`${BASE}/?${i}`)).text()),
  );
  assertEquals(texts, texts.map((_, i) => `?${i}`));
  assertEquals(client.idleCount, 4);
  controller.abort();
  await serving;
});

Deno.test("HTTP over two stacks: a client that reads slowly slows the server down", async () => {
  await using pair = stackPair();
  const controller = new AbortController();
  let produced = 0;
  const serving = serveHttp(pair.b.listen({ port: 80 }), () =>
    new Response(
      new ReadableStream({
        pull(stream) {
          if (produced >= 20_000_000) return stream.close();
          produced += 50_000;
          stream.enqueue(new Uint8Array(50_000));
        },
      }),
    ), { signal: controller.signal });
  const response = await fetchHttp(pair.a, BASE);
  await pair.settle();
  assert(produced < 20_000_000, "the stream is not read ahead of what the window takes");
  assertEquals((await response.arrayBuffer()).byteLength, 20_000_000);
  controller.abort();
  await serving;
});

Deno.test("HTTP over two stacks: refused, unknown and aborted are told as they are", async () => {
  await using pair = stackPair();
  const refused = await fetchHttp(pair.a, BASE).catch((e) => e);
  assert(refused instanceof NetError);
  assertEquals(refused.code, "CONNECTION_REFUSED");
  const unknown = await fetchHttp(pair.a, "http://no.such.name.invalid/").catch((e) => e);
  assert(unknown instanceof NetError);
  pair.b.listen({ port: 80 });
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = fetchHttp(pair.a, BASE, { signal: controller.signal }).catch((e) => e);
  await pair.settle();
  controller.abort(reason);
  assertEquals(await waiting, reason);
});

Deno.test("HTTP over two stacks: connections at rest do not keep the process alive", async () => {
  await using pair = stackPair();
  const controller = new AbortController();
  const listener = pair.b.listen({ port: 80 });
  const serving = serveHttp(listener, () => new Response("x"), { signal: controller.signal });
  await (await fetchHttp(pair.a, BASE)).text();
  await pair.settle();
  assert(!pair.a.pump.isHoldingProcess);
  controller.abort();
  await serving;
});
