/** What connections cost: heap of an idle one, time to open and to close. `deno run --v8-flags=--expose-gc
 * packages/tcp/memory_bench.ts [connections] [--json]`.
 *
 * @module
 */
import { ipv4 } from "@lightwire/ip";
import type { TcpConnection, TcpHandlers } from "./connection.ts";
import { createRig } from "./scenarios/bench_rig.ts";

if (import.meta.main) {
  const count = Number(Deno.args[0] ?? 20_000);
  const gc = (globalThis as { gc?: () => void }).gc;
  const rig = createRig(1500);
  let accepted = 0;
  const serverSide: TcpConnection[] = [];
  // Connections share their handlers, so that what is measured is the stack's and not the user's.
  const idle: TcpHandlers = {};
  const counting: TcpHandlers = { connected: () => accepted++ };
  for (let port = 1; port <= Math.ceil(count / 10_000); port++) {
    rig.b.listen({ port }, (c) => {
      serverSide.push(c);
      return counting;
    });
  }
  gc?.();
  const before = Deno.memoryUsage().heapUsed;
  const clientSide: TcpConnection[] = [];
  const opened = performance.now();
  for (let i = 0; i < count; i++) {
    clientSide.push(
      rig.a.connect({ remoteAddress: ipv4(0x0a000002), remotePort: 1 + Math.floor(i / 10_000) }, idle),
    );
    if (i % 100 === 99) rig.settle();
  }
  rig.settle();
  const openMs = performance.now() - opened;
  gc?.();
  const heap = Deno.memoryUsage().heapUsed - before;
  const closed = performance.now();
  for (let i = 0; i < count; i++) {
    clientSide[i]!.close();
    if (i % 100 === 99) rig.settle();
  }
  for (let i = 0; i < serverSide.length; i++) {
    serverSide[i]!.close();
    if (i % 100 === 99) rig.settle();
  }
  rig.settle();
  const closeMs = performance.now() - closed;
  if (Deno.args.includes("--json")) {
    const [openUs, closeUs] = [openMs, closeMs].map((ms) => ms * 1000 / count);
    console.log(JSON.stringify({ heapBytes: heap / (2 * count), openUs, closeUs }));
    Deno.exit(0);
  }
  console.log(`${count} connections, both ends in this process, ${serverSide.length} accepted`);
  console.log(`heap: ${(heap / (2 * count)).toFixed(0)} bytes per idle connection (one end)`);
  console.log(
    `open: ${(openMs * 1000 / count).toFixed(1)} µs, close: ${
      (closeMs * 1000 / count).toFixed(1)
    } µs, both ends`,
  );
}
