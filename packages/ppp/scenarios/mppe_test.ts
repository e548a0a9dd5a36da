import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { Ccp, CCP_CODE, type CcpOptions, MPPE_BIT } from "../ccp.ts";
import {
  CP_CODE,
  emitCpOptions,
  emitCpPacket,
  numberOption,
  parseCpOptions,
  parseCpPacket,
} from "../cp_packet.ts";
import type { PppSessionOptions } from "../ppp_session.ts";
import { createPppWorld, type Side } from "../testdata/ppp_world.ts";

type World = ReturnType<typeof createPppWorld>;

const ALICE = { name: "alice", secret: "wonderland" };

function createWorld(a: CcpOptions, b: CcpOptions, more: Partial<PppSessionOptions> = {}): World {
  return createPppWorld({ credentials: ALICE, ccp: a, ...more }, {
    ipcp: {
      localAddress: parseIpAddressOrThrow("10.0.0.1"),
      peerAddress: parseIpAddressOrThrow("10.0.0.2"),
      isPeerAddressFixed: true,
    },
    peerSecrets: (name) => name === "alice" ? "wonderland" : undefined,
    authMethods: ["mschapv2"],
    ccp: b,
    ...more,
  });
}

function dial(world: World, limitMs = 60_000): boolean {
  world.b.link.start();
  world.a.link.start();
  return world.sim.runUntil(() => world.a.isLinkUp && world.b.isLinkUp, limitMs);
}

function end(world: World): void {
  world.a.link.close();
  world.b.link.close();
  assertEquals(world.sim.pool.inUse, 0);
}

/** Sends packets with a mark of their own from side to side; returns how many of them arrived whole. */
function exchange(world: World, count: number): number {
  const before = world.a.received.length + world.b.received.length;
  for (let i = 0; i < count; i++) {
    world.send(i & 1 ? world.a : world.b, 60 + (i % 50), 17 + (i % 200));
    world.sim.advance(20);
  }
  world.sim.advance(100);
  for (const packet of [...world.a.received, ...world.b.received]) {
    assert(packet[0] === 0x45 && packet.slice(2).every((octet) => octet === packet[1]), "garbled packet");
  }
  return world.a.received.length + world.b.received.length - before;
}

/** Loses what one side sends for a while. */
function lose(world: World, side: Side, count: number): void {
  side.port.isCut = true;
  for (let i = 0; i < count; i++) {
    world.send(side, 60, 1);
    world.sim.advance(20);
  }
  side.port.isCut = false;
}

for (const method of ["mschap", "mschapv2"] as const) {
  for (const keyBits of [128, 40] as const) {
    for (const stateful of [false, true]) {
      const text = `MPPE ${keyBits}-bit, ${stateful ? "stateful" : "stateless"}`;
      Deno.test(`Network: ${text} by ${method}: packets pass, and again after losses (RFC 3078 §8)`, () => {
        const ccp: CcpOptions = { mppe: "required", keyBits: [keyBits], stateful };
        const world = createWorld(ccp, ccp, { authMethods: [method] });
        assert(dial(world));
        for (const { up } of [world.a, world.b]) assertEquals([up!.encryption, up!.mtu], [text, 1496]);
        assertEquals(exchange(world, 600), 600);
        for (const count of [1, 5, 300]) {
          lose(world, world.a, count);
          lose(world, world.b, count);
          // Stateful: the first packet behind a gap is the price.
          assertGreater(exchange(world, 20), stateful ? 13 : 19);
          assertEquals(exchange(world, 20), 20);
        }
        const { counters } = world.a.link.session.codec;
        assertEquals([counters.garbled, counters.clearText, counters.notEncrypted], [0, 0, 0]);
        assertEquals(counters.undecipherable > 0, stateful);
        end(world);
      });
    }
  }
}

Deno.test("Network: of several lengths of key the strongest that both want (RFC 3078 §2.1)", () => {
  const world = createWorld({ mppe: "required" }, { mppe: "required", keyBits: [40] });
  assert(dial(world));
  assertEquals(world.a.up!.encryption, "MPPE 40-bit, stateless");
  end(world);
  const strong = createWorld({ mppe: "required" }, { mppe: "required" });
  assert(dial(strong));
  assertEquals(strong.b.up!.encryption, "MPPE 128-bit, stateless");
  end(strong);
});

Deno.test("Network: one side would keep keys, the other does not: none is kept (RFC 3078 §2.1)", () => {
  const world = createWorld({ mppe: "required", stateful: true }, { mppe: "required" });
  assert(dial(world));
  assertEquals(world.a.up!.encryption, "MPPE 128-bit, stateless");
  assertEquals(world.b.up!.encryption, "MPPE 128-bit, stateless");
  assertEquals(exchange(world, 10), 10);
  end(world);
});

Deno.test("Network: encryption that one side allows and the other requires happens (RFC 3078 §2)", () => {
  const world = createWorld({ mppe: "allowed" }, { mppe: "required" });
  assert(dial(world, 2000), "without waiting for a timeout");
  assertEquals(world.a.up!.encryption, "MPPE 128-bit, stateless");
  assertEquals(exchange(world, 10), 10);
  end(world);
});

Deno.test("Network: encryption that one side allows and the other has not goes in the clear (RFC 3078 §2)", () => {
  const world = createWorld({ mppe: "allowed" }, {});
  assert(dial(world, 2000));
  assertEquals([world.a.up!.encryption, world.a.up!.mtu], [undefined, 1500]);
  assertEquals(exchange(world, 10), 10);
  end(world);
});

Deno.test("Network: encryption that is required of a peer without it ends the session (RFC 3078 §2)", () => {
  const world = createWorld({ mppe: "required" }, {});
  assert(!dial(world, 20_000));
  assertEquals(world.a.log.at(-1), "ended: mppe-required (CCP: rejected-by-peer)");
  assertEquals(world.a.log.includes("up"), false);
  assertEquals(world.sim.timers.size, 0);
});

Deno.test("Network: lengths of key without one in common end the session (RFC 3078 §2.1)", () => {
  const world = createWorld({ mppe: "required", keyBits: [128] }, { mppe: "required", keyBits: [40] });
  assert(!dial(world, 60_000));
  assert(world.a.log.at(-1)!.startsWith("ended: mppe-required"), world.a.log.at(-1));
});

Deno.test("Network: encryption without MS-CHAP has no keys, which is said (RFC 3079 §1)", () => {
  const ccp: CcpOptions = { mppe: "required" };
  const world = createWorld(ccp, ccp, { authMethods: ["chap-md5"] });
  assert(!dial(world, 20_000));
  const ends = [world.a.log.at(-1), world.b.log.at(-1)];
  assert(
    ends.some((line) => line!.startsWith("ended: mppe-required (the authentication gives no keys")),
    ends.join(),
  );
});

Deno.test("Network: what comes in the clear although it must not is dropped and counted (RFC 3078 §3)", () => {
  const ccp: CcpOptions = { mppe: "required" };
  const world = createWorld(ccp, ccp);
  assert(dial(world));
  world.b.link.session.codec.setMppe(false); // a peer that forgets itself
  world.send(world.b, 60, 9);
  world.sim.advance(100);
  assertEquals(world.a.received, []);
  assertEquals(world.a.link.session.codec.counters.clearText, 1);
  end(world);
});

Deno.test("Network: a peer that sends nonsense under MPPE is given up (RFC 3078 §3)", () => {
  const ccp: CcpOptions = { mppe: "required" };
  const world = createWorld(ccp, ccp);
  assert(dial(world));
  const nonsense = Uint8Array.of(0, 0, 1, 2, 3);
  // As it comes from the line: protocol 00fd.
  const input = (bytes: Uint8Array) => {
    const p = world.sim.pool.acquire(bytes.length)!;
    p.bytes.set(bytes, p.start);
    assert(!world.a.link.session.codec.input(0xfd, p));
    p.release();
  };
  for (let i = 0; i < 16; i++) input(nonsense);
  world.sim.advance(5000);
  assertEquals(world.a.log.at(-1), "ended: mppe-required (encrypted packets make no sense)");
  end(world);
});

/** CCP with a peer made by hand. */
function lone(options: CcpOptions) {
  const world = createPppWorld({}, {});
  const sent: Uint8Array[] = [];
  const told: string[] = [];
  const ccp = new Ccp(world.sim.timers, {
    ccpSend: (packet) => void sent.push(packet),
    ccpUp: ({ inbound, outbound }) => void told.push(`up ${inbound.keyBits} ${outbound.keyBits}`),
    ccpDown: () => void told.push("down"),
    ccpFinished: (why) => void told.push(why),
    resetRequested: () => void told.push("reset"),
  }, options);
  ccp.protocol.open();
  ccp.protocol.lowerUp();
  const input = (code: number, id: number, data: Uint8Array) => ccp.protocol.input({ code, id, data });
  const answer = () => {
    const packet = parseCpPacket(sent.at(-1)!, 0, sent.at(-1)!.length)!;
    return { ...packet, options: parseCpOptions(packet.data) ?? [] };
  };
  return { ccp, sent, told, input, answer };
}

Deno.test("Req-Sent: Deflate, BSD-Compress, Predictor, Stac and MPPC are rejected (RFC 1962 §4)", () => {
  const { input, answer } = lone({ mppe: "required" });
  const options = [26, 21, 1, 2, 17].map((type) => ({ type, data: Uint8Array.of(0x78, 0) }));
  input(CP_CODE.CONFIGURE_REQUEST, 9, emitCpOptions(options));
  assertEquals(answer().code, CP_CODE.CONFIGURE_REJECT);
  assertEquals(answer().options.map(({ type }) => type), [26, 21, 1, 2, 17]);
});

Deno.test("Req-Sent: bits of 56, obsolete and compressing MPPE get a Nak without them (RFC 3078 §2.1)", () => {
  const { input, answer } = lone({ mppe: "required" });
  const ask = (bits: number) => {
    input(CP_CODE.CONFIGURE_REQUEST, 1, emitCpOptions([numberOption(18, bits, 4)]));
    return [answer().code, answer().options[0]?.data.join()];
  };
  const good = (MPPE_BIT.STATELESS | MPPE_BIT.BITS_128) >>> 0;
  const wanted = numberOption(18, good, 4).data.join();
  assertEquals(ask(good | MPPE_BIT.BITS_56 | MPPE_BIT.BITS_40 | MPPE_BIT.COMPRESSION), [3, wanted]);
  assertEquals(ask(good | MPPE_BIT.OBSOLETE), [3, wanted]);
  assertEquals(ask(MPPE_BIT.BITS_128), [3, wanted]); // it would keep keys
  assertEquals(ask(good), [2, wanted]);
});

Deno.test("Opened: a Reset-Request is told and acknowledged; before that it is not (RFC 1962 §3)", () => {
  const { ccp, input, answer, told, sent } = lone({ mppe: "required" });
  input(CCP_CODE.RESET_REQUEST, 7, new Uint8Array(0));
  assertEquals(told, []);
  const request = numberOption(18, MPPE_BIT.STATELESS | MPPE_BIT.BITS_128, 4);
  const first = parseCpPacket(sent[0]!, 0, sent[0]!.length)!;
  input(CP_CODE.CONFIGURE_NAK, first.id, emitCpOptions([request]));
  input(CP_CODE.CONFIGURE_ACK, answer().id, answer().data);
  input(CP_CODE.CONFIGURE_REQUEST, 1, emitCpOptions([request]));
  assertEquals(told, ["up 128 128"]);
  input(CCP_CODE.RESET_REQUEST, 8, Uint8Array.of(5));
  assertEquals(told.at(-1), "reset");
  assertEquals(sent.at(-1), emitCpPacket(CCP_CODE.RESET_ACK, 8, Uint8Array.of(5)));
  ccp.requestReset();
  assertEquals(answer().code, CCP_CODE.RESET_REQUEST);
  input(CCP_CODE.RESET_ACK, 8, new Uint8Array(0));
  assertEquals(answer().code, CCP_CODE.RESET_REQUEST, "no Code-Reject");
});

Deno.test("property: whatever the peer sends, CCP answers or drops, and is up with one length each way", () => {
  const packet = fc.record({
    code: fc.constantFrom(0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 14, 15, 200),
    id: fc.integer({ min: 0, max: 4 }),
    data: fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom(0x40, 0x01000040, 0x01000060, 0x01000020, 0, 0x010000f1).map((bits) =>
        emitCpOptions([numberOption(18, bits, 4)])
      ),
    ),
  });
  let ups = 0;
  fc.assert(
    fc.property(fc.array(packet, { minLength: 20, maxLength: 60 }), fc.boolean(), (packets, stateful) => {
      const side = lone({ mppe: "required", stateful });
      for (const { code, id, data } of packets) {
        const request = side.sent.findLast(([first]) => first === CP_CODE.CONFIGURE_REQUEST)!;
        if (code === 0) side.input(CP_CODE.CONFIGURE_ACK, request[1]!, request.slice(4));
        else side.input(code, id, data);
      }
      for (const line of side.told) {
        if (!line.startsWith("up")) continue;
        ups++;
        assert(["up 128 128", "up 40 128", "up 128 40", "up 40 40"].includes(line), line);
      }
    }),
    { numRuns: 300 },
  );
  assertGreater(ups, 5);
});

Deno.test("Initial: no length of key at all is a mistake", () => {
  assertThrows(() => lone({ keyBits: [] }), RangeError);
});
