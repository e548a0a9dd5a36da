/** The MD5 signature of each kind of segment (RFC 2385), computed here once more, with somebody else's MD5. */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import type { LinkCapabilities } from "@lightwire/netif";
import { ipv4, prefixOf } from "@lightwire/ip";
import { encodePacket, type PacketFields } from "../harness/wire.ts";
import {
  LOCAL_ADDRESS,
  PacketHarness,
  type PacketHarnessOptions,
  PEER_ADDRESS,
} from "../harness/packet_harness.ts";

import type { TcpConnection } from "../connection.ts";

const KEY = new TextEncoder().encode("a secret of 24 characters");
const PORT = 179;
const GSO: LinkCapabilities = { txChecksum: true, rxChecksum: false, gsoMaxBytes: 65536, gro: false };
const PEER_PORT = 50_000;
const accepted: TcpConnection[] = [];

/** RFC 2385 §2.0. */
function digestOf(packet: Uint8Array, key: Uint8Array): string {
  const tcp = packet.slice(20);
  const textAt = (tcp[12]! >> 4) * 4;
  tcp.fill(0, 16, 18);
  return createHash("md5").update(packet.subarray(12, 20)).update(
    Uint8Array.of(0, 6, tcp.length >> 8, tcp.length & 255),
  ).update(tcp.subarray(0, 20)).update(tcp.subarray(textAt)).update(key).digest("hex");
}

/** A segment of the peer's, signed. */
function signed(fields: Partial<PacketFields>, key: Uint8Array = KEY): Uint8Array {
  const options = [1, 1, 19, 18, ...new Array<number>(16).fill(0)];
  const all = {
    source: PEER_ADDRESS,
    destination: LOCAL_ADDRESS,
    sourcePort: PEER_PORT,
    destinationPort: PORT,
    seq: 1000,
    ctl: 0x02,
    ...fields,
    options,
  };
  options.splice(4, 16, ...Buffer.from(digestOf(encodePacket(all), key), "hex"));
  return encodePacket(all);
}

/** The next packet of ours, whose signature must be right. */
function expectSigned(harness: PacketHarness): { seq: number; ctl: number; length: number } {
  const { bytes } = harness.takePacket()!;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const textAt = 20 + (bytes[32]! >> 4) * 4;
  assertEquals([...bytes.subarray(textAt - 20, textAt - 16)], [1, 1, 19, 18]);
  const digest = Buffer.from(bytes.subarray(textAt - 16, textAt)).toString("hex");
  assertEquals(digest, digestOf(bytes, KEY));
  return { seq: view.getUint32(24), ctl: bytes[33]!, length: bytes.length - textAt };
}

function serve(options: PacketHarnessOptions = {}): PacketHarness {
  const harness = new PacketHarness(options);
  harness.tcp.keys.addMd5({ remote: prefixOf(PEER_ADDRESS, 32), localPort: PORT, key: KEY });
  return harness;
}

/** A server whose handshake with the peer is over, and the number of our next octet. */
function established(options: PacketHarnessOptions = {}): { harness: PacketHarness; nxt: number } {
  const harness = serve(options);
  accepted.length = 0;
  harness.tcp.listen({ port: PORT }, (c) => {
    accepted.push(c);
    return {};
  });
  harness.inject(signed({}));
  const synAck = expectSigned(harness);
  assertEquals(synAck.ctl, 0x12);
  const nxt = (synAck.seq + 1) >>> 0;
  harness.inject(signed({ seq: 1001, ack: nxt, ctl: 0x10 }));
  assertEquals(accepted.length, 1);
  return { harness, nxt };
}

Deno.test("LISTEN: an unsigned SYN, and one with a digest that is wrong, are dropped and counted (RFC 2385 §2.0)", () => {
  const harness = serve();
  harness.tcp.listen({ port: PORT }, () => ({}));
  const bad = signed({}, KEY.subarray(1));
  harness.inject(bad);
  harness.inject(encodePacket({
    source: PEER_ADDRESS,
    destination: LOCAL_ADDRESS,
    sourcePort: PEER_PORT,
    destinationPort: PORT,
    seq: 1000,
    ctl: 2,
  }));
  assertEquals(harness.takePacket(), undefined);
  const { signatureFailures, signaturesMissing } = harness.tcp.counters;
  assertEquals([signatureFailures, signaturesMissing], [1, 1]);
});

Deno.test("CLOSED: a port without a listener answers with a signed reset (RFC 2385 §4.1)", () => {
  const harness = serve();
  harness.inject(signed({}));
  assertEquals(expectSigned(harness).ctl, 0x14);
});

Deno.test("SYN-SENT: our SYN is signed and offers no timestamps; MSS, SACK and scale fit beside the signature", () => {
  const harness = new PacketHarness();
  harness.tcp.keys.addMd5({ remote: prefixOf(ipv4(0), 0), remotePort: PORT, key: KEY });
  harness.tcp.connect({ remoteAddress: PEER_ADDRESS, remotePort: PORT }, {});
  harness.settle();
  const { bytes } = harness.takePacket()!;
  assertEquals([...bytes.subarray(40, 52)], [2, 4, 5, 180, 1, 1, 4, 2, 1, 3, 3, 7]);
});

Deno.test("ESTABLISHED: an unsigned reset does nothing, a signed one ends the connection (RFC 2385 §4.1)", () => {
  const { harness, nxt } = established();
  const reset: PacketFields = {
    source: PEER_ADDRESS,
    destination: LOCAL_ADDRESS,
    sourcePort: PEER_PORT,
    destinationPort: PORT,
    seq: 1001,
    ack: nxt,
    ctl: 0x14,
  };
  harness.inject(encodePacket(reset));
  assertEquals(accepted[0]!.state, "ESTABLISHED");
  harness.inject(signed(reset));
  assertEquals(accepted[0]!.state, "CLOSED");
});

Deno.test("ESTABLISHED: a link with GSO gets single segments, each with a signature of its own", () => {
  const { harness } = established({ capabilities: GSO });
  accepted[0]!.send(new Uint8Array(14_000).fill(42));
  harness.settle();
  let octets = 0;
  for (let i = 0; i < 10; i++) octets += expectSigned(harness).length;
  assertEquals(octets, 10 * 516);
});

Deno.test("TIME-WAIT: the acknowledgment of a FIN that comes again is signed", () => {
  const { harness, nxt } = established();
  accepted[0]!.close();
  harness.settle();
  assertEquals(expectSigned(harness).ctl & 0x01, 0x01);
  const fin = signed({ seq: 1001, ack: nxt + 1, ctl: 0x11 });
  harness.inject(fin);
  assertEquals(expectSigned(harness).ctl, 0x10);
  assertEquals(accepted[0]!.state, "TIME-WAIT");
  harness.inject(fin);
  assertEquals(expectSigned(harness).ctl, 0x10);
});
