import { assert, assertEquals } from "@std/assert";
import { type IpAddress, ipv4 } from "@lightwire/ip";
import { ACK, PSH, SYN } from "../control_bits.ts";
import { forwardRoute } from "../source_route.ts";
import { LOCAL_ADDRESS, PacketHarness, PEER_ADDRESS } from "../harness/packet_harness.ts";
import { encodePacket } from "../harness/wire.ts";

const HOP_1 = ipv4(0xc0000215); // 192.0.2.21
const HOP_2 = ipv4(0xc0000216);
const OTHER_HOP = ipv4(0xc0000217);

function octets(...addresses: IpAddress[]): number[] {
  return addresses.flatMap((a) => [a.w3 >>> 24, (a.w3 >>> 16) & 255, (a.w3 >>> 8) & 255, a.w3 & 255]);
}

/** A loose source route that has been followed to its end: the pointer is beyond it. */
function completed(...hops: IpAddress[]): number[] {
  const length = 3 + hops.length * 4;
  return [1, 131, length, length + 1, ...octets(...hops)];
}

interface Sent {
  readonly destination: number;
  readonly options: number[];
  readonly ctl: number;
  readonly seq: number;
  /** Whether the TCP checksum is right with the peer as destination of the pseudo header. */
  readonly isSummed: boolean;
}

function take(h: PacketHarness): Sent {
  const { bytes } = h.takePacket()!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerLength = (bytes[0]! & 15) * 4;
  let sum = 6 + bytes.length - headerLength;
  const add = (from: number, to: number): void => {
    for (let i = from; i < to; i += 2) {
      sum += view.getUint8(i) * 256 + (i + 1 < to ? view.getUint8(i + 1) : 0);
    }
  };
  add(12, 16);
  sum += (PEER_ADDRESS.w3 >>> 16) + (PEER_ADDRESS.w3 & 0xffff);
  add(headerLength, bytes.length);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return {
    destination: view.getUint32(16),
    options: [...bytes.subarray(20, headerLength)],
    ctl: view.getUint8(headerLength + 13),
    seq: view.getUint32(headerLength + 4),
    isSummed: sum === 0xffff,
  };
}

function segment(ctl: number, seq: number, ack: number, ipOptions: number[], text = ""): Uint8Array {
  return encodePacket({
    source: PEER_ADDRESS,
    destination: LOCAL_ADDRESS,
    sourcePort: 50000,
    destinationPort: 8080,
    seq,
    ack,
    ctl,
    wnd: 65535,
    up: 0,
    options: [],
    ipOptions,
    text: new TextEncoder().encode(text),
  });
}

const BACK = [1, 131, 11, 4, ...octets(HOP_1, PEER_ADDRESS)];

Deno.test("[MUST-53] LISTEN: a connection whose SYN came by a source route answers along the way back, always (RFC 9293 §3.9.2.1)", () => {
  const h = new PacketHarness({ ip: { sourceRoute: "accept-final" } });
  h.tcp.listen({ port: 8080 }, (connection) => ({
    readable() {
      connection.read(new Uint8Array(100));
      connection.send(new TextEncoder().encode("answer"));
    },
  }));
  h.inject(segment(SYN, 100, 0, completed(HOP_1, HOP_2)));
  const synAck = take(h);
  assertEquals([synAck.ctl, synAck.destination, synAck.options], [SYN | ACK, HOP_2.w3, BACK]);
  assert(synAck.isSummed);
  h.inject(segment(ACK, 101, synAck.seq + 1, []));
  h.inject(segment(ACK | PSH, 101, synAck.seq + 1, [], "question"));
  const answer = take(h);
  assertEquals([answer.destination, answer.options, answer.isSummed], [HOP_2.w3, BACK, true]);
});

Deno.test("[SHLD-24] ESTABLISHED: a later source route replaces the former one (RFC 9293 §3.9.2.1)", () => {
  const h = new PacketHarness({ ip: { sourceRoute: "accept-final" } });
  h.tcp.listen({ port: 8080 }, (connection) => ({
    readable: () => void connection.read(new Uint8Array(100)),
  }));
  h.inject(segment(SYN, 100, 0, completed(HOP_1, HOP_2)));
  const { seq } = take(h);
  h.inject(segment(ACK, 101, seq + 1, []));
  h.inject(segment(ACK | PSH, 101, seq + 1, completed(OTHER_HOP), "question"));
  while (h.nextTimerMs < 1000 && h.link.sent.length === 0) h.step(1000);
  const ack = take(h);
  assertEquals([ack.destination, ack.options], [OTHER_HOP.w3, [1, 131, 7, 4, ...octets(PEER_ADDRESS)]]);
});

Deno.test("[MUST-51] [MUST-52] CLOSED: an active OPEN's source route is used, and what a packet brings does not change it (RFC 9293 §3.9.2.1)", () => {
  const h = new PacketHarness({ ip: { sourceRoute: "accept-final" } });
  const ipOptions = Uint8Array.from([1, 131, 11, 4, ...octets(HOP_1, HOP_2)]);
  h.tcp.connect({ remoteAddress: PEER_ADDRESS, remotePort: 50000, localPort: 8080, ipOptions }, {});
  h.settle();
  const forward = [1, 131, 11, 4, ...octets(HOP_2, PEER_ADDRESS)];
  const syn = take(h);
  assertEquals([syn.ctl, syn.destination, syn.options, syn.isSummed], [SYN, HOP_1.w3, forward, true]);
  h.inject(segment(SYN | ACK, 500, syn.seq + 1, completed(OTHER_HOP)));
  const ack = take(h);
  assertEquals([ack.ctl, ack.destination, ack.options], [ACK, HOP_1.w3, forward]);
});

Deno.test("LISTEN: source-routed packets are refused unless that is switched on (RFC 7126 §4.3)", () => {
  const h = new PacketHarness();
  h.tcp.listen({ port: 8080 }, () => ({}));
  h.inject(segment(SYN, 100, 0, completed(HOP_1)));
  assertEquals(h.takePacket(), undefined);
});

Deno.test("forwardRoute() finds a route among other options, and refuses what is none", () => {
  const route = forwardRoute(Uint8Array.from([148, 4, 0, 0, 1, 137, 7, 4, ...octets(HOP_1)]), PEER_ADDRESS)!;
  assertEquals(route.firstHop.w3, HOP_1.w3);
  assertEquals([...route.options], [148, 4, 0, 0, 1, 137, 7, 4, ...octets(PEER_ADDRESS)]);
  for (const bad of [[148, 4, 0, 0], [131, 3, 4, 0], [131, 40, 4, 0], []]) {
    assertEquals(forwardRoute(Uint8Array.from(bad), PEER_ADDRESS), undefined);
  }
});
