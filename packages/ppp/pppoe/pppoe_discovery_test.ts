import { assertEquals } from "@std/assert";
import type { MacAddress } from "@lightwire/netif";
import { Simulation } from "@lightwire/netif/sim";
import { PppoeConcentrator, type PppoeConcentratorOptions } from "./pppoe_concentrator.ts";
import { PppoeDiscovery, type PppoeDiscoveryOptions, type PppoeOffer } from "./pppoe_discovery.ts";
import {
  emitPppoeDiscovery,
  findPppoeTag,
  parsePppoeDiscovery,
  PPPOE_CODE,
  PPPOE_TAG,
  type PppoeDiscoveryPacket,
  pppoeTextTag,
} from "./pppoe_packet.ts";

const HOST: MacAddress = 0x02_00_00_00_00_01;
const AC: MacAddress = 0x02_00_00_00_00_a0;

type Filter = (packet: PppoeDiscoveryPacket, from: MacAddress) => boolean;

/** A host and any number of access concentrators on one wire with 1 ms of delay. */
function world(
  host: PppoeDiscoveryOptions = {},
  concentrators: readonly PppoeConcentratorOptions[] = [{}],
  passes: Filter = () => true,
) {
  const sim = new Simulation({ seed: 7 });
  const log: string[] = [];
  const sent: [code: number, at: number][] = [];
  let offers: PppoeOffer | undefined;
  const carry = (
    bytes: Uint8Array,
    from: MacAddress,
    deliver: (packet: PppoeDiscoveryPacket) => void,
  ): void => {
    const packet = parsePppoeDiscovery(bytes, 0, bytes.length)!;
    if (passes(packet, from)) sim.after(1, () => deliver(packet));
  };
  const servers = concentrators.map((options, i) => {
    const address = AC + i;
    const server: PppoeConcentrator = new PppoeConcentrator(sim.random(`ac${i}`), {
      sendDiscovery: (bytes, to) => {
        assertEquals(to, HOST);
        carry(bytes, address, (packet) => client.input(address, packet));
      },
      sessionBegun: (id, from, maxPayload) =>
        log.push(`ac${i}: begun ${id === client.sessionId || id} ${from} ${maxPayload}`),
      sessionEnded: (_id, message) => log.push(`ac${i}: ended ${message}`),
    }, options);
    return server;
  });
  const client: PppoeDiscovery = new PppoeDiscovery(sim.timers, sim.random("host"), {
    sendDiscovery: (bytes, to) => {
      sent.push([bytes[1]!, sim.clock.now()]);
      servers.forEach((server, i) => {
        if (to === undefined || to === AC + i) carry(bytes, HOST, (packet) => server.input(HOST, packet));
      });
    },
    sessionBegun: (_id, offer, maxPayload) => {
      offers = offer;
      log.push(`host: begun with ${offer.acName}, ${maxPayload}`);
    },
    sessionEnded: (message) => log.push(`host: ended ${message}`),
    discoveryFailed: (end, message) => log.push(`host: ${end} (${message})`),
  }, host);
  return { sim, log, sent, client, servers, offer: () => offers };
}

Deno.test("Session: PADI, PADO, PADR and PADS give a session, PADT ends it for both (RFC 2516 §5)", () => {
  const w = world();
  w.client.start();
  w.sim.advance(10);
  assertEquals(w.client.state, "Session");
  assertEquals(w.log.at(-1), "host: begun with lightwire, 1492");
  assertEquals(w.servers[0]!.sessionCount, 1);
  w.client.stop("bye");
  w.sim.advance(10);
  assertEquals([w.client.state, w.log.at(-1), w.servers[0]!.sessionCount], ["Idle", "ac0: ended bye", 0]);
  assertEquals(w.sim.timers.size, 0);
});

Deno.test("Session: the concentrator's PADT ends it, somebody else's does not (RFC 2516 §5.5)", () => {
  const w = world();
  w.client.start();
  w.sim.advance(10);
  const id = w.client.sessionId;
  w.client.input(AC + 5, { code: PPPOE_CODE.PADT, sessionId: id, tags: [] });
  w.client.input(AC, { code: PPPOE_CODE.PADT, sessionId: id ^ 1, tags: [] });
  assertEquals([w.client.state, w.client.ignored], ["Session", 2]);
  w.servers[0]!.end(id, "maintenance");
  w.sim.advance(10);
  assertEquals([w.client.state, w.log.at(-1)], ["Idle", "host: ended maintenance"]);
});

Deno.test("PadiSent: the wait doubles, and ends with no-offer (RFC 2516 §8)", () => {
  const w = world({ attempts: 3 }, []);
  w.client.start();
  w.sim.advance(6999);
  assertEquals(w.sent, [[9, 0], [9, 1000], [9, 3000]]);
  assertEquals(w.log, []);
  w.sim.advance(1);
  assertEquals(w.log, ["host: no-offer (no access concentrator answers)"]);
  assertEquals([w.client.state, w.sim.timers.size], ["Idle", 0]);
});

Deno.test("PadrSent: a lost PADS is sent again for the repeated PADR, and makes no second session (RFC 2516 §5.3)", () => {
  let lost = 0;
  const w = world({}, [{}], (packet) => packet.code !== PPPOE_CODE.PADS || lost++ > 0);
  w.client.start();
  w.sim.advance(1500);
  assertEquals([w.client.state, w.servers[0]!.sessionCount], ["Session", 1]);
  assertEquals(w.sent.map(([code]) => code), [PPPOE_CODE.PADI, PPPOE_CODE.PADR, PPPOE_CODE.PADR]);
});

Deno.test("PadrSent: a concentrator that went away is named in the end (RFC 2516 §8)", () => {
  const w = world({ attempts: 2 }, [{ acName: "ac1.example" }], (packet) => packet.code !== PPPOE_CODE.PADS);
  w.client.start();
  w.sim.advance(10_000);
  assertEquals(w.log.at(-1), "host: no-session (ac1.example does not answer)");
});

Deno.test("PadiSent: of several offers the rule chooses, within the window (RFC 2516 §5.2)", () => {
  const w = world(
    { offerWindowMs: 50, choose: (offers) => offers.find((offer) => offer.acName === "best") },
    [{ acName: "first" }, { acName: "best" }],
  );
  w.client.start();
  w.sim.advance(40);
  assertEquals(w.client.state, "PadiSent");
  w.sim.advance(40);
  assertEquals(w.log.at(-1), "host: begun with best, 1492");
});

Deno.test("PadiSent: service and concentrator by name; others are ignored (RFC 2516 §5.1)", () => {
  const w = world({ serviceName: "gold", acName: "b" }, [
    { acName: "a", services: ["gold"] },
    { acName: "b", services: ["silver", "gold"] },
    { acName: "c", services: ["silver"] },
  ]);
  w.client.start();
  w.sim.advance(10);
  assertEquals([w.offer()?.acName, w.offer()?.services], ["b", ["gold", "silver"]]);
  assertEquals([w.client.ignored, w.servers[2]!.counters.otherService], [1, 1]);
});

Deno.test("Session: payloads of 1500 are agreed on only if both want them (RFC 4638 §3)", () => {
  for (
    const [host, ac, agreed] of [[1500, 1500, 1500], [1500, undefined, 1492], [undefined, 1500, 1492], [
      9000,
      1508,
      1508,
    ]] as const
  ) {
    const w = world(host === undefined ? {} : { maxPayload: host }, [
      ac === undefined ? {} : { maxPayload: ac },
    ]);
    w.client.start();
    w.sim.advance(10);
    assertEquals(w.log.at(-1), `host: begun with lightwire, ${agreed}`);
  }
});

Deno.test("PadrSent: too many sessions of one host are refused in words (RFC 2516 appendix A)", () => {
  const w = world({}, [{ maxSessionsPerHost: 0 }]);
  w.client.start();
  w.sim.advance(10);
  assertEquals(w.log, ["host: refused (too many sessions)"]);
  assertEquals(w.servers[0]!.counters.full, 1);
});

Deno.test("a PADR with another host's cookie gets no session (RFC 2516 §8)", () => {
  const w = world();
  const cookies: Uint8Array[] = [];
  const server: PppoeConcentrator = new PppoeConcentrator(w.sim.random("x"), {
    sendDiscovery: (bytes) => {
      const cookie = findPppoeTag(parsePppoeDiscovery(bytes, 0, bytes.length)!, PPPOE_TAG.AC_COOKIE);
      if (cookie !== undefined) cookies.push(cookie);
    },
    sessionBegun: () => w.log.push("begun"),
    sessionEnded: () => {},
  });
  const tags = [pppoeTextTag(PPPOE_TAG.SERVICE_NAME, "")];
  server.input(HOST, { code: PPPOE_CODE.PADI, sessionId: 0, tags });
  const padr = {
    code: PPPOE_CODE.PADR,
    sessionId: 0,
    tags: [...tags, { type: PPPOE_TAG.AC_COOKIE, value: cookies[0]! }],
  };
  server.input(HOST + 1, padr);
  server.input(HOST, { ...padr, tags });
  assertEquals([server.counters.badCookie, w.log], [2, []]);
  server.input(HOST, padr);
  assertEquals([server.sessionCount, w.log], [1, ["begun"]]);
});

Deno.test("PadiSent: an answer without our Host-Uniq is not for us (RFC 2516 appendix A)", () => {
  const w = world({}, []);
  w.client.start();
  w.client.input(AC, parsed(emitPppoeDiscovery({ code: PPPOE_CODE.PADO, sessionId: 0, tags: [] })));
  assertEquals([w.client.state, w.client.ignored], ["PadiSent", 1]);
  w.client.stop();
  assertEquals([w.client.state, w.sim.timers.size], ["Idle", 0]);
});

function parsed(bytes: Uint8Array): PppoeDiscoveryPacket {
  return parsePppoeDiscovery(bytes, 0, bytes.length)!;
}
