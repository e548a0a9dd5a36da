import { assert, assertEquals, assertMatch } from "@std/assert";
import { Netif } from "@lightwire/netif";
import { createLink, Simulation } from "@lightwire/netif/sim";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { PppoeLink, PppoeServer, PppoeStation } from "../pppoe/mod.ts";
import type { PppSessionOptions, PppUp } from "../ppp_session.ts";
import type { BringUpEvent } from "./bring_up_options.ts";
import { CarrierBringUp } from "./carrier_bring_up.ts";

const SERVER: PppSessionOptions = {
  ipcp: {
    localAddress: parseIpAddressOrThrow("10.0.0.1"),
    peerAddress: parseIpAddressOrThrow("10.0.0.2"),
    dnsServers: [parseIpAddressOrThrow("10.0.0.1")],
  },
  peerSecrets: (name) => name === "alice" ? "wonderland" : undefined,
};

function bringUpPppoe(secret: string, hasServer: boolean) {
  const sim = new Simulation({ seed: "pppoe" });
  const [near, far] = createLink(sim, { medium: "ethernet" });
  const station = (driver: typeof near, name: string, macAddress: number) => {
    const netif = new Netif(driver, { name, index: 1, macAddress });
    netif.setUp();
    return new PppoeStation(netif, sim.pool);
  };
  const concentrator = station(far, "en1", 0x02_00_00_00_00_02);
  if (hasServer) new PppoeServer(sim.host("ac"), concentrator, () => ({ options: SERVER }));
  const ours = station(near, "en0", 0x02_00_00_00_00_01);
  const events: BringUpEvent[] = [];
  const ended: { cause: string; message: string }[] = [];
  const ups: PppUp[] = [];
  const session: PppSessionOptions = { credentials: { name: "alice", secret } };
  const bringUp = new CarrierBringUp<PppoeLink>(sim.host("host"), {
    name: "en0",
    dialText: "Looking for an access concentrator",
    advice: "check the cable",
    session,
    make: (host, handlers) =>
      new PppoeLink(host, ours, session, {
        ...handlers,
        sessionBegun: (sessionId, { acName }) =>
          handlers.connected(`${acName}, session ${sessionId}`, { sessionId }),
      }),
  }, {
    event: (event) => void events.push(event),
    up: (_link, up) => void ups.push(up),
    ended: (cause, message) => void ended.push({ cause, message }),
  });
  return { sim, bringUp, events, ended, ups };
}

Deno.test("PPPoE: discovery is the call, the rest are the steps of a modem (RFC 2516 §5)", () => {
  const { sim, bringUp, events, ended, ups } = bringUpPppoe("wonderland", true);
  bringUp.start();
  sim.advance(2000);
  assertEquals(events.filter((e) => e.state === "done").map((e) => e.step), [
    "port",
    "dial",
    "establish",
    "authenticate",
    "network",
  ]);
  assertEquals([String(ups[0]!.ipv4!.localAddress), ups[0]!.mtu], ["10.0.0.2", 1492]);
  bringUp.stop();
  sim.advance(10_000);
  assertEquals(ended.map((end) => end.cause), ["closed"]);
});

Deno.test("PPPoE: nobody answers: no-carrier, with what to do (RFC 2516 §8)", () => {
  const { sim, bringUp, events, ended } = bringUpPppoe("wonderland", false);
  bringUp.start();
  sim.runUntil(() => ended.length > 0, 300_000);
  assertEquals(ended.map((end) => end.cause), ["no-carrier"]);
  assertMatch(ended[0]!.message, /check the cable/);
  assertEquals(events.at(-1)!.step, "dial");
});

Deno.test("PPPoE: a wrong password: auth-failed, and the password is shown nowhere (RFC 1661 §3.5)", () => {
  const { sim, bringUp, events, ended } = bringUpPppoe("looking-glass", true);
  bringUp.start();
  sim.runUntil(() => ended.length > 0, 60_000);
  assertEquals(ended.map((end) => end.cause), ["auth-failed"]);
  assert(!JSON.stringify(events).includes("looking-glass"));
});

Deno.test("PPPoE: stop() while nobody answers ends it at once", () => {
  const { sim, bringUp, ended } = bringUpPppoe("wonderland", false);
  bringUp.start();
  sim.advance(1000);
  bringUp.stop();
  sim.advance(10_000);
  assertEquals(ended.map((end) => end.cause), ["closed"]);
  assertEquals(sim.pool.inUse, 0);
});
