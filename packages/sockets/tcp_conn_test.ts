// tidy: allow file-length one test for each promise of TcpConn
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { NetError } from "./errors.ts";
import { nextTurn } from "./host_environment.ts";
import type { Stack } from "./stack.ts";
import { FULL_OFFLOAD, type StackPair, stackPair } from "./stack_pair_fixture.ts";
import type { TcpConn } from "./tcp_conn.ts";
import type { TcpListener } from "./tcp_listener.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A connection from `a` to `b`; both ends, and the listener. */
async function connected(pair: StackPair, port = 80): Promise<[TcpConn, TcpConn, TcpListener]> {
  const listener = pair.b.listen({ port });
  const [client, server] = await Promise.all([
    pair.a.connect({ hostname: "10.0.0.2", port }),
    listener.accept(),
  ]);
  return [client, server, listener];
}

async function readText(conn: TcpConn, length = 65536): Promise<string | null> {
  const buffer = new Uint8Array(length);
  const count = await conn.read(buffer);
  return count === null ? null : decoder.decode(buffer.subarray(0, count));
}

async function readAll(conn: TcpConn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const buffer = new Uint8Array(65536);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    parts.push(buffer.slice(0, n));
    length += n;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Bytes that tell when one is missing, doubled or moved. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8) * 7 + (i >>> 16)) & 0xff;
  return bytes;
}

async function codeOf(promise: Promise<unknown>): Promise<[string, string]> {
  const error = await promise.then(() => undefined, (e) => e);
  assert(error instanceof NetError, `expected a NetError, got ${error}`);
  return [error.code, error.name];
}

Deno.test("TcpConn: text goes both ways, and each end knows both addresses", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  assertEquals(client.remoteAddr, { transport: "tcp", hostname: "10.0.0.2", port: 80 });
  assertEquals(client.localAddr.hostname, "10.0.0.1");
  assertEquals(server.remoteAddr, client.localAddr);
  assertEquals(server.localAddr, client.remoteAddr);
  assertEquals(await client.write(encoder.encode("ping")), 4);
  assertEquals(await readText(server), "ping");
  await server.write(encoder.encode("pong"));
  assertEquals(await readText(client), "pong");
});

Deno.test("TcpConn: closeWrite() ends one direction, and the other goes on", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  await client.write(encoder.encode("request"));
  await client.closeWrite();
  await client.closeWrite();
  assertEquals(await readText(server), "request");
  assertEquals(await readText(server), null);
  assertEquals(await readText(server), null);
  await server.write(encoder.encode("answer"));
  assertEquals(await readText(client), "answer");
  assertEquals(await codeOf(client.write(encoder.encode("more"))), ["BROKEN_PIPE", "BrokenPipe"]);
  server.close();
  assertEquals(await readText(client), null);
  await client.closed;
  await server.closed;
});

Deno.test("TcpConn: ten megabytes arrive unharmed, at MTU 1500 and with offloads, over Ethernet and IP", async () => {
  for (const medium of ["ethernet", "ip"] as const) {
    for (const options of [{}, { capabilities: FULL_OFFLOAD }, { capabilities: FULL_OFFLOAD, mtu: 65_535 }]) {
      await using pair = stackPair({ medium, ...options });
      const [client, server] = await connected(pair);
      const sent = pattern(10_000_000);
      const received = readAll(server);
      assertEquals(await client.write(sent), sent.length);
      await client.closeWrite();
      const got = await received;
      assertEquals(got.length, sent.length);
      assert(got.every((byte, i) => byte === sent[i]));
      client.close();
      server.close();
    }
  }
});

Deno.test("TcpConn: a read that finds data resolves in its own microtask", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  await client.write(encoder.encode("data"));
  await pair.settle();
  const order: string[] = [];
  server.read(new Uint8Array(2)).then((n) => order.push(`read ${n}`));
  queueMicrotask(() => order.push("next"));
  await nextTurn();
  assertEquals(order, ["read 2", "next"]);
  assertEquals(server.readableBytes, 2);
  assertEquals(server.readNow(new Uint8Array(9)), 2);
  assertEquals(server.readNow(new Uint8Array(9)), undefined);
  assertEquals(server.readNow(new Uint8Array(0)), 0);
});

Deno.test("TcpConn: a write waits only while the send buffer is full, and the peer's window holds it", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  const block = pattern(100_000);
  let isWritten = false;
  let total = 0;
  // More than both buffers hold.
  const writing = (async () => {
    for (let i = 0; i < 100; i++) total += await client.write(block);
    isWritten = true;
  })();
  await pair.settle();
  assert(!isWritten);
  const held = total;
  await pair.settle();
  assertEquals(total, held, "nothing moves while nobody reads");
  const received = readAll(server);
  await writing;
  await client.closeWrite();
  assertEquals((await received).length, 10_000_000);
});

Deno.test("TcpConn: concurrent writes and reads are served in order", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  const blocks = [1, 2, 3, 4, 5].map((value) => new Uint8Array(1_000_000).fill(value));
  const writes = Promise.all(blocks.map((block) => client.write(block)));
  const ended = client.closeWrite();
  const got = await readAll(server);
  assertEquals(await writes, blocks.map(() => 1_000_000));
  await ended;
  assert(got.every((byte, i) => byte === 1 + Math.floor(i / 1_000_000)));
  const reads = [1, 2, 3].map((length) => readText(client, length));
  await server.write(encoder.encode("abbccc"));
  assertEquals(await Promise.all(reads), ["a", "bb", "ccc"]);
});

Deno.test("TcpConn: an aborted read takes no bytes, an aborted write no more", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  const reason = new Error("enough");
  const controller = new AbortController();
  const first = server.read(new Uint8Array(9), { signal: controller.signal });
  const second = readText(server);
  controller.abort(reason);
  assertStrictEquals(await first.catch((e) => e), reason);
  await client.write(encoder.encode("kept"));
  assertEquals(await second, "kept");
  assertStrictEquals(
    await server.read(new Uint8Array(9), { signal: controller.signal }).catch((e) => e),
    reason,
  );
  const stuck = new AbortController();
  const writing = client.write(new Uint8Array(20_000_000), { signal: stuck.signal });
  const behind = client.write(encoder.encode("behind"));
  await pair.settle();
  stuck.abort(reason);
  assertStrictEquals(await writing.catch((e) => e), reason);
  const received = readAll(server);
  await behind;
  await client.closeWrite();
  const all = await received;
  assert(all.length < 20_000_000);
  assertEquals(decoder.decode(all.subarray(-6)), "behind");
});

Deno.test("TcpConn: close() rejects what is pending, and what comes after", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  const reading = client.read(new Uint8Array(9));
  const writing = client.write(new Uint8Array(20_000_000));
  await pair.settle();
  client.close();
  client.close();
  assertEquals(await codeOf(reading), ["CLOSED", "BadResource"]);
  assertEquals(await codeOf(writing), ["CLOSED", "BadResource"]);
  assertEquals(await codeOf(client.read(new Uint8Array(9))), ["CLOSED", "BadResource"]);
  assertEquals(await codeOf(client.write(new Uint8Array(9))), ["CLOSED", "BadResource"]);
  assertEquals(await codeOf(client.closeWrite()), ["CLOSED", "BadResource"]);
  assertThrows(() => client.readNow(new Uint8Array(1)), NetError, "it was closed");
  server.close();
});

Deno.test("TcpConn: what was written before close() is delivered", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  await client.write(pattern(500_000));
  client.close();
  assertEquals((await readAll(server)).length, 500_000);
});

Deno.test("TcpConn: text that came before the peer's close can be read afterwards", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  await server.write(encoder.encode("bye"));
  server.close();
  await pair.settle();
  await client.closeWrite();
  await pair.settle();
  assertEquals(await readText(client), "bye");
  assertEquals(await readText(client), null);
  await client.closed;
});

Deno.test("TcpConn: abort() resets the peer's pending and later operations", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  const reading = server.read(new Uint8Array(9));
  const closed = codeOf(server.closed);
  client.abort();
  assertEquals(await codeOf(reading), ["CONNECTION_RESET", "ConnectionReset"]);
  assertEquals(await codeOf(server.write(new Uint8Array(1))), ["CONNECTION_RESET", "ConnectionReset"]);
  assertEquals(await codeOf(server.read(new Uint8Array(1))), ["CONNECTION_RESET", "ConnectionReset"]);
  assertEquals(await closed, ["CONNECTION_RESET", "ConnectionReset"]);
  assertEquals((await codeOf(client.read(new Uint8Array(1))))[0], "CONNECTION_ABORTED");
});

Deno.test("TcpConn: connection refused names both ends (RFC 9293 §3.10.7.1)", async () => {
  await using pair = stackPair();
  const error = await pair.a.connect({ hostname: "10.0.0.2", port: 81 }).catch((e) => e);
  assert(error instanceof NetError);
  assertEquals([error.code, error.name], ["CONNECTION_REFUSED", "ConnectionRefused"]);
  assertEquals([error.remoteAddress, error.remotePort], ["10.0.0.2", 81]);
});

Deno.test("TcpConn: an aborted connect leaves nothing behind", async () => {
  await using pair = stackPair();
  pair.b.interfaces[1]!.setDown();
  const controller = new AbortController();
  const reason = new Error("enough");
  const connecting = pair.a.connect({ hostname: "10.0.0.2", port: 80, signal: controller.signal });
  await pair.settle();
  assertEquals([...pair.a.tcp.connections()].length, 1);
  controller.abort(reason);
  assertStrictEquals(await connecting.catch((e) => e), reason);
  await pair.settle();
  assertEquals([...pair.a.tcp.connections()].length, 0);
  assertStrictEquals(
    await pair.a.connect({ hostname: "10.0.0.2", port: 80, signal: controller.signal }).catch((e) => e),
    reason,
  );
});

Deno.test("TcpConn: timeoutMs ends a connect that nobody answers", async () => {
  await using pair = stackPair();
  pair.b.interfaces[1]!.setDown();
  assertEquals(await codeOf(pair.a.connect({ hostname: "10.0.0.2", port: 80, timeoutMs: 5 })), [
    "TIMED_OUT",
    "TimedOut",
  ]);
});

Deno.test("TcpConn: through the loopback interface to ourselves, by address and as localhost", async () => {
  await using pair = stackPair();
  const listener = pair.a.listen({ port: 80 });
  for (const hostname of ["127.0.0.1", "127.9.9.9", "10.0.0.1", "localhost"]) {
    const [client, server] = await Promise.all([pair.a.connect({ hostname, port: 80 }), listener.accept()]);
    await client.write(encoder.encode(hostname));
    client.close();
    assertEquals(await readText(server), hostname);
    server.close();
  }
});

Deno.test("TcpConn.readable: a stream of chunks of at most 64 KiB, until the peer's end", async () => {
  await using pair = stackPair({ capabilities: FULL_OFFLOAD });
  const [client, server] = await connected(pair);
  const sent = pattern(3_000_000);
  client.write(sent).then(() => client.closeWrite());
  let at = 0;
  for await (const chunk of server.readable) {
    assert(chunk.length > 0 && chunk.length <= 65_536);
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] !== sent[at + i]) assert(false, `byte ${at + i} differs`);
    }
    at += chunk.length;
  }
  assertEquals(at, sent.length);
  assertStrictEquals(server.readable, server.readable);
});

Deno.test("TcpConn.readable: takes the reader's own buffer (BYOB)", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  const reader = server.readable.getReader({ mode: "byob" });
  const pending = reader.read(new Uint8Array(3));
  await client.write(encoder.encode("abcdef"));
  await client.closeWrite();
  const first = await pending;
  assertEquals(decoder.decode(first.value), "abc");
  const second = await reader.read(new Uint8Array(first.value!.buffer, 0, 2));
  assertEquals(decoder.decode(second.value), "de");
  assertEquals(decoder.decode((await reader.read(new Uint8Array(9))).value), "f");
  assertEquals((await reader.read(new Uint8Array(9))).done, true);
});

Deno.test("TcpConn.readable: asks for nothing ahead, so a slow reader closes the window", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  const reader = server.readable.getReader();
  let written = 0;
  const writing = (async () => {
    for (let i = 0; i < 200; i++) written += await client.write(new Uint8Array(50_000));
  })();
  await pair.settle();
  assert(written < 10_000_000);
  await reader.read();
  for (;;) if ((await reader.read()).done || written === 10_000_000) break;
  await writing;
  await reader.cancel();
});

Deno.test("TcpConn.readable: fails with the connection's error; cancel() drops what still comes", async () => {
  await using pair = stackPair();
  const [client, server, listener] = await connected(pair);
  const reader = server.readable.getReader();
  const reading = reader.read();
  client.abort();
  assertEquals(await codeOf(reading), ["CONNECTION_RESET", "ConnectionReset"]);
  const [other, second] = await Promise.all([
    pair.a.connect({ hostname: "10.0.0.2", port: 80 }),
    listener.accept(),
  ]);
  await second.readable.cancel();
  await other.write(new Uint8Array(5_000_000));
  second.close();
  other.close();
});

Deno.test("TcpConn.writable: chunks are sent with back-pressure; close() is a half close, abort() a reset", async () => {
  await using pair = stackPair();
  const [client, server, listener] = await connected(pair);
  const writer = client.writable.getWriter();
  let isDone = false;
  const writing = writer.write(pattern(10_000_000)).then(() => isDone = true);
  await pair.settle();
  assert(!isDone);
  const received = readAll(server);
  await writing;
  await writer.close();
  assertEquals((await received).length, 10_000_000);
  await server.write(encoder.encode("still"));
  assertEquals(await readText(client), "still");
  const [other, second] = await Promise.all([
    pair.a.connect({ hostname: "10.0.0.2", port: 80 }),
    listener.accept(),
  ]);
  await other.writable.abort(new Error("x"));
  assertEquals((await codeOf(second.read(new Uint8Array(1))))[0], "CONNECTION_RESET");
});

Deno.test("TcpConn: an echo server in one line, and everything is gone afterwards", async () => {
  await using pair = stackPair({ capabilities: FULL_OFFLOAD });
  const [client, server] = await connected(pair);
  const piping = server.readable.pipeTo(server.writable);
  const sent = pattern(2_000_000);
  const received = readAll(client);
  await client.write(sent);
  await client.closeWrite();
  const got = await received;
  assertEquals(got.length, sent.length);
  assert(got.every((byte, i) => byte === sent[i]));
  await piping;
  await client.closed;
  await server.closed;
});

Deno.test("TcpConn: `using` closes", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  {
    using held = client;
    await held.write(encoder.encode("x"));
  }
  assertEquals(await readText(server), "x");
  assertEquals(await readText(server), null);
  {
    await using held = server;
    void held;
  }
  assertEquals((await codeOf(server.read(new Uint8Array(1))))[0], "CLOSED");
});

Deno.test("TcpConn: setCork, info and trace reach TCP", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  const names = new Set<string>();
  client.trace((event) => names.add(event.name));
  client.setCork();
  assertEquals(client.endpoint.isCorked, true);
  await client.write(new Uint8Array(3));
  await client.write(new Uint8Array(4));
  assertEquals(client.info().unsentBytes, 7);
  client.setCork(false);
  const into = new Uint8Array(100);
  assertEquals(await server.read(into), 7);
  const info = client.info();
  assertEquals([info.state, info.bytesSent, info.textSegmentsOut], ["ESTABLISHED", 7, 1]);
  assertEquals(names.has("transport:packet_sent"), true);
  client.trace(undefined);
});

Deno.test("TcpConn: what can be chosen anew while a connection lasts reaches TCP (TCP_CONGESTION, TCP_MAXSEG, SO_RCVBUF, …)", async () => {
  await using pair = stackPair();
  const [client] = await connected(pair);
  client.setCongestionControl("reno");
  client.setPacing();
  client.setMaxSegment(500);
  client.setReceiveBuffer(100_000);
  client.setSendBuffer(200_000);
  client.setNotSentLowWater(300_000);
  client.setUserTimeout(4000);
  const { endpoint } = client;
  assertEquals(client.info().congestionControl, "reno");
  assertEquals([endpoint.pacing, endpoint.maxSegmentBytes, endpoint.receiveBufferBytes], [
    true,
    500,
    100_000,
  ]);
  assertEquals(
    [endpoint.sendBufferBytes, endpoint.notSentLowWaterBytes, endpoint.userTimeoutMs],
    [200_000, 300_000, 4000],
  );
  assertThrows(() => client.setCongestionControl("vegas" as "reno"), RangeError);
  await client.write(pattern(10_000));
});

Deno.test("TcpConn: setNoDelay and setKeepAlive reach TCP", async () => {
  await using pair = stackPair();
  const [client] = await connected(pair);
  client.setNoDelay();
  assertEquals(client.endpoint.noDelay, true);
  client.setNoDelay(false);
  assertEquals(client.endpoint.noDelay, false);
  client.setKeepAlive();
  assertEquals(client.endpoint.keepAlive, { idleMs: 7_200_000, intervalMs: 75_000, count: 9 });
  client.setKeepAlive({ idleMs: 1000 });
  assertEquals(client.endpoint.keepAlive, { idleMs: 1000, intervalMs: 75_000, count: 9 });
  client.setKeepAlive(false);
  assertEquals(client.endpoint.keepAlive, undefined);
});

Deno.test("TcpConn: ref() and unref() decide whether timers keep the process alive", async () => {
  await using pair = stackPair();
  const [client, server, listener] = await connected(pair);
  listener.unref();
  client.setKeepAlive();
  await pair.settle();
  assert(pair.a.pump.isHoldingProcess);
  client.unref();
  client.unref();
  assert(!pair.a.pump.isHoldingProcess);
  client.ref();
  client.ref();
  assert(pair.a.pump.isHoldingProcess);
  client.close();
  server.close();
  await pair.settle();
  assert(!pair.a.pump.isHoldingProcess);
});

Deno.test("TcpListener: yields connections until close(), which resets those nobody accepted", async () => {
  await using pair = stackPair();
  const listener = pair.b.listen({ port: 80 });
  const served: number[] = [];
  const serving = (async () => {
    for await (const conn of listener) {
      served.push(conn.remoteAddr.port);
      conn.close();
      if (served.length === 2) break;
    }
  })();
  const first = await pair.a.connect({ hostname: "10.0.0.2", port: 80 });
  const second = await pair.a.connect({ hostname: "10.0.0.2", port: 80 });
  await serving;
  assertEquals(served, [first.localAddr.port, second.localAddr.port]);
  const third = await pair.a.connect({ hostname: "10.0.0.2", port: 80 });
  await pair.settle();
  assertEquals(listener.pending, 1);
  const ended = (async () => {
    for await (const conn of listener) conn.close();
  })();
  const fourth = await pair.a.connect({ hostname: "10.0.0.2", port: 80 });
  await pair.settle();
  listener.close();
  listener.close();
  await ended;
  await assertRejects(() => listener.accept(), NetError, "the listener was closed");
  assertEquals((await codeOf(pair.a.connect({ hostname: "10.0.0.2", port: 80 })))[0], "CONNECTION_REFUSED");
  third.close();
  fourth.close();
});

Deno.test("TcpListener: connections that nobody accepted are reset by close()", async () => {
  await using pair = stackPair();
  const listener = pair.b.listen({ port: 80 });
  const client = await pair.a.connect({ hostname: "10.0.0.2", port: 80 });
  await pair.settle();
  listener.close();
  assertEquals((await codeOf(client.read(new Uint8Array(1))))[0], "CONNECTION_RESET");
});

Deno.test("TcpListener: accept() can be aborted, and an ephemeral port is told", async () => {
  await using pair = stackPair();
  using listener = pair.b.listen({});
  assert(listener.addr.port >= 49152);
  assertEquals(listener.addr.hostname, "0.0.0.0");
  const controller = new AbortController();
  const reason = new Error("enough");
  const accepting = listener.accept({ signal: controller.signal });
  const next = listener.accept();
  controller.abort(reason);
  assertStrictEquals(await accepting.catch((e) => e), reason);
  const client = await pair.a.connect({ hostname: "10.0.0.2", port: listener.addr.port });
  assertEquals((await next).remoteAddr, client.localAddr);
});

Deno.test("TcpListener: what cannot be listened on", async () => {
  await using pair = stackPair();
  const listener = pair.b.listen({ port: 80, hostname: "10.0.0.2" });
  assertEquals(codeOfCall(() => pair.b.listen({ port: 80, hostname: "10.0.0.2" })), [
    "ADDRESS_IN_USE",
    "AddrInUse",
  ]);
  assertEquals(codeOfCall(() => pair.b.listen({ hostname: "10.9.9.9" }))[0], "ADDRESS_NOT_AVAILABLE");
  assertThrows(() => pair.b.listen({ port: 65_536 }), RangeError);
  assertThrows(() => pair.b.listen({ hostname: "example.net" }), TypeError);
  await assertRejects(() => pair.a.connect({ port: 0 }), RangeError);
  assertEquals(codeOfCall(() => pair.b.listen({ networkInterface: "en7" }))[0], "ADDRESS_NOT_AVAILABLE");
  listener.close();
});

function codeOfCall(call: () => unknown): [string, string] {
  try {
    call();
  } catch (error) {
    assert(error instanceof NetError, `expected a NetError, got ${error}`);
    return [error.code, error.name];
  }
  return ["", ""];
}

Deno.test("Stack.close(): connections are reset, listeners and sockets closed, nothing works afterwards", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  const reading = client.read(new Uint8Array(1));
  const listener = pair.a.listen({ port: 81 });
  const accepting = listener.accept();
  const datagrams = pair.a.listenDatagram({ port: 82 });
  const receiving = datagrams.receive();
  pair.a.close();
  assertEquals((await codeOf(reading))[0], "CONNECTION_ABORTED");
  assertEquals((await codeOf(accepting))[0], "CLOSED");
  assertEquals((await codeOf(receiving))[0], "CLOSED");
  assertEquals((await codeOf(server.read(new Uint8Array(1))))[0], "CONNECTION_RESET");
  assertEquals((await codeOf(pair.a.connect({ port: 80 })))[0], "CLOSED");
  assertThrows(() => pair.a.listen({ port: 80 }), NetError);
  assertThrows(() => pair.a.listenDatagram(), NetError);
});

Deno.test("Stack.close(): with a grace, what was written is delivered and connections end in order", async () => {
  await using pair = stackPair();
  const [client, server, listener] = await connected(pair);
  await client.write(pattern(900_000));
  const closing = pair.a.close({ graceMs: 2000 });
  assertThrows(() => pair.a.listen({ port: 80 }), NetError);
  assertEquals((await readAll(server)).length, 900_000);
  server.close();
  listener.close();
  await closing;
  await closing;
  await pair.a.close();
});

Deno.test("Stack.close(): a grace is not waited for longer than told", async () => {
  await using pair = stackPair();
  const [client, server] = await connected(pair);
  // Nobody reads: the FIN stays behind what the window does not take.
  client.write(pattern(5_000_000)).catch(() => {});
  await pair.a.close({ graceMs: 20 });
  assertEquals((await codeOf(readAll(server)))[0], "CONNECTION_RESET");
});

Deno.test("Stack: an idle stack holds no host timer", async () => {
  // Without neighbours, whose reachability is checked some seconds later (RFC 4861 §7.3).
  const pair = stackPair({ medium: "ip" });
  const isIdle = (stack: Stack): boolean => !stack.pump.isHostTimerArmed;
  await pair.settle();
  assert(isIdle(pair.a) && isIdle(pair.b));
  const [client, server, listener] = await connected(pair);
  await client.write(encoder.encode("x"));
  await readText(server);
  client.abort();
  await server.closed.catch(() => {});
  listener.close();
  await pair.settle();
  assertEquals([pair.a.timers.size, pair.b.timers.size], [0, 0], "timers of the stacks");
  assert(isIdle(pair.a) && isIdle(pair.b));
  await pair[Symbol.asyncDispose]();
});

Deno.test("Stack: a timer of the application keeps its pace during a bulk transfer", async () => {
  await using pair = stackPair({ capabilities: FULL_OFFLOAD });
  const [client, server] = await connected(pair);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  const buffer = new Uint8Array(65_536);
  const draining = (async () => {
    while (await server.read(buffer) !== null);
  })();
  const block = new Uint8Array(65_536);
  // Without turns of the event loop not one tick would come, however long this takes; with them ten come within some
  // fifty slices of two milliseconds each, a multiple of that on a machine under load.
  while (ticks < 10 && pair.a.pump.counters.yields < 5000) await client.write(block);
  clearInterval(timer);
  await client.closeWrite();
  await draining;
  assertEquals(ticks, 10);
  assert(pair.a.pump.counters.yields > 0);
});
