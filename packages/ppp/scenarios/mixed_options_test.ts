import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import type { CcpOptions } from "../ccp.ts";
import type { PppSessionOptions } from "../ppp_session.ts";
import { createPppWorld, type Side } from "../testdata/ppp_world.ts";
import { pbufOf, tcpPacket } from "../testdata/tcp_packets.ts";

const SERVER_IPCP = {
  localAddress: parseIpAddressOrThrow("10.0.0.1"),
  peerAddress: parseIpAddressOrThrow("10.0.0.2"),
  isPeerAddressFixed: true,
  dnsServers: [parseIpAddressOrThrow("10.0.0.53")],
};

/** What one side wants of the network phase. */
const wishes = fc.record({
  ipv4: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
  ipv6: fc.boolean(),
  vj: fc.constantFrom<boolean | { slots: number }>(true, true, false, { slots: 1 }, { slots: 256 }),
  mppe: fc.constantFrom<CcpOptions["mppe"]>("off", "off", "allowed", "required"),
  keyBits: fc.constantFrom<CcpOptions["keyBits"]>([128, 40], [128], [40]),
  stateful: fc.boolean(),
  listen: fc.constantFrom<PppSessionOptions["listen"]>("active", "active", "passive", "silent"),
});
type Wishes = typeof wishes extends fc.Arbitrary<infer T> ? T : never;

function options(w: Wishes, isServer: boolean): PppSessionOptions {
  const { mppe, keyBits, stateful, vj, listen } = w;
  const ipv4 = w.ipv4 || !w.ipv6; // one of them there has to be
  return {
    ipcp: ipv4 ? { vj, ...(isServer ? SERVER_IPCP : {}) } : false,
    ipv6cp: w.ipv6 ? {} : false,
    ccp: { mppe, keyBits, stateful } as CcpOptions,
    listen: listen!,
  };
}

function isOver(side: Side): boolean {
  return side.log.at(-1)?.startsWith("ended: ") === true;
}

function segments(world: ReturnType<typeof createPppWorld>, from: Side, count: number): Set<string> {
  const sent = new Set<string>();
  for (let i = 0; i < count; i++) {
    const packet = tcpPacket({
      source: 1,
      destination: 2,
      sourcePort: 3,
      destinationPort: 4,
      sequence: 50 * i,
      ack: 1,
      flags: 0x10,
      window: 1000,
      id: i,
      data: new Uint8Array(50).fill(i),
    });
    sent.add(String([...packet]));
    const p = pbufOf(world.sim.pool, packet);
    if (!from.link.transmit(p)) p.release();
    from.link.flush();
    world.sim.advance(20);
  }
  world.sim.advance(100);
  return sent;
}

Deno.test("property: whatever two sides want, over a line with errors they agree or end with a reason, and data is right", () => {
  let agreed = 0;
  fc.assert(
    fc.property(wishes, wishes, fc.constantFrom(0, 0, 0.0002), (a, b, errorRate) => {
      const world = createPppWorld(
        { ...options(a, false), credentials: { name: "alice", secret: "x" } },
        { ...options(b, true), peerSecrets: () => "x", authMethods: ["mschapv2"] },
        { errorRate },
      );
      world.b.link.start();
      world.a.link.start();
      const isDecided = world.sim.runUntil(
        () => (world.a.isLinkUp && world.b.isLinkUp) || (isOver(world.a) && isOver(world.b)),
        600_000,
      );
      for (const [side, { listen }] of [[world.a, a], [world.b, b]] as const) {
        // Passive and silent sides may wait for ever; an active one knows in the end.
        const isActiveDecided = listen !== "active" || side.isLinkUp || isOver(side);
        assert(isDecided || isActiveDecided, JSON.stringify([world.a.log, world.b.log]));
      }
      if (world.a.isLinkUp && world.b.isLinkUp) {
        agreed++;
        world.sim.advance(40_000); // the other family, or its end
        const needsMppe = a.mppe === "required" || b.mppe === "required";
        if (needsMppe && world.a.isLinkUp) assert(world.a.up!.encryption?.startsWith("MPPE"));
        if (world.a.up!.ipv4 !== undefined && world.a.isLinkUp && errorRate === 0) {
          const sent = segments(world, world.a, 10);
          assertEquals(new Set(world.b.received.map(String)), sent);
        }
      }
      world.a.link.close();
      world.b.link.close();
      assertEquals(world.sim.pool.inUse, 0);
      assertEquals(world.sim.timers.size, 0);
    }),
    { numRuns: 150 },
  );
  assertGreater(agreed, 30);
});
