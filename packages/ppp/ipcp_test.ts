import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Simulation } from "@lightwire/netif/sim";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import {
  CP_CODE,
  type CpOption,
  emitCpOptions,
  numberOption,
  optionNumber,
  parseCpOptions,
  parseCpPacket,
} from "./cp_packet.ts";
import { Ipcp, IPCP_OPTION, type IpcpOptions, type IpcpResult, UNKNOWN_PEER_ADDRESS } from "./ipcp.ts";

const address = parseIpAddressOrThrow;
const bits = (text: string) => address(text).w3;
const { REQUEST, ACK, NAK, REJECT } = {
  REQUEST: CP_CODE.CONFIGURE_REQUEST,
  ACK: CP_CODE.CONFIGURE_ACK,
  NAK: CP_CODE.CONFIGURE_NAK,
  REJECT: CP_CODE.CONFIGURE_REJECT,
};

/** IPCP in Req-Sent, with a peer made by hand. */
function create(options: IpcpOptions = {}) {
  const sim = new Simulation({ seed: 1 });
  const sent: Uint8Array[] = [];
  const ends: string[] = [];
  let result: IpcpResult | undefined;
  const ipcp = new Ipcp(sim.timers, {
    ipcpSend: (packet) => void sent.push(packet),
    ipcpUp: (r) => void (result = r),
    ipcpDown: () => void (result = undefined),
    ipcpFinished: (end) => void ends.push(end),
  }, options);
  ipcp.start("");
  const last = () => {
    const packet = parseCpPacket(sent.at(-1)!, 0, sent.at(-1)!.length)!;
    return { ...packet, options: parseCpOptions(packet.data) ?? [] };
  };
  return {
    sim,
    ipcp,
    sent,
    ends,
    last,
    result: () => result,
    input: (code: number, id: number, options: CpOption[]) =>
      ipcp.protocol.input({ code, id, data: emitCpOptions(options) }),
    /** What the side answers to a request with these options. */
    ask(options: CpOption[]): { code: number; options: CpOption[] } {
      this.input(REQUEST, 1, options);
      return last();
    },
    /** Acknowledges what was asked for last. */
    grant(): void {
      const request = sent.findLast((packet) => packet[0] === REQUEST)!;
      ipcp.protocol.input({ code: ACK, id: request[1]!, data: request.slice(4) });
    },
  };
}

const addressOption = (text: string) => numberOption(IPCP_OPTION.ADDRESS, bits(text), 4);
const vj = (...data: number[]): CpOption => ({ type: IPCP_OPTION.COMPRESSION, data: Uint8Array.from(data) });

Deno.test("Req-Sent: a peer without an address gets the one for it, or 10.64.64.64 (RFC 1332 §3.3)", () => {
  const given = create({ peerAddress: address("10.1.2.3") }).ask([addressOption("0.0.0.0")]);
  assertEquals([given.code, optionNumber(given.options[0]!)], [NAK, bits("10.1.2.3")]);
  const unknown = create().ask([addressOption("0.0.0.0")]);
  assertEquals([unknown.code, optionNumber(unknown.options[0]!)], [NAK, UNKNOWN_PEER_ADDRESS.w3]);
});

Deno.test("Req-Sent: a peer on loop-back, a multicast group, class E or this network is refused (RFC 1122 §3.2.1.3)", () => {
  for (const bad of ["127.0.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "0.0.0.1"]) {
    assertEquals(create().ask([addressOption(bad)]).code, NAK, bad);
  }
  for (const good of ["10.0.0.1", "192.168.1.1", "223.255.255.1", "100.64.0.1"]) {
    assertEquals(create().ask([addressOption(good)]).code, ACK, good);
  }
});

Deno.test("Req-Sent: a peer whose address is fixed may not choose, nor say nothing (RFC 1332 §3.3)", () => {
  const options = { peerAddress: address("10.0.0.2"), isPeerAddressFixed: true };
  assertEquals(create(options).ask([addressOption("10.0.0.3")]).code, NAK);
  assertEquals(create(options).ask([addressOption("10.0.0.2")]).code, ACK);
  const silent = create(options).ask([]);
  assertEquals([silent.code, optionNumber(silent.options[0]!)], [NAK, bits("10.0.0.2")]);
});

Deno.test("Req-Sent: the obsolete option for both addresses is understood (RFC 1332 §3.1)", () => {
  const both = (his: string, ours: string): CpOption => {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setUint32(0, bits(his));
    new DataView(data.buffer).setUint32(4, bits(ours));
    return { type: IPCP_OPTION.ADDRESSES, data };
  };
  const side = create({ requestsDns: false, vj: false });
  assertEquals(side.ask([both("10.0.0.9", "10.0.0.8")]).code, ACK);
  side.sim.advance(3000); // our next request names what the peer believes
  assertEquals(optionNumber(side.last().options[0]!), bits("10.0.0.8"));
  side.input(ACK, side.last().id, side.last().options);
  assertEquals(side.result()!.peerAddress, address("10.0.0.9"));
  assertEquals(side.result()!.localAddress, address("10.0.0.8"));

  const configured = create({ localAddress: address("10.0.0.1"), peerAddress: address("10.0.0.2") });
  const nak = configured.ask([both("0.0.0.0", "10.0.0.8")]);
  assertEquals([nak.code, nak.options], [NAK, [both("10.0.0.2", "10.0.0.1")]]);
  assertEquals(configured.ask([{ type: IPCP_OPTION.ADDRESSES, data: new Uint8Array(7) }]).code, REJECT);
});

Deno.test("Req-Sent: header compression: what is right, what gets a Nak, what is rejected (RFC 1332 §4.1)", () => {
  assertEquals(create().ask([vj(0, 0x2d, 15, 1)]).code, ACK);
  assertEquals(create().ask([vj(0, 0x2d, 255, 0)]).code, ACK);
  const old = create().ask([vj(0, 0x2d)]); // before RFC 1332
  assertEquals([old.code, old.options], [NAK, [vj(0, 0x2d, 15, 1)]]);
  assertEquals(create().ask([vj(0, 0x2d, 15, 7)]).code, NAK);
  assertEquals(create().ask([vj(0, 0x61, 15, 1)]).code, REJECT); // RFC 2509
  assertEquals(create({ vj: false }).ask([vj(0, 0x2d, 15, 1)]).code, REJECT);
});

Deno.test("Ack-Sent: a Nak for header compression is followed if it asks for less (RFC 1332 §4.1)", () => {
  const side = create({ requestsDns: false });
  const { id, options } = side.last();
  assertEquals(options[1], vj(0, 0x2d, 15, 1));
  side.input(NAK, id, [vj(0, 0x2d, 3, 0)]);
  assertEquals(side.last().options[1], vj(0, 0x2d, 3, 0));
  side.input(NAK, side.last().id, [vj(0, 0x2d, 99, 1), addressOption("10.0.0.7")]);
  assertEquals(side.last().options[1], vj(0, 0x2d, 3, 0));
  side.input(NAK, side.last().id, [vj(0, 0x61)]);
  assertEquals(side.last().options, [addressOption("10.0.0.7")]);
  side.ask([addressOption("10.0.0.9")]);
  side.sim.advance(3000);
  side.grant();
  assertEquals([side.result()!.vjInbound, side.result()!.vjOutbound], [undefined, undefined]);
});

Deno.test("Opened: each direction has its own slots (RFC 1332 §4.1)", () => {
  const side = create({ localAddress: address("10.0.0.1"), requestsDns: false, vj: { slots: 8 } });
  side.grant();
  side.ask([addressOption("10.0.0.2"), vj(0, 0x2d, 3, 0)]);
  assertEquals(side.result()!.vjInbound, { slots: 8, mayOmitSlot: true });
  assertEquals(side.result()!.vjOutbound, { slots: 4, mayOmitSlot: false });
});

Deno.test("Req-Sent: name servers by Nak, and a Reject takes back the question (RFC 1877 §1.1)", () => {
  const side = create({ localAddress: address("10.0.0.1"), requestsNbns: true, vj: false });
  assertEquals(side.last().options.map(({ type }) => type), [3, 129, 131, 130, 132]);
  side.input(
    REJECT,
    side.last().id,
    [IPCP_OPTION.NBNS1, IPCP_OPTION.NBNS2].map((t) => numberOption(t, 0, 4)),
  );
  side.input(NAK, side.last().id, [
    numberOption(IPCP_OPTION.DNS1, bits("9.9.9.9"), 4),
    numberOption(IPCP_OPTION.DNS2, bits("9.9.9.9"), 4),
  ]);
  side.grant();
  side.ask([addressOption("10.0.0.2")]);
  assertEquals(side.result()!.dnsServers.map(String), ["9.9.9.9"]);
  assertEquals(side.result()!.nbnsServers, []);
});

Deno.test("Req-Sent: a server hands out its name servers, and rejects questions for what it has not (RFC 1877 §1.1)", () => {
  const side = create({ dnsServers: [address("10.0.0.53")] });
  const nak = side.ask([numberOption(IPCP_OPTION.DNS1, 0, 4), numberOption(IPCP_OPTION.DNS2, 0, 4)]);
  assertEquals([nak.code, nak.options.map(optionNumber)], [NAK, [bits("10.0.0.53"), bits("10.0.0.53")]]);
  assertEquals(side.ask([numberOption(IPCP_OPTION.NBNS1, 0, 4)]).code, REJECT);
});

Deno.test("Req-Sent: a peer that acknowledges 0.0.0.0, or rejects the question, leaves us without address (RFC 1332 §3.3)", () => {
  const acknowledged = create();
  acknowledged.grant();
  acknowledged.sim.advance(10_000);
  assertEquals(acknowledged.ends, ["no-address"]);
  const rejected = create();
  rejected.input(REJECT, rejected.last().id, [addressOption("0.0.0.0")]);
  rejected.sim.advance(10_000);
  assertEquals(rejected.ends, ["no-address"]);
});

Deno.test("Req-Sent: a configured address is not given up to a Nak (RFC 1332 §3.3)", () => {
  const side = create({ localAddress: address("10.0.0.1"), requestsDns: false });
  side.input(NAK, side.last().id, [addressOption("10.9.9.9")]);
  assertEquals(optionNumber(side.last().options[0]!), bits("10.0.0.1"));
});

Deno.test("Initial: slots of header compression are 1 to 256", () => {
  assertThrows(() => create({ vj: { slots: 257 } }), RangeError);
  assertThrows(() => create({ vj: { slots: 0 } }), RangeError);
});

Deno.test("property: whatever the peer sends, IPCP answers or drops, and a result has addresses of hosts", () => {
  const packet = fc.record({
    code: fc.integer({ min: 0, max: 15 }),
    id: fc.integer({ min: 0, max: 4 }),
    data: fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.array(fc.tuple(fc.constantFrom(1, 2, 3, 129, 130), fc.uint8Array({ maxLength: 9 })), {
        maxLength: 4,
      })
        .map((list) => emitCpOptions(list.map(([type, data]) => ({ type, data })))),
    ),
  });
  fc.assert(fc.property(fc.array(packet, { maxLength: 40 }), fc.boolean(), (packets, isServer) => {
    const side = create(
      isServer ? { localAddress: address("10.0.0.1"), peerAddress: address("10.0.0.2") } : {},
    );
    for (const { code, id, data } of packets) {
      if (code === 0) side.grant();
      else side.ipcp.protocol.input({ code, id, data });
      const result = side.result();
      if (result === undefined) continue;
      assert(!result.localAddress.isUnspecified && !result.localAddress.isMulticast);
      assert(!result.peerAddress.isUnspecified && !result.peerAddress.isLoopback);
    }
    side.ipcp.stop();
    side.sim.advance(60_000);
    assertEquals(side.sim.timers.size, 0);
  }));
});
