import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { seededRandom } from "@lightwire/netif";
import { Simulation } from "@lightwire/netif/sim";
import { CP_CODE, type CpOption, emitCpOptions, parseCpOptions, parseCpPacket } from "./cp_packet.ts";
import { Ipv6cp, type Ipv6cpOptions, type Ipv6cpResult } from "./ipv6cp.ts";

const OURS = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1);
const THEIRS = Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 9);
const ZERO = new Uint8Array(8);
const identifier = (data: Uint8Array): CpOption => ({ type: 1, data });

function create(options: Ipv6cpOptions = { interfaceIdentifier: OURS }) {
  const sim = new Simulation({ seed: 1 });
  const sent: Uint8Array[] = [];
  let result: Ipv6cpResult | undefined;
  const ipv6cp = new Ipv6cp(sim.timers, seededRandom(7), {
    ipv6cpSend: (packet) => void sent.push(packet),
    ipv6cpUp: (r) => void (result = r),
    ipv6cpDown: () => void (result = undefined),
    ipv6cpFinished: () => {},
  }, options);
  ipv6cp.protocol.open();
  ipv6cp.protocol.lowerUp();
  const last = () => {
    const packet = parseCpPacket(sent.at(-1)!, 0, sent.at(-1)!.length)!;
    return { ...packet, options: parseCpOptions(packet.data) ?? [] };
  };
  const input = (code: number, id: number, options: CpOption[]) =>
    ipv6cp.protocol.input({ code, id, data: emitCpOptions(options) });
  const ask = (options: CpOption[]) => {
    input(CP_CODE.CONFIGURE_REQUEST, 1, options);
    return last();
  };
  /** Acknowledges what was asked for last. */
  const grant = () => {
    const request = sent.findLast((packet) => packet[0] === CP_CODE.CONFIGURE_REQUEST)!;
    ipv6cp.protocol.input({ code: CP_CODE.CONFIGURE_ACK, id: request[1]!, data: request.slice(4) });
  };
  return { sim, ipv6cp, last, input, ask, grant, result: () => result };
}

Deno.test("Req-Sent: another identifier than ours is fine (RFC 5072 §4.1)", () => {
  const side = create();
  assertEquals(side.ask([identifier(THEIRS)]).code, CP_CODE.CONFIGURE_ACK);
});

Deno.test("Req-Sent: zero, and our own, get a Nak with a fresh one that is not globally unique (RFC 5072 §4.1)", () => {
  for (const bad of [ZERO, OURS]) {
    const { code, options } = create().ask([identifier(bad)]);
    assertEquals(code, CP_CODE.CONFIGURE_NAK);
    const { data } = options[0]!;
    assertNotEquals(data, ZERO);
    assertNotEquals(data, OURS);
    assertEquals(data[0]! & 2, 0);
  }
});

Deno.test("Req-Sent: a request without identifier gets one suggested (RFC 5072 §4.1)", () => {
  const { code, options } = create().ask([]);
  assertEquals([code, options[0]!.type, options[0]!.data.length], [CP_CODE.CONFIGURE_NAK, 1, 8]);
});

Deno.test("Req-Sent: header compression and identifiers of a wrong length are rejected (RFC 5072 §4)", () => {
  assertEquals(create().ask([{ type: 2, data: Uint8Array.of(0, 0x4f) }]).code, CP_CODE.CONFIGURE_REJECT);
  assertEquals(create().ask([identifier(new Uint8Array(7))]).code, CP_CODE.CONFIGURE_REJECT);
});

Deno.test("Req-Sent: the peer's suggestion is taken, but not our own come back (RFC 5072 §4.1)", () => {
  const side = create();
  side.input(CP_CODE.CONFIGURE_NAK, side.last().id, [identifier(THEIRS)]);
  assertEquals(side.last().options[0]!.data, THEIRS);
  const request = side.last().id;
  const suggestion = side.ask([identifier(THEIRS)]).options[0]!.data;
  side.input(CP_CODE.CONFIGURE_NAK, request, [identifier(suggestion)]);
  const next = side.last().options[0]!.data;
  assertNotEquals(next, suggestion);
  assertNotEquals(next, THEIRS);
});

Deno.test("Opened: a peer that knows no identifiers is up with an unknown address (RFC 5072 §4.1)", () => {
  const side = create();
  side.input(CP_CODE.CONFIGURE_REJECT, side.last().id, [identifier(OURS)]);
  assertEquals(side.last().options, []);
  side.input(CP_CODE.CONFIGURE_ACK, side.last().id, []);
  for (let i = 0; i < 6; i++) side.ask([]); // it never learns
  assertEquals(String(side.result()!.localAddress), "fe80::1");
  assertEquals(String(side.result()!.peerAddress), "::");
  assertEquals(side.result()!.peerIdentifier, ZERO);
});

Deno.test("Initial: an identifier of zeros, or of a wrong length, is a mistake", () => {
  assertThrows(() => create({ interfaceIdentifier: ZERO }), RangeError);
  assertThrows(() => create({ interfaceIdentifier: new Uint8Array(6).fill(1) }), RangeError);
});

Deno.test("Opened: a new request is judged by the identifier that we shall ask for again (RFC 5072 §4.1)", () => {
  const side = create();
  side.input(CP_CODE.CONFIGURE_NAK, side.last().id, [identifier(THEIRS)]); // now we have that one
  assertEquals(side.ask([identifier(OURS)]).code, CP_CODE.CONFIGURE_ACK);
  side.grant();
  assertNotEquals(side.result(), undefined);
  assertEquals(side.ask([identifier(OURS)]).code, CP_CODE.CONFIGURE_NAK); // we begin anew with ours
});

Deno.test("property: random identifiers are never zero and never say globally unique", () => {
  fc.assert(fc.property(fc.integer(), (seed) => {
    const sim = new Simulation({ seed });
    let data = ZERO;
    const ipv6cp = new Ipv6cp(sim.timers, sim.random("ipv6cp"), {
      ipv6cpSend: (packet) => void (data = packet.slice(6, 14)),
      ipv6cpUp: () => {},
      ipv6cpDown: () => {},
      ipv6cpFinished: () => {},
    });
    ipv6cp.protocol.open();
    ipv6cp.protocol.lowerUp();
    assertNotEquals(data, ZERO);
    assertEquals([data.length, data[0]! & 2], [8, 0]);
  }));
});

Deno.test("property: whatever the peer sends, IPV6CP answers or drops, and addresses differ", () => {
  const packet = fc.record({
    code: fc.constantFrom(0, 0, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 9),
    id: fc.integer({ min: 0, max: 4 }),
    data: fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      fc.constantFrom(OURS, THEIRS, ZERO).map((data) => emitCpOptions([identifier(data)])),
    ),
  });
  let ups = 0;
  fc.assert(
    fc.property(fc.array(packet, { minLength: 20, maxLength: 60 }), (packets) => {
      const side = create();
      for (const { code, id, data } of packets) {
        if (code === 0) side.grant();
        else side.ipv6cp.protocol.input({ code, id, data });
        const result = side.result();
        if (result === undefined) continue;
        ups++;
        assert(!result.localAddress.equals(result.peerAddress));
      }
    }),
    { numRuns: 200 },
  );
  assert(ups > 5, `${ups}`);
});
