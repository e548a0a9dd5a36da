/** Packets that Linux 6.1 (`slhc`, `ppp_mppe`) and pppd 2.4.9 of Debian 12 sent to us over a pty. */
import { assert, assertEquals } from "@std/assert";
import { finishSum, PbufPool, sumBytes } from "@lightwire/pbuf";
import { MppeDecryptor } from "../mppe.ts";
import { deriveMppeKeys } from "../mppe_keys.ts";
import { PacketCodec } from "../packet_codec.ts";
import { PPP_COMPRESSED, PPP_VJ_COMPRESSED, PPP_VJ_UNCOMPRESSED } from "../ppp_protocol_number.ts";
import { bytes } from "../testdata/hex.ts";
import { isTcpChecksumRight, pbufOf } from "../testdata/tcp_packets.ts";
import { VjDecompressor } from "../vj_decompressor.ts";

/** The server's half of an echo connection. Each header was restored from the one before; TCP's checksum is the kernel's own. */
const VJ: readonly [number, string][] = [
  [PPP_VJ_UNCOMPRESSED, "45000028f01440004000b6380a4040010a4040020007de48a4b7fdc28d2659bd50100fafa3f40000"],
  [PPP_VJ_COMPRESSED, "102beb78"],
  [PPP_VJ_COMPRESSED, "1b2be978"],
  [PPP_VJ_COMPRESSED, "1b2be778"],
  [PPP_VJ_COMPRESSED, "1ee0d700ffff1c0168656c6c6f2c20776f726c64212068656c6c6f2c20776f726c642120"],
  [PPP_VJ_COMPRESSED, "1ee0a000ffff1c1c68656c6c6f2c20776f726c64212068656c6c6f2c20776f726c642120"],
  [PPP_VJ_COMPRESSED, "1ee06900ffff1c1c68656c6c6f2c20776f726c64212068656c6c6f2c20776f726c642120"],
];

function isHeaderChecksumRight(packet: Uint8Array): boolean {
  return finishSum(sumBytes(packet, new DataView(packet.buffer, packet.byteOffset), 0, 20, 0)) === 0;
}

Deno.test("VJ: what Linux compresses is restored, with checksums that are right (RFC 1144 §3.2.4)", () => {
  const pool = new PbufPool([{ slotBytes: 512, slots: 2 }]);
  const decompressor = new VjDecompressor();
  const texts = VJ.map(([protocol, hex], i) => {
    const p = pbufOf(pool, bytes(hex));
    assert(protocol === PPP_VJ_COMPRESSED ? decompressor.compressed(p) : decompressor.uncompressed(p));
    const packet = p.bytes.slice(p.start, p.end);
    p.release();
    assert(isHeaderChecksumRight(packet) && isTcpChecksumRight(packet), `packet ${i}`);
    assertEquals((packet[4]! << 8) | packet[5]!, 0xf014 + i, "the identification counts on");
    return new TextDecoder().decode(packet.subarray(40));
  });
  const hello = "hello, world! hello, world! ";
  assertEquals(texts, ["", "x", "x", "x", hello, hello, hello]);
  assertEquals(pool.inUse, 0);
});

/** The NT-Response that logged "tester" in with the password "secret", and echo replies encrypted from then on. The second was
 * kept from us, so that a Reset-Request followed the third; the fourth has new tables, and by Linux's custom a new key. */
const STATEFUL = {
  ntResponse: "1a9729308799cff03f2b726dfb11da700d19068a83ac471f",
  packets: [
    "1000898081e850bcb1a4dc9146466a991b11190d43c73653bc907271188d84f5ee417565884412e5",
    "1001a58b7457fb4d36fb7629877fac2418655f0229830d54ba53ce0ceeacfbb569077a59515d0016",
    "10023815120d741a1aa53b40b321c8261bec8a17f01ff9f571b23f9bf902f3d37360e1839f34e999",
    "9003fd69ec9c8e24e5e1023e11dfb999c13a1e9fa9f27d2605c55b0d8e3b97e87f24b0d2779d28b9",
    "1004a8e723e09d5976d2f082b7052ff4d9b215d908d649b36c7c5e804538ff9e39ccf975d8c2a0aa",
    "1005917c74eb628cb279f2a6c9fd90ac08a57e0847246379bdf3a569e769f76a3fc245a2f84f53b9",
    "100684ecf0516f5ee0ae022cabf10fe6eca85ef9df6f8a1f070ebf6c82583e1abac8219e07cf1fd1",
  ],
};
/** The same with keys of 40 bits that change with each packet. */
const STATELESS = {
  ntResponse: "008e9b39717251af5072afe705033ec2f74e45f5f3af0725",
  packets: [
    "9000268cd56f851d09d6c287a2296ce64b5d74fe282f33c87990bd61962ddd8b709c86e9c0eaaf4e",
    "9001b5b8ef974a1cf7c4b113c585a1c81275f9ea3cf636094460e2eecaf9808a7e7d09d2d703c7af",
    "9002936c9bac6e5694e18fc748f9ff5db1a87f0b9f7a56ceecd4ef8feea865158eb460914cf0cc71",
    "90031f5dda1b968b8455efd0af1015e2d798601a18e7038a1f71d10f947040f2c4f923f437a0282f",
  ],
};

/** Decrypts some of the packets; each that comes out has to be a sound echo reply. */
function decrypt(decryptor: MppeDecryptor, packets: readonly string[]): string[] {
  const pool = new PbufPool([{ slotBytes: 512, slots: 2 }]);
  let told = "";
  const codec = new PacketCodec({ resetWanted: () => void (told = "reset"), hopeless: () => {} }, undefined);
  codec.setIpv4(true);
  codec.setMppe(true, undefined, decryptor);
  const results = packets.map((hex) => {
    const p = pbufOf(pool, bytes(hex));
    told = "dropped";
    if (codec.input(PPP_COMPRESSED, p)) {
      const packet = p.bytes.slice(p.start, p.end);
      assert(isHeaderChecksumRight(packet));
      assertEquals([packet.length, packet[9], packet[20]], [36, 1, 0]); // ICMP, echo reply
      const view = new DataView(packet.buffer);
      assertEquals(finishSum(sumBytes(packet, view, 20, packet.length, 0)), 0);
      told = "reply";
    }
    p.release();
    return told;
  });
  assertEquals(pool.inUse, 0);
  return results;
}

Deno.test("MPPE: Linux's stateful packets of 128 bits, also after a loss (RFC 3078 §8.2)", () => {
  const { ntResponse, packets } = STATEFUL;
  const { receiveStart } = deriveMppeKeys("mschapv2", "secret", bytes(ntResponse), false);
  const rest = ["reply", "reply", "reply", "reply"];
  assertEquals(decrypt(new MppeDecryptor(receiveStart, true), packets), ["reply", "reply", "reply", ...rest]);
  const [first, , ...others] = packets;
  const decryptor = new MppeDecryptor(receiveStart, true);
  assertEquals(decrypt(decryptor, [first!, ...others]), ["reply", "reset", ...rest]);
  assert(decryptor.changesKeyOnFlush);
});

Deno.test("MPPE: Linux's stateless packets of 40 bits, also after a loss (RFC 3078 §8.1)", () => {
  const { ntResponse, packets } = STATELESS;
  const { receiveStartShort } = deriveMppeKeys("mschapv2", "secret", bytes(ntResponse), false);
  const all = decrypt(new MppeDecryptor(receiveStartShort, false), packets);
  assertEquals(all, ["reply", "reply", "reply", "reply"]);
  const some = decrypt(new MppeDecryptor(receiveStartShort, false), [packets[0]!, packets[3]!]);
  assertEquals(some, ["reply", "reply"]);
});
