/** What a checksum costs: per frame of an Ethernet and per super-segment, and together with the copy. */
import { copyAndSum } from "./chain.ts";
import { sumBytes } from "./checksum.ts";
import { crc32, fcs16 } from "./crc.ts";
import { PbufPool } from "./pool.ts";

const memory = new Uint8Array(1 << 17).map((_, i) => i * 31);
const view = new DataView(memory.buffer);
const pool = new PbufPool();
const into = pool.acquire(65536)!;

for (const bytes of [20, 1460, 65160]) {
  Deno.bench(`sumBytes ${bytes} B`, { group: `${bytes} B`, baseline: true }, () => {
    sumBytes(memory, view, 14, 14 + bytes, 0);
  });
  Deno.bench(`copyAndSum ${bytes} B`, { group: `${bytes} B` }, () => {
    copyAndSum(memory, view, 14, 14 + bytes, into, 0, 0);
  });
}
Deno.bench("fcs16 1500 B", { group: "crc", baseline: true }, () => {
  fcs16(memory, 0, 1500);
});
Deno.bench("crc32 1500 B", { group: "crc" }, () => {
  crc32(memory, 0, 1500);
});
