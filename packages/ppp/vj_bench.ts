/** Headers of a transfer: data one way, acknowledgments back. A serial line carries at most a few thousand packets a second, a
 * PPPoE link some hundred thousand: a microsecond each is enough.
 *
 * @module
 */
import { PbufPool } from "@lightwire/pbuf";
import { pbufOf, tcpPacket } from "./testdata/tcp_packets.ts";
import { VjCompressor } from "./vj_compressor.ts";
import { VjDecompressor } from "./vj_decompressor.ts";

const pool = new PbufPool([{ slotBytes: 2048, slots: 4 }]);
const packet = pbufOf(
  pool,
  tcpPacket({
    source: 0x0a000001,
    destination: 0x0a000002,
    sourcePort: 1000,
    destinationPort: 80,
    sequence: 1,
    ack: 1,
    flags: 0x10,
    window: 60000,
    id: 1,
    tcpOptions: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1],
    data: new Uint8Array(1000),
  }),
);
const tcp = packet.start + 20;
const compressor = new VjCompressor();
const decompressor = new VjDecompressor();
const whole = pbufOf(pool, new Uint8Array(1052));
compressor.prepare(packet);
compressor.commit(packet);
whole.bytes.set(packet.bytes.subarray(packet.start, packet.end), whole.start);
whole.bytes[whole.start + 9] = compressor.head[9]!;
decompressor.uncompressed(whole);
const compressed = pbufOf(pool, Uint8Array.of(0x0f, 0, 0, ...new Uint8Array(1000)));
const start = compressed.start;

Deno.bench("compress a segment of a transfer", () => {
  packet.view.setUint16(packet.start + 4, packet.view.getUint16(packet.start + 4) + 1);
  packet.view.setUint32(tcp + 4, packet.view.getUint32(tcp + 4) + 1000);
  compressor.prepare(packet);
  compressor.commit(packet);
});
Deno.bench("decompress it", () => {
  compressed.start = start;
  decompressor.compressed(compressed);
});
