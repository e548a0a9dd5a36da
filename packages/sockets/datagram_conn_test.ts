import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { DatagramConn } from "./datagram_conn.ts";
import { NetError } from "./errors.ts";
import { nextTurn } from "./host_environment.ts";
import type { NetAddr } from "./net_addr.ts";
import { type StackPair, stackPair } from "./stack_pair_fixture.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const toB = (port: number): NetAddr => ({ transport: "udp", hostname: "10.0.0.2", port });

function sockets(pair: StackPair, port = 7): [DatagramConn, DatagramConn] {
  return [pair.a.listenDatagram(), pair.b.listenDatagram({ port })];
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => undefined, (e) => e);
  assert(error instanceof NetError, `expected a NetError, got ${error}`);
  return error.code;
}

Deno.test("DatagramConn: datagrams go both ways, of every length up to 65,507 bytes", async () => {
  await using pair = stackPair();
  const [a, b] = sockets(pair);
  assertEquals(b.addr, { transport: "udp", hostname: "0.0.0.0", port: 7 });
  for (const length of [0, 1, 1472, 1473, 9000, 65_507]) {
    const sent = new Uint8Array(length).map((_, i) => i * 7);
    assertEquals(await a.send(sent, toB(7)), length);
    const [got, from] = await b.receive();
    assertEquals(got, sent);
    assertEquals(from, { transport: "udp", hostname: "10.0.0.1", port: (a.addr as NetAddr).port });
    await b.send(got.subarray(0, 10), from);
    assertEquals((await a.receive())[0], sent.subarray(0, 10));
  }
  assertEquals(await codeOf(a.send(new Uint8Array(65_508), toB(7))), "MESSAGE_TOO_LONG");
});

Deno.test("DatagramConn: receive() into a buffer cuts what does not fit", async () => {
  await using pair = stackPair();
  const [a, b] = sockets(pair);
  const buffer = new Uint8Array(4);
  const receiving = b.receive(buffer);
  await a.send(encoder.encode("abcdef"), toB(7));
  assertEquals(decoder.decode((await receiving)[0]), "abcd");
  await a.send(encoder.encode("xy"), toB(7));
  const [got] = await b.receive(buffer);
  assertEquals(decoder.decode(got), "xy");
  assertStrictEquals(got.buffer, buffer.buffer);
});

Deno.test("DatagramConn: waits in order, and an aborted receive takes nothing", async () => {
  await using pair = stackPair();
  const [a, b] = sockets(pair);
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = b.receive(undefined, { signal: controller.signal });
  const first = b.receive();
  const second = b.receive();
  controller.abort(reason);
  assertStrictEquals(await aborted.catch((e) => e), reason);
  for (const text of ["1", "2", "3"]) await a.send(encoder.encode(text), toB(7));
  assertEquals(decoder.decode((await first)[0]), "1");
  assertEquals(decoder.decode((await second)[0]), "2");
  assertEquals(decoder.decode((await b.receive())[0]), "3");
});

Deno.test("DatagramConn: what is not fetched is dropped beyond the bound, and counted", async () => {
  await using pair = stackPair();
  const a = pair.a.listenDatagram();
  await pair.introduce();
  const few = pair.b.listenDatagram({ port: 7, receiveQueueDatagrams: 3 });
  const small = pair.b.listenDatagram({ port: 8, receiveQueueBytes: 250 });
  for (let i = 0; i < 10; i++) {
    await a.send(new Uint8Array(100), toB(7));
    await a.send(new Uint8Array(100), toB(8));
  }
  await pair.settle();
  assertEquals(few.counters, { received: 10, dropped: 7, sent: 0, retried: 0 });
  assertEquals(small.counters, { received: 10, dropped: 8, sent: 0, retried: 0 });
  for (let i = 0; i < 3; i++) await few.receive();
  await a.send(new Uint8Array(1), toB(7));
  assertEquals((await few.receive())[0].length, 1);
});

Deno.test("DatagramConn: thousands arrive in order through the queue", async () => {
  await using pair = stackPair();
  const [a, b] = sockets(pair);
  await pair.introduce();
  const sending = (async () => {
    for (let i = 0; i < 3000; i++) {
      await a.send(new Uint8Array([i >> 8, i]), toB(7));
      if (i % 500 === 499) await nextTurn();
    }
  })();
  for (let i = 0; i < 3000; i++) {
    const [data] = await b.receive();
    assertEquals(data[0]! << 8 | data[1]!, i);
  }
  await sending;
});

Deno.test("DatagramConn: a full interface holds the sender back instead of losing datagrams", async () => {
  await using pair = stackPair({
    queueFrames: 8,
    interfaceA: { netif: { transmitQueueFrames: 8 } },
  });
  const [a, b] = sockets(pair);
  await pair.introduce();
  const sends = Array.from({ length: 200 }, (_, i) => a.send(new Uint8Array([i]), toB(7)));
  for (let i = 0; i < 200; i++) assertEquals((await b.receive())[0][0], i);
  assertEquals((await Promise.all(sends)).length, 200);
  assert(a.counters.retried > 0);
});

Deno.test("DatagramConn: iterates until close(), which rejects what waits", async () => {
  await using pair = stackPair();
  const [a, b] = sockets(pair);
  const seen: string[] = [];
  const serving = (async () => {
    for await (const [data, from] of b) {
      seen.push(decoder.decode(data));
      await b.send(data, from);
    }
  })();
  await a.send(encoder.encode("x"), toB(7));
  await a.receive();
  const receiving = a.receive();
  a.close();
  a.close();
  b.close();
  await serving;
  assertEquals(seen, ["x"]);
  assertEquals(await codeOf(receiving), "CLOSED");
  assertEquals(await codeOf(a.receive()), "CLOSED");
  assertEquals(await codeOf(a.send(new Uint8Array(1), toB(7))), "CLOSED");
});

Deno.test("DatagramConn: a closed port is told by onError, and sending goes on (RFC 1122 §4.1.3.3)", async () => {
  await using pair = stackPair();
  const a = pair.a.listenDatagram();
  const errors: string[] = [];
  a.onError = (error) =>
    errors.push(`${error.code} ${error.name} ${error.remoteAddress}:${error.remotePort}`);
  await a.send(encoder.encode("x"), toB(9));
  await pair.settle();
  assertEquals(errors, ["CONNECTION_REFUSED ConnectionRefused 10.0.0.2:9"]);
  assertEquals(await a.send(encoder.encode("x"), toB(9)), 1);
});

Deno.test("DatagramConn: names are looked up, impossible targets are refused", async () => {
  await using pair = stackPair();
  const a = pair.a.listenDatagram();
  const local = pair.a.listenDatagram({ port: 7 });
  await a.send(encoder.encode("x"), { transport: "udp", hostname: "localhost", port: 7 });
  assertEquals((await local.receive())[1].hostname, "127.0.0.1");
  assertEquals(
    await codeOf(a.send(new Uint8Array(1), { transport: "udp", hostname: "192.0.2.1", port: 7 })),
    "NETWORK_UNREACHABLE",
  );
  await assertRejects(() => a.send(new Uint8Array(1), toB(0)), RangeError);
  assertEquals(
    await codeOf(Promise.resolve().then(() => pair.a.listenDatagram({ port: 7 }))),
    "ADDRESS_IN_USE",
  );
});

Deno.test("DatagramConn: broadcast reaches every socket, and may be forbidden (RFC 1122 §3.3.6)", async () => {
  await using pair = stackPair();
  const [a, b] = sockets(pair);
  for (const hostname of ["255.255.255.255", "10.0.0.255"]) {
    await a.send(encoder.encode(hostname), { transport: "udp", hostname, port: 7 });
    assertEquals(decoder.decode((await b.receive())[0]), hostname);
  }
  const shy = pair.a.listenDatagram({ broadcast: false });
  assertEquals(
    await codeOf(shy.send(new Uint8Array(1), { transport: "udp", hostname: "10.0.0.255", port: 7 })),
    "ACCESS_DENIED",
  );
});

Deno.test("DatagramConn: multicast is heard by members alone (RFC 1112)", async () => {
  await using pair = stackPair();
  const [a, b] = sockets(pair);
  const group: NetAddr = { transport: "udp", hostname: "239.1.2.3", port: 7 };
  const membership = await b.joinMulticastV4("239.1.2.3", "10.0.0.2");
  await a.send(encoder.encode("member"), group);
  assertEquals(decoder.decode((await b.receive())[0]), "member");
  await membership.leave();
  await a.send(encoder.encode("nobody"), group);
  await pair.settle();
  const received = b.counters.received;
  assertEquals(received, 1);
  const again = await b.joinMulticastV4("239.1.2.3", "en0");
  await again.setTTL(4);
  await again.setLoopback(true);
  await b.send(encoder.encode("myself"), group);
  assertEquals(decoder.decode((await b.receive())[0]), "myself");
  assertEquals(await codeOf(b.joinMulticastV4("239.1.2.4", "en9")), "ADDRESS_NOT_AVAILABLE");
  await assertRejects(() => b.joinMulticastV4("group", "en0"), TypeError);
});

Deno.test("DatagramConn: UDP-Lite has ports of its own (RFC 3828)", async () => {
  await using pair = stackPair();
  const lite = pair.b.listenDatagram({ port: 7, transport: "udplite" });
  const plain = pair.b.listenDatagram({ port: 7 });
  await pair.a.listenDatagram({ transport: "udplite" }).send(encoder.encode("lite"), toB(7));
  assertEquals(decoder.decode((await lite.receive())[0]), "lite");
  assertEquals(plain.counters.received, 0);
});
