/** Bulk transfer between two TCP layers of one process, over the memory link: `deno bench`, or
 * `deno run packages/tcp/tcp_bench.ts [MiB] [--json]` for figures in Gbit/s.
 *
 * @module
 */
import { ipv4 } from "@lightwire/ip";
import { type LinkCapabilities, NO_OFFLOAD } from "@lightwire/netif";
import type { TcpConnection } from "./connection.ts";
import { createRig, type Rig } from "./scenarios/bench_rig.ts";

/** Sends `total` octets from A to B; returns when B has read them all. */
function transfer(rig: Rig, total: number): void {
  const chunk = new Uint8Array(256 * 1024);
  const sink = new Uint8Array(256 * 1024);
  let toSend = total;
  let received = 0;
  const push = (c: TcpConnection): void => {
    while (toSend > 0) {
      const n = c.send(chunk, 0, toSend < chunk.length ? toSend : chunk.length);
      if (n === 0) return;
      toSend -= n;
    }
  };
  const listener = rig.b.listen({ port: 80 }, () => ({
    readable: (c) => {
      for (;;) {
        const n = c.read(sink);
        if (n === 0) return;
        received += n;
      }
    },
  }));
  const connection = rig.a.connect({ remoteAddress: ipv4(0x0a000002), remotePort: 80 }, {
    connected: push,
    writable: push,
  });
  rig.a.flush();
  while (received < total) {
    rig.clock.refresh();
    if (rig.timers.runDue(64) === 0 && rig.timers.nextDeadline() === Infinity) throw new Error("stuck");
  }
  connection.abort();
  listener.close();
  rig.a.flush();
  for (let i = 0; i < 100; i++) rig.timers.runDue();
}

/** Segments that went through input and output of both ends. */
function segmentsOf(rig: Rig): number {
  return rig.a.counters.inSegs + rig.a.counters.outSegs + rig.b.counters.inSegs + rig.b.counters.outSegs;
}

const OFFLOAD: LinkCapabilities = { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65536, gro: true };
const MIB = 1024 * 1024;

if (import.meta.main) {
  const mib = Number(Deno.args[0] ?? 256);
  for (
    const [name, mtu, capabilities] of [
      ["MTU 1500, software checksums", 1500, NO_OFFLOAD],
      ["64 KiB segments, checksum offload", 1500, OFFLOAD],
    ] as const
  ) {
    const rig = createRig(mtu, capabilities);
    transfer(rig, 16 * MIB);
    const before = segmentsOf(rig);
    const t = performance.now();
    transfer(rig, mib * MIB);
    const seconds = (performance.now() - t) / 1000;
    const gbps = mib * MIB * 8 / seconds / 1e9;
    const segments = mib * MIB / 1448;
    if (Deno.args.includes("--json")) {
      const sum = segmentsOf(rig) - before;
      console.log(JSON.stringify({ name, gbps, segmentsPerSecond: sum / seconds }));
      continue;
    }
    console.log(
      `${name}: ${gbps.toFixed(2)} Gbit/s, ${(seconds * 1e6 / segments).toFixed(2)} µs per 1448 octets`,
    );
    if (rig.pool.inUse > 0) console.log(`  ${rig.pool.inUse} pbufs held, ARP entries apart`);
  }
}

Deno.bench("tcp: 16 MiB, MTU 1500, software checksums", { group: "bulk" }, (b) => {
  const rig = createRig(1500, NO_OFFLOAD);
  b.start();
  transfer(rig, 16 * MIB);
  b.end();
});

Deno.bench("tcp: 16 MiB, 64 KiB segments, checksum offload", { group: "bulk" }, (b) => {
  const rig = createRig(1500, OFFLOAD);
  b.start();
  transfer(rig, 16 * MIB);
  b.end();
});
