import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { NetError } from "@lightwire/netif";
import { DHCP_OPTION, DhcpClient, emitClasslessRoutes } from "../mod.ts";
import { address, DhcpWorld, OFFERED, SERVER } from "../testdata/dhcp_world.ts";

Deno.test("INIT: DISCOVER, OFFER, REQUEST, ACK, probe, BOUND (RFC 2131 §3.1)", () => {
  const world = new DhcpWorld({ hostname: "wire", vendorClass: "lightwire" });
  world.serve();
  world.client.start();
  world.sim.advance(10);
  assertEquals(world.said, ["DISCOVER 0", "REQUEST 0"]);
  assertEquals(world.client.state, "PROBING");
  world.sim.advance(10_000);
  assertEquals(world.states, ["SELECTING", "REQUESTING", "PROBING", "BOUND"]);
  assertEquals(world.told, ["bound"]);
  const lease = world.client.lease!;
  assertEquals([lease.address.toString(), lease.prefixLength, lease.leaseMs], ["10.0.0.50", 24, 3_600_000]);
  assertEquals([lease.t1Ms, lease.t2Ms], [1_800_000, 3_150_000]);
  assertEquals([lease.routers.join(), lease.dnsServers.join()], ["10.0.0.1", "10.0.0.1"]);
  assertStrictEquals(world.ip.isLocalAddress(OFFERED), true);

  const [discover, request] = world.heard;
  assertEquals([discover!.source, discover!.destination], ["0.0.0.0", "255.255.255.255"]);
  const options = discover!.message.options;
  assertEquals([...options].map(([code]) => code), [53, 61, 57, 60, 12, 55]);
  assertEquals(options.uint16(DHCP_OPTION.MAX_MESSAGE_SIZE), 1500);
  assertEquals(options.text(DHCP_OPTION.HOST_NAME), "wire");
  const wishes = [...options.get(DHCP_OPTION.PARAMETER_REQUEST_LIST)!];
  assertEquals(wishes, [1, 121, 3, 6, 12, 15, 26, 28, 42, 51, 58, 59, 119]);
  assertEquals(request!.source, "0.0.0.0");
  assertEquals(request!.message.xid, discover!.message.xid);
  assertEquals(request!.message.options.address(DHCP_OPTION.REQUESTED_IP_ADDRESS)?.toString(), "10.0.0.50");
  assertEquals(request!.message.options.address(DHCP_OPTION.SERVER_ID)?.toString(), "10.0.0.1");
  assertEquals(world.client.counters.sent.REQUEST, 1);
  assertEquals(world.client.counters.received.ACK, 1);
  assertEquals(world.end(), 0);
});

Deno.test("SELECTING: DISCOVER is repeated after 4, 8, 16, 32, 64, 64 s, each ±1 s, for ever (RFC 2131 §4.1)", () => {
  const world = new DhcpWorld();
  world.client.start();
  world.sim.advance(300_000);
  const gaps = world.heard.slice(1).map((h, i) => (h.at - world.heard[i]!.at) / 1000);
  for (const [i, expected] of [4, 8, 16, 32, 64, 64, 64].entries()) {
    assertEquals(Math.abs(gaps[i]! - expected) <= 1, true, `gap ${i} is ${gaps[i]}`);
  }
  assertEquals(gaps.every((g) => Number.isInteger(g)), false, "no chance in the pauses");
  assertEquals(new Set(world.heard.map((h) => h.message.xid)).size, 1);
  assertEquals(world.heard[2]!.message.secs, Math.floor(world.heard[2]!.at / 1000));
  assertEquals(world.told.slice(0, 2), ["unanswered", "unanswered"]);
  assertEquals(world.end(), 0);
});

Deno.test("REQUESTING: without answer four REQUESTs in 60 s, then DISCOVER again (RFC 2131 §3.1 step 5)", () => {
  const world = new DhcpWorld();
  world.onMessage = (heard) => {
    if (heard.type === "DISCOVER") world.reply("OFFER", heard);
  };
  world.client.start();
  assertEquals(world.sim.runUntil(() => world.heard.length === 7, 200_000), true);
  assertEquals(
    world.heard.map((h) => h.type).join(),
    "DISCOVER,REQUEST,REQUEST,REQUEST,REQUEST,DISCOVER,REQUEST",
  );
  assertEquals(Math.abs(world.heard[5]!.at - 60_000) <= 4000, true);
  assertEquals(world.heard[1]!.message.xid === world.heard[5]!.message.xid, false);
  assertEquals(world.end(), 0);
});

Deno.test("REQUESTING: NAK brings DISCOVER at once; a server that goes on so is slowed down", () => {
  const world = new DhcpWorld();
  world.onMessage = (heard) => {
    if (heard.type === "DISCOVER") world.reply("OFFER", heard);
    else world.reply("NAK", heard, { edit: (o) => o.setText(DHCP_OPTION.MESSAGE, "not yours") });
  };
  world.client.start();
  world.sim.advance(60_000);
  const discovers = world.heard.filter((h) => h.type === "DISCOVER").map((h) => Math.round(h.at / 1000));
  assertEquals(discovers, [0, 0, 1, 3, 7, 15, 31]);
  const nak = world.events.find((e) => e.type === "nak")!;
  assertEquals(nak, { type: "nak", server: SERVER, message: "not yours", lease: undefined });
  assertEquals(world.end(), 0);
});

Deno.test("SELECTING: an offer without server id, for another client, of another exchange, or of no host address is ignored", () => {
  const world = new DhcpWorld();
  world.client.start();
  world.sim.advance(10);
  const discover = world.heard[0]!;
  world.reply("OFFER", discover, { server: undefined });
  world.reply("OFFER", discover, { xid: 1 });
  world.reply("OFFER", discover, { chaddr: new Uint8Array(16) });
  world.reply("OFFER", discover, { yiaddr: address("0.0.0.0") });
  world.reply("OFFER", discover, { yiaddr: address("224.0.0.1") });
  world.reply("ACK", discover);
  world.replyRaw(new Uint8Array(100));
  world.replyRaw(new Uint8Array(0));
  world.sim.advance(100);
  assertEquals(world.client.state, "SELECTING");
  const { counters } = world.client;
  assertEquals([counters.foreign, counters.unexpected, counters.malformed], [2, 4, 2]);
  assertEquals(world.end(), 0);
});

Deno.test("REQUESTING: only the chosen server may answer (RFC 2131 §4.4.1)", () => {
  const world = new DhcpWorld();
  world.client.start();
  world.sim.advance(10);
  world.reply("OFFER", world.heard[0]!);
  world.sim.advance(10);
  world.reply("NAK", world.heard[1]!, { server: address("10.0.0.66") });
  world.reply("ACK", world.heard[1]!, { server: address("10.0.0.66") });
  world.reply("ACK", world.heard[1]!, { edit: (o) => o.delete(DHCP_OPTION.LEASE_TIME) });
  world.sim.advance(10);
  assertEquals(world.client.state, "REQUESTING");
  assertEquals(world.client.counters.unexpected, 3);
  world.reply("ACK", world.heard[1]!);
  world.sim.advance(10);
  assertEquals(world.client.state, "PROBING");
  assertEquals(world.end(), 0);
});

Deno.test("SELECTING: with offerWaitMs the offer of the wanted address wins, or who selectOffer says", () => {
  for (const isChosen of [false, true]) {
    const world = new DhcpWorld({
      offerWaitMs: 500,
      requestedAddress: address("10.0.0.52"),
      ...(isChosen ? { selectOffer: (offers) => offers.at(-1)! } : {}),
    });
    world.onMessage = (heard) => {
      if (heard.type !== "DISCOVER") return;
      for (const last of [51, 52, 53]) world.reply("OFFER", heard, { yiaddr: address(`10.0.0.${last}`) });
    };
    world.client.start();
    world.sim.advance(400);
    assertEquals(world.heard.length, 1);
    assertEquals(
      world.heard[0]!.message.options.address(DHCP_OPTION.REQUESTED_IP_ADDRESS)?.toString(),
      "10.0.0.52",
    );
    world.sim.advance(200);
    const asked = world.heard[1]!.message.options.address(DHCP_OPTION.REQUESTED_IP_ADDRESS);
    assertEquals(asked?.toString(), isChosen ? "10.0.0.53" : "10.0.0.52");
    assertEquals(world.end(), 0);
  }
});

Deno.test("PROBING: somebody has the address: DECLINE, 10 s of silence, DISCOVER (RFC 2131 §3.1 step 5)", () => {
  const world = new DhcpWorld();
  world.serve();
  // The server's host itself has the address that it grants.
  world.serverIp.addAddress([...world.serverIp.interfaces][0]!.netif, OFFERED, 24);
  world.client.start();
  assertEquals(world.sim.runUntil(() => world.client.counters.sent.DECLINE === 1, 10_000), true);
  const declinedAt = world.sim.clock.now();
  world.sim.advance(9_900);
  assertEquals(world.client.state, "INIT");
  assertEquals(world.heard.map((h) => h.type).join(), "DISCOVER,REQUEST,DECLINE");
  const decline = world.heard[2]!;
  assertEquals([decline.source, decline.destination], ["0.0.0.0", "255.255.255.255"]);
  const codes = [...decline.message.options].map(([code]) => code);
  assertEquals(codes, [53, 61, 50, 54, 56]); // RFC 2131 §4.4.1 table 5
  assertEquals(decline.message.options.address(50)?.toString(), "10.0.0.50");
  world.onMessage = undefined;
  world.sim.advance(200);
  assertEquals(world.heard.at(-1)!.type, "DISCOVER");
  assertEquals(world.heard.at(-1)!.at >= declinedAt + 10_000, true);
  assertEquals(world.heard.at(-1)!.message.options.has(50), false);
  const declined = world.events.find((e) => e.type === "declined");
  assertEquals(declined?.type === "declined" && declined.address.toString(), "10.0.0.50");
  assertEquals(world.end(), 0);
});

Deno.test("PROBING can be left out", () => {
  const world = new DhcpWorld({ probe: false });
  world.serve();
  world.client.start();
  world.sim.advance(10);
  assertEquals(world.client.state, "BOUND");
  assertEquals(world.end(), 0);
});

Deno.test("INIT-REBOOT: the previous address is asked for at once, without server id (RFC 2131 §3.2, §4.3.2)", () => {
  const world = new DhcpWorld({ previousAddress: OFFERED });
  world.serve();
  world.client.start();
  world.sim.advance(10_000);
  assertEquals(world.said, ["REQUEST 0"]);
  assertEquals(world.states, ["INIT-REBOOT", "REBOOTING", "PROBING", "BOUND"]);
  const { options, ciaddr } = world.heard[0]!.message;
  assertEquals([options.has(54), options.address(50)?.toString(), ciaddr.toString()], [
    false,
    "10.0.0.50",
    "0.0.0.0",
  ]);
  assertEquals(world.end(), 0);
});

Deno.test("REBOOTING: NAK, or no answer to two REQUESTs, leads to DISCOVER", () => {
  const refused = new DhcpWorld({ previousAddress: OFFERED });
  refused.onMessage = (heard) => {
    if (heard.type === "REQUEST") refused.reply("NAK", heard);
  };
  refused.client.start();
  refused.sim.advance(100);
  assertEquals(refused.said, ["REQUEST 0", "DISCOVER 0"]);
  assertEquals(refused.heard[1]!.message.options.has(50), false);
  assertEquals(refused.end(), 0);

  const silent = new DhcpWorld({ previousAddress: OFFERED });
  silent.client.start();
  silent.sim.runUntil(() => silent.heard.length === 3, 20_000);
  assertEquals(silent.heard.map((h) => h.type).join(), "REQUEST,REQUEST,DISCOVER");
  assertEquals(Math.abs(silent.heard[2]!.at - 12_000) <= 2000, true);
  assertEquals(silent.end(), 0);
});

Deno.test("start() waits for the link, and linkUp() begins", () => {
  const world = new DhcpWorld({ startDelayMsMax: 10_000 });
  world.netif.setDown();
  world.client.start();
  world.client.start();
  world.sim.advance(60_000);
  assertEquals([world.client.state, world.heard.length], ["INIT", 0]);
  assertEquals(world.sim.timers.size, 0);
  world.netif.setUp();
  world.client.linkUp();
  world.sim.advance(10_000);
  assertEquals(world.heard.length > 0 && world.heard[0]!.at > 60_000, true);
  assertEquals(world.end(), 0);
});

Deno.test("start() refuses an MTU below 576, and a second client on the interface", () => {
  const world = new DhcpWorld({}, { mtu: 575 });
  assertThrows(() => world.client.start(), NetError, "its MTU is 575, and DHCP needs 576");
  assertEquals(world.end(), 0);
  const other = new DhcpWorld();
  other.client.start();
  const second = new DhcpClient({
    udp: other.udp,
    ip: other.ip,
    netif: other.netif,
    host: other.sim.host("x"),
  });
  assertThrows(() => second.start(), NetError, "in use");
  assertEquals([second.isRunning, second.state], [false, "INIT"]);
  assertEquals(other.end(), 0);
});

Deno.test("a callback may stop the client: nothing is sent after that", () => {
  const world = new DhcpWorld({ probe: false });
  world.client.onEvent = (e) => {
    if (e.type === "bound") world.client.stop();
  };
  world.serve();
  world.client.start();
  world.sim.advance(10_000_000);
  assertEquals(world.heard.length, 2);
  assertEquals(world.client.isRunning, false);
  assertEquals(world.sim.timers.size, 0);
  assertEquals(world.end(), 0);
});

Deno.test("the broadcast flag is set when the interface has another address already (RFC 2131 §4.1)", () => {
  const world = new DhcpWorld();
  world.client.start();
  world.sim.advance(10);
  world.client.stop();
  world.ip.addAddress(world.netif, address("169.254.7.7"), 16);
  world.client.start();
  world.sim.advance(10);
  assertEquals(world.heard.map((h) => h.message.flags), [0, 0x8000]);
  assertEquals(world.heard[1]!.source, "0.0.0.0");
  assertEquals(world.end(), 0);
});

Deno.test("hooks see each message that goes, each option nobody knows, and the start of things", () => {
  const log: string[] = [];
  const world = new DhcpWorld({
    probe: false,
    hooks: {
      postInit: () => log.push("postInit"),
      preDiscovery: () => log.push("preDiscovery"),
      appendOptions: (state, type, options) => {
        log.push(`append ${state} ${type}`);
        options.setText(224, "mine");
      },
      extraRequestOptions: () => [43, 114, 3],
      parseOption: (state, type, code, value) => log.push(`parse ${state} ${type} ${code} ${value.length}`),
    },
  });
  world.serve((o) => o.setText(43, "vendor").setText(114, "http://portal"));
  world.client.start();
  world.sim.advance(10);
  assertEquals(log, [
    "postInit",
    "preDiscovery",
    "append SELECTING DISCOVER",
    "append REQUESTING REQUEST",
    "parse REQUESTING OFFER 43 6",
    "parse REQUESTING OFFER 114 13",
    "parse BOUND ACK 43 6",
    "parse BOUND ACK 114 13",
  ]);
  assertEquals(world.heard[0]!.message.options.text(224), "mine");
  assertEquals([...world.heard[0]!.message.options.get(55)!].slice(-2), [43, 114]);
  assertEquals(world.end(), 0);
});

Deno.test("leases: guessed masks, own routes, default times, options out of range", () => {
  const world = new DhcpWorld({ probe: false });
  world.bind((o) => {
    o.setUint32(DHCP_OPTION.SUBNET_MASK, 0xff00ff00); // with a hole
    o.setUint32(DHCP_OPTION.RENEWAL_TIME, 3000); // T1 after T2
    o.setUint32(DHCP_OPTION.REBINDING_TIME, 2000);
    o.setUint16(DHCP_OPTION.INTERFACE_MTU, 67);
    o.setText(DHCP_OPTION.DOMAIN_NAME, "lan.example.");
    o.set(
      DHCP_OPTION.CLASSLESS_ROUTES,
      emitClasslessRoutes([{
        destination: { address: address("10.9.0.0"), length: 17 },
        gateway: undefined,
      }]),
    );
  });
  const lease = world.client.lease!;
  assertEquals([lease.prefixLength, lease.t1Ms, lease.t2Ms, lease.mtu], [8, 1_800_000, 3_150_000, undefined]);
  assertEquals([lease.domainName, lease.searchDomains.join()], ["lan.example", "lan.example"]);
  // RFC 3442: with classless routes the router option counts no more, though they have no default.
  assertEquals(lease.routers, []);
  assertEquals(lease.staticRoutes.map((r) => [r.destination.length, r.gateway]), [[17, undefined]]);
  assertEquals(world.end(), 0);
});
