import { assert, assertEquals } from "@std/assert";
import { PBUF_CHECKSUM_VERIFIED, PbufPool } from "@lightwire/pbuf";
import { prependVnetHeader, readVnetHeader, VNET_HEADER_LENGTH } from "./vnet_header.ts";

function packet(pool: PbufPool, hex: string) {
  const bytes = Uint8Array.from(hex.replaceAll(/\s/g, "").match(/../g)!, (b) => parseInt(b, 16));
  const p = pool.acquire(bytes.length)!;
  p.bytes.set(bytes, p.start);
  return p;
}

Deno.test("readVnetHeader() notes what Linux left to do (virtio_net_hdr of a TSO packet of Linux 6.18)", () => {
  const pool = new PbufPool();
  // flags NEEDS_CSUM, gso TCPV4, hdr_len 66, gso_size 1448, csum_start 34, csum_offset 16; then 66 bytes of headers
  const p = packet(pool, "01 01 4200 a805 2200 1000" + "00".repeat(66 + 2896));
  const start = p.start;
  assert(readVnetHeader(p));
  assertEquals(p.start, start + VNET_HEADER_LENGTH);
  assertEquals(p.gsoSize, 1448);
  assertEquals([p.checksumStart - p.start, p.checksumOffset], [34, 16]);
  assert((p.flags & PBUF_CHECKSUM_VERIFIED) !== 0);
  p.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("readVnetHeader() refuses UDP segmentation, short packets and checksums outside of the packet", () => {
  const pool = new PbufPool();
  for (
    const hex of [
      "00 03 0000 0000 0000 0000" + "00".repeat(60),
      "00 00 00",
      "01 00 0000 0000 3a00 1000" + "00".repeat(60),
    ]
  ) {
    const p = packet(pool, hex);
    assertEquals(readVnetHeader(p), false);
    p.release();
  }
  assertEquals(pool.inUse, 0);
});

Deno.test("prependVnetHeader() asks for checksum and segmentation as they were read", () => {
  const pool = new PbufPool();
  const p = packet(
    pool,
    "00".repeat(14) + "45" + "00".repeat(19) + "00".repeat(12) + "80" + "00".repeat(19 + 2896),
  );
  p.checksumStart = p.start + 34;
  p.checksumOffset = 16;
  p.gsoSize = 1448;
  assert(prependVnetHeader(p, 14));
  const header = [...p.bytes.subarray(p.start, p.start + VNET_HEADER_LENGTH)];
  assertEquals(header, [1, 1, 66, 0, 0xa8, 5, 34, 0, 16, 0]);
  p.release();
  const plain = packet(pool, "00".repeat(60));
  assert(prependVnetHeader(plain, 14));
  assertEquals(
    [...plain.bytes.subarray(plain.start, plain.start + VNET_HEADER_LENGTH)],
    new Array(10).fill(0),
  );
  plain.release();
  assertEquals(pool.inUse, 0);
});
