/** What a packet costs: taking and giving back a slot, a header in front, a reference, a copy. */
import { clone, copyTo } from "./chain.ts";
import { PbufPool } from "./pool.ts";

const pool = new PbufPool();
const frame = pool.acquire(1460)!;
const chained = pool.acquireChain(65536)!;
const into = new Uint8Array(65536);

Deno.bench("acquire and release", () => {
  pool.acquire(1460)!.release();
});
Deno.bench("acquire, four headers, release", () => {
  const p = pool.acquire(1460)!;
  for (const length of [20, 20, 14, 12]) p.prepend(length);
  p.release();
});
Deno.bench("reference and release", () => {
  pool.reference(frame, 20, 1000)!.release();
});
Deno.bench("clone 1460 B", () => {
  clone(frame)!.release();
});
Deno.bench("copyTo 64 KiB out of a chain of 33", () => {
  copyTo(chained, into);
});
