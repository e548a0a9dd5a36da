import { assertEquals, assertThrows } from "@std/assert";
import { NetError } from "@lightwire/netif";
import { DHCP_OPTION } from "../mod.ts";
import { address, DhcpWorld, OFFERED } from "../testdata/dhcp_world.ts";

/** A bound client; times are from the grant on. */
function bound(edit?: Parameters<DhcpWorld["bind"]>[0]) {
  const world = new DhcpWorld({ probe: false });
  world.bind(edit);
  const since = () => Math.round((world.sim.clock.now() - world.client.lease!.grantedAt) / 1000);
  return { world, since };
}

Deno.test("BOUND: at T1 the server is asked by unicast, with ciaddr and neither option 50 nor 54 (RFC 2131 §4.3.6)", () => {
  const { world } = bound();
  world.serve((o) => o.setAddresses(DHCP_OPTION.DOMAIN_NAME_SERVER, address("10.0.0.9")));
  const { grantedAt } = world.client.lease!;
  world.sim.advance(1_799_000);
  assertEquals(world.heard.length, 0);
  world.sim.advance(2_000);
  const [request] = world.heard;
  assertEquals(Math.abs(request!.at - grantedAt - 1_800_000) < 50, true);
  assertEquals([request!.source, request!.destination], ["10.0.0.50", "10.0.0.1"]);
  const { options, ciaddr, flags } = request!.message;
  assertEquals([options.has(50), options.has(54), ciaddr.toString(), flags], [false, false, "10.0.0.50", 0]);
  assertEquals(world.states, ["RENEWING", "BOUND"]);
  const renewed = world.events.at(-1)!;
  if (renewed.type !== "renewed") throw new Error(renewed.type);
  assertEquals([renewed.lease.dnsServers.join(), renewed.previous.dnsServers.join()], [
    "10.0.0.9",
    "10.0.0.1",
  ]);
  // The new lease counts from its request, and T1 comes again.
  assertEquals(Math.abs(renewed.lease.grantedAt - request!.at) < 50, true);
  world.sim.advance(1_800_000);
  assertEquals(world.heard.length, 2);
  assertEquals(world.end(), 0);
});

Deno.test("RENEWING, REBINDING: repeated after half of what is left, not below 60 s; then expired (RFC 2131 §4.4.5)", () => {
  const { world } = bound();
  const { grantedAt } = world.client.lease!;
  world.sim.advance(3_605_000);
  const times = world.heard.filter((h) => h.type === "REQUEST").map((h) =>
    Math.round((h.at - grantedAt) / 1000)
  );
  assertEquals(times, [1800, 2475, 2813, 2981, 3066, 3126, 3150, 3375, 3488, 3548]);
  const destinations = world.heard.map((h) => h.destination);
  assertEquals(destinations.slice(0, 6).every((d) => d === "10.0.0.1"), true);
  assertEquals(destinations.slice(6).every((d) => d === "255.255.255.255"), true);
  assertEquals(world.heard[6]!.message.ciaddr.toString(), "10.0.0.50");
  assertEquals(world.states, ["RENEWING", "REBINDING", "INIT", "SELECTING"]);
  assertEquals(world.told.filter((t) => t !== "unanswered"), ["expired"]);
  assertEquals(world.ip.isLocalAddress(OFFERED), false);
  const discover = world.heard.find((h) => h.type === "DISCOVER")!;
  assertEquals(Math.round((discover.at - grantedAt) / 1000), 3600);
  assertEquals([discover.source, discover.message.options.address(50)?.toString()], ["0.0.0.0", "10.0.0.50"]);
  assertEquals(world.end(), 0);
});

Deno.test("REBINDING: another server may extend the lease", () => {
  const { world } = bound();
  world.onMessage = (heard) => {
    if (world.client.state === "REBINDING") world.reply("ACK", heard, { server: address("10.0.0.2") });
    else world.reply("ACK", heard, { server: address("10.0.0.66") }); // not in RENEWING
  };
  world.sim.advance(3_160_000);
  assertEquals(world.told.filter((t) => t !== "unanswered"), ["renewed"]);
  assertEquals(world.client.lease!.serverId.toString(), "10.0.0.2");
  assertEquals(world.client.counters.unexpected, 6);
  assertEquals(world.end(), 0);
});

Deno.test("RENEWING: NAK takes the address away, and DISCOVER follows at once", () => {
  const { world } = bound();
  world.onMessage = (heard) => {
    if (heard.type === "REQUEST") world.reply("NAK", heard);
  };
  world.client.renew();
  world.sim.advance(100);
  assertEquals(world.heard.map((h) => h.type), ["REQUEST", "DISCOVER"]);
  assertEquals(world.told, ["nak"]);
  assertEquals(world.ip.isLocalAddress(OFFERED), false);
  assertEquals(world.end(), 0);
});

Deno.test("RENEWING: an ACK for another address is ignored", () => {
  const { world } = bound();
  world.onMessage = (heard) => world.reply("ACK", heard, { yiaddr: address("10.0.0.51") });
  world.client.renew();
  world.sim.advance(100);
  assertEquals([world.client.state, world.client.counters.unexpected], ["RENEWING", 1]);
  assertEquals(world.end(), 0);
});

Deno.test("BOUND: a lease for ever arms no timer", () => {
  const { world } = bound((o) => o.setUint32(DHCP_OPTION.LEASE_TIME, 0xffffffff));
  world.sim.advance(60_000);
  assertEquals(world.client.lease!.leaseMs, Infinity);
  assertEquals(world.sim.timers.size, 0);
  world.sim.advance(1e9);
  assertEquals(world.client.state, "BOUND");
  // Asked on purpose, and unanswered: repeated every minute.
  world.client.renew();
  world.sim.advance(150_000);
  assertEquals(world.heard.length, 3);
  assertEquals(world.end(), 0);
});

Deno.test("BOUND: a lease of two minutes keeps its times to the second (lwIP's coarse timer does not)", () => {
  const { world } = bound((o) => o.setUint32(DHCP_OPTION.LEASE_TIME, 120));
  const { grantedAt } = world.client.lease!;
  world.sim.advance(119_000);
  assertEquals(world.heard.map((h) => Math.round((h.at - grantedAt) / 1000)), [60, 105]);
  world.sim.advance(2_000);
  assertEquals(world.told.includes("expired"), true);
  assertEquals(world.end(), 0);
});

Deno.test("link up: REBOOTING confirms the lease, which stays (RFC 2131 §3.7)", () => {
  const { world } = bound();
  world.serve();
  world.client.linkUp();
  world.sim.advance(100);
  assertEquals(world.states, ["INIT-REBOOT", "REBOOTING", "BOUND"]);
  assertEquals(world.told, ["renewed"]);
  assertEquals([world.heard[0]!.source, world.heard[0]!.message.options.address(50)?.toString()], [
    "0.0.0.0",
    "10.0.0.50",
  ]);
  assertEquals(world.end(), 0);
});

Deno.test("link up elsewhere: without answer the lease is given up as unconfirmed; with another address too", () => {
  const silent = bound().world;
  silent.client.linkUp();
  silent.sim.advance(20_000);
  assertEquals(silent.told.filter((t) => t !== "unanswered"), ["unconfirmed"]);
  assertEquals(silent.ip.isLocalAddress(OFFERED), false);
  assertEquals(silent.client.state, "SELECTING");
  assertEquals(silent.end(), 0);

  const moved = bound().world;
  moved.onMessage = (heard) => moved.reply("ACK", heard, { yiaddr: address("10.0.0.77") });
  moved.client.linkUp();
  moved.sim.advance(100);
  assertEquals(moved.told, ["unconfirmed", "bound"]);
  assertEquals(moved.ip.isLocalAddress(address("10.0.0.77")), true);
  assertEquals(moved.ip.isLocalAddress(OFFERED), false);
  assertEquals(moved.end(), 0);
});

Deno.test("release(): RELEASE by unicast, the address goes, the client stops (RFC 2131 §4.4.6)", () => {
  const { world } = bound();
  world.client.release();
  world.sim.advance(100);
  const [release] = world.heard;
  assertEquals([release!.type, release!.source, release!.destination], ["RELEASE", "10.0.0.50", "10.0.0.1"]);
  assertEquals([...release!.message.options].map(([code]) => code), [53, 61, 54]);
  assertEquals(world.told, ["released"]);
  assertEquals([world.client.isRunning, world.client.lease], [false, undefined]);
  world.sim.advance(10_000_000);
  assertEquals([world.heard.length, world.sim.timers.size], [1, 0]);
  assertEquals(world.end(), 0);
});

Deno.test("stop(): no word to the server; the next start asks for the address first", () => {
  const { world } = bound();
  world.client.stop();
  world.client.stop();
  world.sim.advance(10_000_000);
  assertEquals([world.heard.length, world.told.length], [0, 1]);
  world.serve();
  world.client.start();
  world.sim.advance(100);
  assertEquals(world.heard.map((h) => h.type), ["REQUEST"]);
  assertEquals(world.client.state, "BOUND");
  assertEquals(world.end(), 0);
});

Deno.test("addressInUse(): a conflict during use is declined, and another address asked for after 10 s", () => {
  const { world } = bound();
  world.client.addressInUse(0x02_00_00_00_00_99);
  world.sim.advance(9_000);
  assertEquals(world.heard.map((h) => h.type), ["DECLINE"]);
  const [declined] = world.events.filter((e) => e.type === "declined");
  assertEquals(declined?.type === "declined" && [declined.by, declined.lease?.address.toString()], [
    0x02_00_00_00_00_99,
    "10.0.0.50",
  ]);
  assertEquals(world.ip.isLocalAddress(OFFERED), false);
  world.sim.advance(2_000);
  assertEquals(world.heard.at(-1)!.type, "DISCOVER");
  assertEquals(world.end(), 0);
});

Deno.test("inform(): the configuration alone, for an address of the host's own (RFC 2131 §4.4.3)", () => {
  const world = new DhcpWorld();
  world.ip.addAddress(world.netif, address("10.0.0.7"), 24);
  world.onMessage = (heard) =>
    world.reply("ACK", heard, { yiaddr: address("0.0.0.0"), edit: (o) => o.delete(51) });
  world.client.inform(address("10.0.0.7"));
  assertThrows(() => world.client.inform(address("10.0.0.7")), NetError, "running");
  world.sim.advance(100);
  const [inform] = world.heard;
  assertEquals([inform!.type, inform!.source, inform!.message.ciaddr.toString()], [
    "INFORM",
    "10.0.0.7",
    "10.0.0.7",
  ]);
  assertEquals([inform!.message.options.has(50), inform!.message.options.has(51)], [false, false]);
  const informed = world.events.find((e) => e.type === "informed");
  assertEquals(informed?.type === "informed" && informed.configuration.dnsServers.join(), "10.0.0.1");
  assertEquals([world.client.isRunning, world.client.lease], [false, undefined]);
  assertEquals(world.end(), 0);
});

Deno.test("inform(): gives up after four", () => {
  const world = new DhcpWorld();
  world.ip.addAddress(world.netif, address("10.0.0.7"), 24);
  world.client.inform(address("10.0.0.7"));
  world.sim.advance(100_000);
  assertEquals([world.heard.length, world.client.isRunning], [4, false]);
  assertEquals(world.told, ["unanswered", "unanswered", "unanswered", "unanswered"]);
  assertEquals(world.end(), 0);
});

Deno.test("a client whose packets find no memory goes on later", () => {
  const world = new DhcpWorld({ probe: false });
  world.serve();
  world.sim.pool.failAfter(0);
  world.client.start();
  world.sim.advance(1000);
  assertEquals([world.client.counters.sendErrors, world.client.state], [1, "SELECTING"]);
  world.sim.pool.failAfter(-1);
  world.sim.advance(5000);
  assertEquals(world.client.state, "BOUND");
  assertEquals(world.end(), 0);
});

Deno.test("relayed: offers come by a relay, and the server beyond it is asked by unicast through the router (RFC 2131 §4.4.5)", () => {
  const far = address("10.99.0.1");
  const world = new DhcpWorld({ probe: false });
  // One host plays both: the relay and router at 10.0.0.1, and the server behind it.
  world.serverIp.addAddress([...world.serverIp.interfaces][0]!.netif, far, 32);
  const giaddr = address("10.0.0.1");
  const answer = (type: "OFFER" | "ACK", heard: Parameters<typeof world.reply>[1]) =>
    world.reply(type, { ...heard, message: { ...heard.message, giaddr } }, { server: far });
  world.onMessage = (heard) => answer(heard.type === "DISCOVER" ? "OFFER" : "ACK", heard);
  world.client.start();
  world.sim.advance(100);
  assertEquals([world.client.state, world.client.lease!.serverId.toString()], ["BOUND", "10.99.0.1"]);
  const gateway = world.client.lease!.routers[0]!;
  world.ip.routes.add({
    destination: { address: address("0.0.0.0"), length: 0 },
    gateway,
    netif: world.netif,
  });
  world.sim.advance(1_801_000);
  const renewal = world.heard.at(-1)!;
  assertEquals([renewal.type, renewal.source, renewal.destination], ["REQUEST", "10.0.0.50", "10.99.0.1"]);
  assertEquals([world.client.state, world.told.at(-1)], ["BOUND", "renewed"]);
  assertEquals(world.end(), 0);
});
