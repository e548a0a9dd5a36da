/** `pppup --l2tp` in this process, against the library's own network server on a UDP port of the loopback. */
import { createSocket, type RemoteInfo } from "node:dgram";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { copyTo, type Pbuf } from "@lightwire/pbuf";
import { L2tpServer, type L2tpServerOptions } from "@lightwire/ppp/l2tp";
import { Stack } from "@lightwire/sockets";
import { pppup } from "./main.ts";

/** A network server whose callers reach 10.9.8.1. */
async function startServer(
  options: L2tpServerOptions = {},
): Promise<{ port: number; close(): Promise<void> }> {
  const stack = new Stack();
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
  const transportTo = (peer: RemoteInfo) => ({
    send(p: Pbuf): void {
      const bytes = new Uint8Array(p.totalLength);
      copyTo(p, bytes);
      p.release();
      socket.send(bytes, peer.port, peer.address);
    },
    flush(): void {},
  });
  const server = new L2tpServer(stack, () => ({
    options: {
      peerSecrets: (name) => name === "alice" ? "wonderland" : undefined,
      ipcp: {
        localAddress: parseIpAddressOrThrow("10.9.8.1"),
        peerAddress: parseIpAddressOrThrow("10.9.8.2"),
        isPeerAddressFixed: true,
      },
    },
    made: (link) =>
      void stack.addInterface({
        driver: link,
        addresses: ["10.9.8.1/32"],
        routes: [{ destination: "10.9.8.2/32" }],
      }),
  }), options);
  socket.on("message", (data: Uint8Array, peer: RemoteInfo) => {
    server.datagramInput(`${peer.address}:${peer.port}`, transportTo(peer), data, 0, data.length);
    stack.flush();
  });
  return {
    port: socket.address().port,
    async close() {
      server.close();
      stack.close();
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  const code = await pppup(args, {
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    isTerminal: false,
    hasColor: false,
  });
  return { code, stdout, stderr };
}

Deno.test("pppup --l2tp: a tunnel with a secret, a login, a ping, an orderly end", async () => {
  const server = await startServer({ secret: "tower", hostName: "lns.example" });
  const who = ["--user", "alice", "--password", "wonderland"];
  const target = ["--l2tp", `127.0.0.1:${server.port}`];
  const done = await run(
    ...target,
    "--tunnel-secret",
    "tower",
    ...who,
    "ping",
    "-c",
    "2",
    "-i",
    "0.05",
    "10.9.8.1",
  );
  assertEquals(done.code, 0, done.stderr);
  assertStringIncludes(done.stdout, "2 sent, 2 received");
  assertMatch(done.stderr, /tunnel to lns\.example/);
  const wrong = await run(...target, "--tunnel-secret", "castle", ...who, "ping", "-c", "1", "10.9.8.1");
  assertEquals(wrong.code, 1);
  assertMatch(wrong.stderr, /does not know the tunnel secret/);
  await server.close();
});
