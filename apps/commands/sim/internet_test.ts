import { assert, assertEquals, assertThrows } from "@std/assert";
import { AtEngine } from "@lightwire/ppp/modem";
import { PppLink, SerialOpenError } from "@lightwire/ppp";
import { Stack } from "@lightwire/sockets";
import { SimulatedInternet } from "./internet.ts";

Deno.test("a modem of the simulated internet: dial, resolve, fetch, hang up", async () => {
  const internet = new SimulatedInternet();
  const client = new Stack();
  const { port, modem } = internet.connectModem(client, { baudRate: 921_600, searchMs: 20, connectMs: 5 });
  const { timers, random, pool } = client;
  const engine = new AtEngine(port, timers);
  const ended = Promise.withResolvers<string>();
  const carrierLost = Promise.withResolvers<void>();
  engine.onCarrierLost = () => carrierLost.resolve();
  const up = Promise.withResolvers<void>();
  const link = new PppLink({ timers, random, pool }, engine.dataPort, {}, {
    up: ({ ipv4 }) => {
      added.addAddress(`${ipv4!.localAddress}/32`);
      added.addRoute({ destination: "0.0.0.0/0" });
      added.nameServers = ipv4!.dnsServers.map(String);
      up.resolve();
    },
    ended: (end, message) => {
      up.reject(new Error(`${end} ${message}`));
      ended.resolve(end);
    },
  });
  const added = client.addInterface({ driver: link });
  engine.send({
    text: "ATD*99#",
    attempts: 20,
    retryDelayMs: 20,
    isRetried: ({ status }) => status === "error",
  }, ({ status }) => {
    if (status === "connect") link.start();
    else up.reject(new Error(status));
  });
  await up.promise;
  assertEquals(await client.resolveDns("www.example.test", "A"), ["203.0.113.80"]);
  using conn = await client.connect({ hostname: "203.0.113.80", port: 80 });
  await conn.write(new TextEncoder().encode("GET /bytes/20000 HTTP/1.0\r\nHost: example.test\r\n\r\n"));
  let total = 0;
  const chunk = new Uint8Array(4096);
  for (let n = await conn.read(chunk); n !== null; n = await conn.read(chunk)) total += n;
  assert(total > 20_000);
  link.stop();
  assertEquals(await ended.promise, "closed");
  await carrierLost.promise;
  assertEquals(modem.session.isInData, false);
  client.close();
  engine.close();
  internet.close();
});

Deno.test("a port of the simulated internet that cannot be opened", () => {
  const internet = new SimulatedInternet();
  const client = new Stack();
  assertThrows(() => internet.connectModem(client, { fault: "port-in-use" }), SerialOpenError, "in use");
  client.close();
  internet.close();
});
