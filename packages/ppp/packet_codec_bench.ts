/** What a codec costs for a packet of 1000 octets, out and in. With nothing negotiated: nothing to speak of.
 *
 * @module
 */
import { PbufPool } from "@lightwire/pbuf";
import { MppeDecryptor, MppeEncryptor } from "./mppe.ts";
import { PacketCodec } from "./packet_codec.ts";
import { PPP_COMPRESSED, PPP_IPV4 } from "./ppp_protocol_number.ts";
import { pbufOf } from "./testdata/tcp_packets.ts";

const pool = new PbufPool([{ slotBytes: 2048, slots: 4 }]);
const packet = pbufOf(pool, new Uint8Array(1000).fill(0x45));
const nobody = { resetWanted: () => {}, hopeless: () => {} };
const key = new Uint8Array(16).fill(1);

const plain = new PacketCodec(nobody, undefined);
plain.setIpv4(true);
Deno.bench("plain", () => {
  plain.prepare(packet);
  plain.commit(packet);
  plain.input(PPP_IPV4, packet);
});

for (const isStateful of [true, false]) {
  const name = isStateful ? "stateful" : "stateless";
  const codec = new PacketCodec(nobody, undefined);
  codec.setIpv4(true);
  codec.setMppe(true, new MppeEncryptor(key, isStateful), new MppeDecryptor(key, isStateful));
  const arrived = pbufOf(pool, new Uint8Array(1004));
  const { start } = arrived;
  Deno.bench(`MPPE 128-bit, ${name}`, () => {
    codec.prepare(packet);
    codec.commit(packet);
    arrived.start = start;
    arrived.bytes.set(codec.head.subarray(0, 1004), start);
    codec.input(PPP_COMPRESSED, arrived);
  });
}
