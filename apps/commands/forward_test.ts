import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { createSocket } from "node:dgram";
import { formatEndpoint, forwardCommand, parseEndpoint } from "./forward.ts";
import { DatagramForwarder, type DatagramPeer, type DatagramPort } from "./forward_datagrams.ts";
import { CommandWorld, connectHost } from "./testdata/command_world.ts";
import { UsageError } from "./usage.ts";

Deno.test("forward: a port of this machine leads to a host of the network", async () => {
  await using world = new CommandWorld();
  world.serve(80, async (conn) => {
    await conn.write(new TextEncoder().encode("the page"));
  });
  const port = await world.start(forwardCommand, "127.0.0.1:0", "www.example:80");
  for (let i = 0; i < 3; i++) {
    using client = await connectHost(port);
    assertEquals(await client.readAll(), "the page");
  }
  const connection = await world.hears("connection");
  assertEquals([connection.protocol, connection.target], ["forward", "www.example:80"]);
});

Deno.test("forward: two megabytes there and back, through a reader that takes its time", async () => {
  await using world = new CommandWorld();
  world.serveEcho(7);
  const port = await world.start(forwardCommand, "0", "10.0.0.2:7");
  using client = await connectHost(port);
  const line = "0123456789abcdef".repeat(64);
  const sending = (async () => {
    for (let i = 0; i < 2000; i++) await client.send(line);
    await client.conn.closeWrite();
  })();
  await new Promise((resolve) => setTimeout(resolve, 50)); // by now every buffer on the way is full
  const received = await client.readAll();
  await sending;
  assertEquals([received.length, received === line.repeat(2000)], [line.length * 2000, true]);
});

Deno.test("forward: a target that refuses ends the connection, and is told", async () => {
  await using world = new CommandWorld();
  const port = await world.start(forwardCommand, "0", "www.example:81");
  using client = await connectHost(port);
  assertEquals(await client.readAll().catch(() => ""), "");
  assertMatch(String((await world.hears("failed")).message), /refused by peer/);
});

Deno.test("forward -R: a port of the stack leads to a host of this machine's network", async () => {
  await using world = new CommandWorld();
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const conn = await server.accept();
    await conn.readable.pipeTo(conn.writable);
  })();
  await world.start(forwardCommand, "-R", "8080", `127.0.0.1:${(server.addr as Deno.NetAddr).port}`);
  const conn = await world.network.connect({ hostname: "10.0.0.1", port: 8080 });
  await conn.write(new TextEncoder().encode("from outside"));
  await conn.closeWrite();
  assertEquals(await new Response(conn.readable).text(), "from outside");
  conn.close();
  await serving;
  server.close();
});

Deno.test("forward -u: datagrams of two clients find back to the right one", async () => {
  await using world = new CommandWorld();
  const echo = world.network.listenDatagram({ port: 7 });
  (async () => {
    for await (const [data, from] of echo) await echo.send(data, from);
  })();
  const port = await world.start(forwardCommand, "-u", "0", "www.example:7");
  const sockets = [createSocket("udp4"), createSocket("udp4")];
  const answers = await Promise.all(sockets.map((socket, i) =>
    new Promise((resolve) => {
      socket.once("message", (data) => resolve([...data]));
      socket.send(Uint8Array.of(i, 42), port, "127.0.0.1");
    })
  ));
  for (const socket of sockets) socket.close();
  assertEquals(answers, [[0, 42], [1, 42]]);
});

Deno.test("forward -u -R: datagrams from the network reach a host of this machine's network", async () => {
  await using world = new CommandWorld();
  const server = createSocket("udp4");
  server.on("message", (data, from) => server.send(data, from.port, from.address));
  const target = await new Promise<number>((resolve) =>
    server.bind(0, "127.0.0.1", () => resolve(server.address().port))
  );
  await world.start(forwardCommand, "-u", "-R", "53", `127.0.0.1:${target}`);
  using client = world.network.listenDatagram();
  await client.send(Uint8Array.of(5, 6), { transport: "udp", hostname: "10.0.0.1", port: 53 });
  const [answer, from] = await client.receive();
  assertEquals([[...answer], from.port], [[5, 6], 53]);
  server.close();
});

Deno.test("forward: a port that is taken ends the command, and the other forwardings with it", async () => {
  await using world = new CommandWorld();
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await assertRejects(
    () => world.run(forwardCommand, "0", "www.example:80", `${port}`, "www.example:80"),
    Error,
    `Cannot listen on 127.0.0.1:${port}: another program has it`,
  );
  taken.close();
});

/** A socket in memory. */
class FakePort implements DatagramPort {
  readonly addr = { hostname: "test", port: 1 };
  readonly sent: string[] = [];
  onReceive: DatagramPort["onReceive"];
  isClosed = false;

  send(data: Uint8Array, to: DatagramPeer): void {
    this.sent.push(`${data} to ${to.port}`);
  }

  close(): void {
    this.isClosed = true;
  }
}

Deno.test("DatagramForwarder: clients are bounded, and forgotten when they are silent", async () => {
  const near = new FakePort();
  const fars: FakePort[] = [];
  const openFar = () => {
    fars.push(new FakePort());
    return fars.at(-1)!;
  };
  const target = { hostname: "target", port: 7 };
  const forwarder = new DatagramForwarder({ near, openFar, target, maxClients: 2, idleMs: 40 });
  const settle = async () => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  for (const port of [1000, 1001, 1002]) near.onReceive!(Uint8Array.of(port & 255), { hostname: "a", port });
  await settle();
  assertEquals([forwarder.clientCount, forwarder.dropped, fars.length], [2, 1, 2]);
  fars[1]!.onReceive!(Uint8Array.of(9), target);
  assertEquals(near.sent, ["9 to 1001"]);
  assertEquals(fars[0]!.sent, ["232 to 7"]);
  await new Promise((resolve) => setTimeout(resolve, 80));
  assertEquals([forwarder.clientCount, fars.map((far) => far.isClosed)], [0, [true, true]]);
  forwarder.close();
  assertEquals(near.isClosed, true);
});

Deno.test("parseEndpoint() reads HOST:PORT, [ADDRESS]:PORT, and PORT where a host is known", () => {
  assertEquals(parseEndpoint("a.test:80"), { hostname: "a.test", port: 80 });
  assertEquals(parseEndpoint("[2001:db8::1]:80"), { hostname: "2001:db8::1", port: 80 });
  assertEquals(parseEndpoint("0", "127.0.0.1"), { hostname: "127.0.0.1", port: 0 });
  for (const wrong of ["80", "a.test", "a.test:0", "a.test:65536", ":80", "a b:80", "2001:db8::1:80"]) {
    assertThrows(() => parseEndpoint(wrong), UsageError, undefined, wrong);
  }
  assertEquals(formatEndpoint({ hostname: "2001:db8::1", port: 80 }), "[2001:db8::1]:80");
});

Deno.test("forward: wrong usage is told before anything is opened", () => {
  for (
    const args of [[], ["80"], ["80", "a.test"], ["80", "a.test:80", "81"], ["--max", "x", "80", "a.test:80"]]
  ) {
    assertThrows(() => forwardCommand.prepare(args), UsageError);
  }
});
