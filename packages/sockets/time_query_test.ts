import { assertAlmostEquals, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createLink, Simulation } from "@lightwire/netif/sim";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { emitNtpMessage, ntpFromUnixMs, type NtpMessage, ntpRequest, parseNtpMessage } from "@lightwire/sntp";
import { NetError } from "./errors.ts";
import { runSimulation } from "./sim.ts";
import { Stack } from "./stack.ts";

const EPOCH = Date.UTC(2026, 10, 24);

interface World extends Disposable {
  readonly sim: Simulation;
  readonly a: Stack;
  readonly b: Stack;
}

/** a (10.0.0.1), whose clock is an hour late, and b (10.0.0.2, "time.example"), whose time server answers with `change`. */
function world(change: () => Partial<NtpMessage> | undefined = () => ({})): World {
  const sim = new Simulation({ seed: 3 });
  const [linkA, linkB] = createLink(sim, { aToB: { delayMs: 15 }, bToA: { delayMs: 15 } });
  const clock = (error: number) => ({ unixMillis: () => EPOCH + error + sim.clock.now() });
  const a = new Stack({ pump: "manual", ...sim.host("a"), wallClock: clock(-3_600_000) });
  const b = new Stack({ pump: "manual", ...sim.host("b") });
  a.addInterface({ driver: linkA, addresses: ["10.0.0.1/24"] });
  b.addInterface({ driver: linkB, addresses: ["10.0.0.2/24"] });
  a.resolver.hosts.add("time.example", parseIpAddressOrThrow("10.0.0.2"));
  const endpoint = b.udp.open({ localPort: 123 });
  endpoint.onReceive = (p, { source, sourcePort }) => {
    const request = parseNtpMessage(p.view, p.start, p.totalLength) as NtpMessage;
    p.release();
    const now = ntpFromUnixMs(EPOCH + sim.clock.now());
    const good = { ...ntpRequest(now), mode: 4, stratum: 2, receive: now, originate: request.transmit };
    const answer = change();
    if (answer === undefined) return;
    endpoint.sendTo(emitNtpMessage({ ...good, referenceId: 0x7f000001, ...answer }), source, sourcePort);
  };
  return {
    sim,
    a,
    b,
    [Symbol.dispose]() {
      a.close();
      b.close();
      sim.close();
      assertEquals(sim.pool.inUse, 0, "packet buffers are left");
    },
  };
}

Deno.test("Stack.sntp(): asks a name or an address, and tells how far the wall clock is off", async () => {
  using w = world();
  const byName = await runSimulation(w.sim, w.a.sntp("time.example", { samples: 2 }));
  assertAlmostEquals(byName.offsetMs, 3_600_000, 1);
  assertEquals(byName.samples.length, 2);
  const byAddress = await runSimulation(w.sim, w.a.sntp("10.0.0.2"));
  assertEquals([`${byAddress.server}`, byAddress.stratum, byAddress.referenceId], [
    "10.0.0.2",
    2,
    "127.0.0.1",
  ]);
  assertAlmostEquals(byAddress.delayMs, 30, 1e-3);
  assertAlmostEquals(
    byAddress.unixMs + (w.sim.clock.now() - byAddress.measuredAt),
    EPOCH + w.sim.clock.now(),
    0.01,
  );
});

Deno.test("Stack.sntp(): of several servers, those that are no use are passed over", async () => {
  using w = world();
  const servers = ["nobody.invalid", "10.0.0.9", "time.example"];
  assertEquals(`${(await runSimulation(w.sim, w.a.sntp(servers))).server}`, "10.0.0.2");
});

Deno.test("Stack.sntp(): what went wrong is an error with a code and a sentence", async () => {
  const fails = async (w: World, servers: string[], code: string, message: RegExp): Promise<void> => {
    const error = await assertRejects(() => runSimulation(w.sim, w.a.sntp(servers)), NetError);
    assertEquals([error.code, message.test(error.message)], [code, true], error.message);
  };
  using silent = world(() => undefined);
  await fails(
    silent,
    ["10.0.0.2"],
    "TIMED_OUT",
    /^Cannot get the time from 10.0.0.2: 10.0.0.2 did not answer$/,
  );
  await fails(silent, ["nobody.invalid"], "NAME_NOT_FOUND", /nobody.invalid/);
  await fails(silent, [], "NETWORK_UNREACHABLE", /no server to ask/);
  await fails(silent, ["192.0.2.1"], "HOST_UNREACHABLE", /cannot be reached/);
  using denied = world(() => ({ stratum: 0, referenceId: 0x44454e59 }));
  await fails(denied, ["time.example"], "ACCESS_DENIED", /DENY/);
  using lost = world(() => ({ leap: "unsynchronized" }));
  await fails(lost, ["time.example"], "INVALID_STATE", /not synchronized/);
});

Deno.test("Stack.sntp(): an aborted query, and one of a stack that is closed, leave nothing behind", async () => {
  using w = world(() => undefined);
  const controller = new AbortController();
  const reason = new Error("enough");
  const asking = w.a.sntp("10.0.0.2", { signal: controller.signal }).catch((error) => error);
  await runSimulation(w.sim, w.a.lookup("time.example"));
  controller.abort(reason);
  assertStrictEquals(await asking, reason);
  assertStrictEquals(await w.a.sntp("10.0.0.2", { signal: controller.signal }).catch((e) => e), reason);
  const closing = w.a.sntp("10.0.0.2").catch((error) => error);
  await runSimulation(w.sim, w.a.lookup("time.example"));
  w.a.close();
  assertEquals((await closing as NetError).code, "CLOSED");
  assertEquals((await w.a.sntp("10.0.0.2").catch((e) => e) as NetError).code, "CLOSED");
});
