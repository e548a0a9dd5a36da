import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createSocket } from "node:dgram";
import { socksCommand } from "./socks.ts";
import { CommandWorld, connectHost } from "./testdata/command_world.ts";
import { UsageError } from "./usage.ts";

const LISTEN = ["--listen", "127.0.0.1:0"];
const octets = (text: string) => [...text].map((c) => c.charCodeAt(0));
const named = (name: string, port: number) => [3, name.length, ...octets(name), port >> 8, port & 255];
/** Port and address of the network, as SOCKS 5 writes them. */
const network = (port: number) => [1, 10, 0, 0, 2, port >> 8, port & 255];
const NO_METHOD = [5, 1, 0];

Deno.test("socks: SOCKS 5 CONNECT by name and by address, both ways, half-closed (RFC 1928 §4)", async () => {
  await using world = new CommandWorld();
  world.serveEcho(7);
  const port = await world.start(socksCommand, ...LISTEN);
  for (const address of [named("www.example", 7), network(7)]) {
    using client = await connectHost(port);
    // The request does not wait for the replies, and data follow at once.
    await client.send([...NO_METHOD, 5, 1, 0, ...address, ...octets("hello ")]);
    assertEquals(await client.read(2), [5, 0]);
    const reply = await client.read(10);
    assertEquals([...reply.slice(0, 8)], [5, 0, 0, 1, 10, 0, 0, 1]);
    await client.send("world");
    await client.conn.closeWrite();
    assertEquals(await client.readAll(), "hello world");
  }
  const closed = await world.hears("closed");
  assertEquals([closed.protocol, closed.target, closed.upBytes, closed.downBytes, closed.reason], [
    "socks5",
    "www.example:7",
    11,
    11,
    "closed",
  ]);
});

Deno.test("socks: SOCKS 4 and 4a", async () => {
  await using world = new CommandWorld();
  world.serveEcho(7);
  const port = await world.start(socksCommand, ...LISTEN);
  const user = [...octets("me"), 0];
  for (const where of [[10, 0, 0, 2, ...user], [0, 0, 0, 1, ...user, ...octets("www.example"), 0]]) {
    using client = await connectHost(port);
    await client.send([4, 1, 0, 7, ...where, ...octets("x")]);
    assertEquals((await client.read(8)).slice(0, 2), [0, 90]);
    await client.conn.closeWrite();
    assertEquals(await client.readAll(), "x");
  }
  using refused = await connectHost(port);
  await refused.send([4, 1, 0, 8, 10, 0, 0, 2, 0]);
  assertEquals((await refused.read(8)).slice(0, 2), [0, 91]);
  using bind = await connectHost(port);
  await bind.send([4, 2, 0, 8, 10, 0, 0, 2, 0]);
  assertEquals((await bind.read(8)).slice(0, 2), [0, 91]);
});

Deno.test("socks: what does not work has a reply code of its own (RFC 1928 §6)", async () => {
  await using world = new CommandWorld();
  const port = await world.start(socksCommand, ...LISTEN);
  const ask = async (request: readonly number[]): Promise<number | undefined> => {
    using client = await connectHost(port);
    await client.send([...NO_METHOD, 5, ...request]);
    assertEquals(await client.read(2), [5, 0]);
    return (await client.read(10))[1];
  };
  assertEquals(await ask([1, 0, ...network(9)]), 5, "refused");
  assertEquals(await ask([1, 0, 1, 192, 0, 2, 1, 0, 80]), 3, "no route");
  assertEquals(await ask([1, 0, ...named("nobody.invalid", 80)]), 4, "no such host");
  assertEquals(await ask([2, 0, ...network(9)]), 7, "BIND");
  assertEquals(await ask([9, 0, ...network(9)]), 7, "unknown command");
  assertEquals(await ask([1, 0, 5, 0, 0]), 8, "unknown address type");
  using picky = await connectHost(port);
  await picky.send([5, 1, 2]);
  assertEquals(await picky.read(3), [5, 0xff], "no method that is accepted");
  const failed = await world.hears("failed");
  assertMatch(String(failed.message), /refused by peer/);
});

Deno.test("socks: user and password (RFC 1929), for HTTP too, and SOCKS 4 is refused", async () => {
  await using world = new CommandWorld();
  world.serveEcho(7);
  const port = await world.start(socksCommand, ...LISTEN, "--user", "ann", "--password", "s3cret");
  const login = async (user: string, password: string) => {
    const client = await connectHost(port);
    await client.send([5, 2, 0, 2, 1, user.length, ...octets(user), password.length, ...octets(password)]);
    return { client, reply: await client.read(4) };
  };
  {
    const { client, reply } = await login("ann", "s3cret");
    using _ = client;
    assertEquals(reply, [5, 2, 1, 0]);
    await client.send([5, 1, 0, ...network(7), ...octets("x")]);
    assertEquals((await client.read(11)).at(-1), octets("x")[0]);
  }
  for (const [user, password] of [["ann", "s3creT"], ["an", "s3cret"], ["", ""]]) {
    const { client, reply } = await login(user!, password!);
    using _ = client;
    assertEquals(reply, [5, 2, 1, 1]);
    assertEquals(await client.readAll(), "");
  }
  using without = await connectHost(port);
  await without.send(NO_METHOD);
  assertEquals(await without.read(2), [5, 0xff]);
  using old = await connectHost(port);
  await old.send([4, 1, 0, 7, 10, 0, 0, 2, 0]);
  assertEquals((await old.read(2))[1], 91);
  for (
    const [header, status] of [["", 407], [`Basic ${btoa("ann:wrong")}`, 407], [
      `Basic ${btoa("ann:s3cret")}`,
      200,
    ]]
  ) {
    using http = await connectHost(port);
    const field = header === "" ? "" : `Proxy-Authorization: ${header}\r\n`;
    await http.send(`CONNECT 10.0.0.2:7 HTTP/1.1\r\n${field}\r\n`);
    await http.conn.closeWrite();
    assertMatch(await http.readAll(), new RegExp(`^HTTP/1.1 ${status} `));
  }
  assert(!JSON.stringify(world.said).includes("s3cret"), "a password was told");
});

Deno.test("socks: HTTP proxy: CONNECT is a tunnel, a URL is fetched, errors are pages", async () => {
  await using world = new CommandWorld();
  world.serveEcho(7);
  const heads: string[] = [];
  world.serve(80, async (conn) => {
    const buffer = new Uint8Array(4096);
    let head = "";
    while (!head.endsWith("body")) {
      const count = await conn.read(buffer);
      if (count === null) return;
      head += new TextDecoder().decode(buffer.subarray(0, count));
    }
    heads.push(head);
    await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npage"));
  });
  const port = await world.start(socksCommand, ...LISTEN);
  const say = async (text: string): Promise<string> => {
    using client = await connectHost(port);
    await client.send(text);
    return await client.readAll();
  };
  using tunnel = await connectHost(port);
  await tunnel.send("CONNECT www.example:7 HTTP/1.1\r\nHost: www.example:7\r\n\r\nping");
  await tunnel.conn.closeWrite();
  assertMatch(await tunnel.readAll(), /^HTTP\/1\.1 200 [^\r]*\r\n\r\nping$/);
  const page = await say("POST http://www.example/a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
  assertMatch(page, /page$/);
  assertEquals(heads, [
    "POST /a HTTP/1.1\r\nHost: www.example\r\nContent-Length: 4\r\nVia: 1.1 lightwire\r\nConnection: close\r\n\r\nbody",
  ]);
  assertMatch(
    await say("GET http://www.example:81/ HTTP/1.1\r\n\r\n"),
    /^HTTP\/1\.1 502 [^]*refused by peer\n$/,
  );
  assertMatch(await say("GET http://nobody.invalid/ HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 502 /);
  assertMatch(await say("GET / HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400 [^]*http_proxy/);
  assertMatch(await say("GET https://www.example/ HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 501 /);
});

Deno.test("socks: UDP ASSOCIATE: datagrams there and back, by address and by name (RFC 1928 §7)", async () => {
  await using world = new CommandWorld();
  const echo = world.network.listenDatagram({ port: 7 });
  (async () => {
    for await (const [data, from] of echo) await echo.send(data, from);
  })();
  const port = await world.start(socksCommand, ...LISTEN);
  using client = await connectHost(port);
  await client.send([...NO_METHOD, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0]);
  const reply = await client.read(12);
  assertEquals(reply.slice(0, 9), [5, 0, 5, 0, 0, 1, 127, 0, 0]);
  const relayPort = reply[10]! * 256 + reply[11]!;
  const socket = createSocket("udp4");
  const exchange = (datagram: readonly number[]): Promise<number[]> => {
    return new Promise((resolve) => {
      socket.once("message", (data) => resolve([...data]));
      socket.send(Uint8Array.from(datagram), relayPort, "127.0.0.1");
    });
  };
  try {
    assertEquals(await exchange([0, 0, 0, ...network(7), 1, 2, 3]), [0, 0, 0, ...network(7), 1, 2, 3]);
    // A fragment, a truncated header, and an unknown address type are dropped; what follows is answered.
    for (const bad of [[0, 0, 1, ...network(7), 9], [0, 0, 0, 1, 10], [0, 0, 0, 7, 1, 2, 3], []]) {
      socket.send(Uint8Array.from(bad), relayPort, "127.0.0.1");
    }
    assertEquals(await exchange([0, 0, 0, ...named("www.example", 7), 4]), [0, 0, 0, ...network(7), 4]);
  } finally {
    socket.close();
  }
  client.conn.close();
  const closed = await world.hears("closed");
  assertEquals([closed.protocol, closed.up, closed.down, closed.dropped], ["socks5-udp", 2, 2, 4]);
});

Deno.test("socks: nonsense, an endless head and a client that goes away do no harm", async () => {
  await using world = new CommandWorld();
  world.serveEcho(7);
  const port = await world.start(socksCommand, ...LISTEN);
  for (const nonsense of ["\x16\x03\x01 a TLS hello", "\0", `GET http://www.example/${"x".repeat(40_000)}`]) {
    using client = await connectHost(port);
    await client.send(nonsense).catch(() => {});
    assertEquals(await client.readAll().catch(() => ""), "");
  }
  for (const half of [[], [5], [5, 1], [5, 1, 0, 5, 1, 0, 3, 200], [4, 1]]) {
    const client = await connectHost(port);
    await client.send(half);
    client.conn.close();
  }
  using client = await connectHost(port);
  await client.send([...NO_METHOD, 5, 1, 0, ...network(7), ...octets("x")]);
  assertEquals((await client.read(13)).length, 13);
});

Deno.test("socks: connections past --max are closed at once", async () => {
  await using world = new CommandWorld();
  world.serveEcho(7);
  const port = await world.start(socksCommand, ...LISTEN, "--max", "1");
  using first = await connectHost(port);
  await first.send([...NO_METHOD, 5, 1, 0, ...network(7), ...octets("x")]);
  assertEquals((await first.read(13)).length, 13);
  using second = await connectHost(port);
  assertEquals(await second.readAll().catch(() => ""), "");
});

Deno.test("socks: the password is the first line of a file", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "from a file\nand more\n");
  await using world = new CommandWorld();
  const port = await world.start(socksCommand, ...LISTEN, "--user", "ann", "--password-file", path);
  await Deno.remove(path);
  using client = await connectHost(port);
  await client.send([5, 1, 2, 1, 3, ...octets("ann"), 11, ...octets("from a file")]);
  assertEquals(await client.read(4), [5, 2, 1, 0]);
});

Deno.test("socks: wrong usage is told before anything is opened", () => {
  const wrong = [["word"], ["--listen", "nothing"], ["--user", "a"], ["--password", "a"], [
    "--user",
    "a",
    "--password-file",
    "/nowhere",
  ], ["--max", "0"]];
  for (const args of wrong) assertThrows(() => socksCommand.prepare(args), UsageError);
});
