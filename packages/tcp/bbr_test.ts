import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { Bbr } from "./bbr.ts";
import type { CongestionControlName } from "./congestion_controls.ts";
import { pattern, Peer, TwoHosts } from "./scenarios/two_hosts.ts";

const MIB = 1024 * 1024;

interface Path {
  readonly mbit: number;
  readonly rttMs: number;
  readonly lossRate?: number;
  /** Queue in bandwidth-delay products. */
  readonly queue?: number;
  readonly mib: number;
  /** A policer behind a line that is ten times as fast, with a bucket of 30 kB. */
  readonly isPoliced?: boolean;
}

/** A transfer in virtual time. */
function transfer(
  path: Path,
  control: CongestionControlName | Bbr,
): { share: number; retransmits: number; rttMs: number } {
  const bandwidthBps = path.mbit * 1e6;
  const options = {
    congestionControl: typeof control === "string" ? control : () => control,
    sendBufferBytes: 32 * MIB,
    receiveBufferBytes: 32 * MIB,
    mslMs: 100,
  };
  const hosts = new TwoHosts({
    seed: 1,
    a: options,
    b: { receiveBufferBytes: 32 * MIB, mslMs: 100 },
    aToB: {
      delayMs: path.rttMs / 2,
      lossRate: path.lossRate ?? 0,
      bandwidthBps: path.isPoliced === true ? 10 * bandwidthBps : bandwidthBps,
      queueBytes: (path.queue ?? 1) * bandwidthBps / 8 * path.rttMs / 1000,
      ...(path.isPoliced === true ? { policer: { rateBps: bandwidthBps, burstBytes: 30_000 } } : {}),
    },
    bToA: { delayMs: path.rttMs / 2 },
  });
  const bytes = path.mib * MIB;
  const client = new Peer(pattern(bytes, 1));
  const server = new Peer();
  hosts.b.tcp.listen({ port: 80 }, () => server);
  const c = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, client);
  hosts.flush();
  const startMs = hosts.sim.clock.now();
  assert(hosts.sim.runUntil(() => server.receivedBytes === bytes, 600_000), "not done");
  const seconds = (hosts.sim.clock.now() - startMs) / 1000;
  const info = c.info();
  c.abort();
  hosts.flush();
  hosts.advance(1000);
  hosts.close();
  // Of what the line can carry, headers included.
  const share = (bytes * 8 * 1500 / 1448) / (seconds * bandwidthBps);
  return { share, retransmits: info.totalRetransmits, rttMs: info.rttMs };
}

Deno.test("STARTUP ends when the bandwidth is found, and the model is near the truth (draft-ietf-ccwg-bbr §5.3.1)", () => {
  const bbr = new Bbr(1448);
  const { share } = transfer({ mbit: 50, rttMs: 40, mib: 16 }, bbr);
  assertGreater(share, 0.85);
  assert(bbr.state !== "STARTUP" && bbr.state !== "DRAIN", bbr.state);
  const mbit = bbr.bandwidthBps * 8 / 1e6;
  assert(mbit > 42 && mbit < 52, `${mbit} Mbit/s`);
  assert(bbr.minRttMs >= 40 && bbr.minRttMs < 46, `${bbr.minRttMs} ms`);
});

Deno.test("one per cent of loss by noise leaves most of the path, where CUBIC keeps a fraction (draft-ietf-ccwg-bbr §5.5.10)", () => {
  const path = { mbit: 50, rttMs: 40, lossRate: 0.01, queue: 2, mib: 24 };
  const bbr = transfer(path, "bbr");
  const cubic = transfer(path, "cubic");
  assertGreater(bbr.share, 0.8);
  assertLess(cubic.share, bbr.share / 3);
});

Deno.test("a deep queue stays short: the round trip is near that of the empty path (draft-ietf-ccwg-bbr §5.1.3)", () => {
  const path = { mbit: 10, rttMs: 40, queue: 10, mib: 8 };
  const bbr = transfer(path, "bbr");
  const reno = transfer(path, "reno");
  assertGreater(bbr.share, 0.85);
  assertLess(bbr.rttMs, 100);
  assertGreater(reno.rttMs, bbr.rttMs);
});

Deno.test("PROBE_RTT looks for the shortest round trip every few seconds, and the flow goes on (draft-ietf-ccwg-bbr §5.3.4)", () => {
  const bbr = new Bbr(1448);
  const { share, retransmits } = transfer({ mbit: 10, rttMs: 50, queue: 2, mib: 20 }, bbr);
  assertGreater(share, 0.85);
  assertLess(retransmits, 200);
});

Deno.test("a queue of half a bandwidth-delay product suffices, and little is lost (draft-ietf-ccwg-bbr §5.5.10.2)", () => {
  const { share, retransmits } = transfer({ mbit: 10, rttMs: 50, queue: 0.5, mib: 16 }, "bbr");
  assertGreater(share, 0.9);
  // Of 11,600 segments.
  assertLess(retransmits, 500);
});

Deno.test("a policer is filled without being run over (draft-ietf-ccwg-bbr §5.5.10)", () => {
  const { share, retransmits } = transfer({ mbit: 10, rttMs: 30, mib: 16, isPoliced: true }, "bbr");
  assertGreater(share, 0.75);
  assertLess(retransmits, 1200);
});

Deno.test("a user who trickles leaves the estimate alone, and bulk goes on at full rate (draft-ietf-ccwg-bbr §5.5.4)", () => {
  const bbr = new Bbr(1448);
  const path = { bandwidthBps: 20e6, delayMs: 20, queueBytes: 100_000 };
  const hosts = new TwoHosts({
    a: { congestionControl: () => bbr, mslMs: 100 },
    b: { mslMs: 100 },
    aToB: path,
    bToA: { delayMs: 20 },
  });
  const server = new Peer();
  hosts.b.tcp.listen({ port: 80 }, () => server);
  const c = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, {});
  hosts.advance(100);
  const bulk = (bytes: number): number => {
    const from = server.receivedBytes;
    const startMs = hosts.sim.clock.now();
    let sent = 0;
    while (server.receivedBytes < from + bytes) {
      sent += c.send(pattern(Math.min(bytes - sent, 400_000), 1));
      hosts.advance(10);
    }
    return bytes * 8 / (hosts.sim.clock.now() - startMs) / 1000;
  };
  bulk(4_000_000);
  const before = bbr.bandwidthBps;
  for (let i = 0; i < 80; i++) {
    c.send(pattern(10_000, 1));
    hosts.advance(100);
  }
  assertGreater(bbr.bandwidthBps, 0.99 * before);
  assertGreater(bulk(4_000_000), 17);
  c.abort();
  hosts.advance(1000);
  hosts.close();
});

Deno.test("noise of 1 % leaves 90 % of the path where a round trip is 40 segments, too (draft-ietf-ccwg-bbr §5.3.3.8.3)", () => {
  const { share } = transfer({ mbit: 5, rttMs: 100, lossRate: 0.01, mib: 16 }, "bbr");
  assertGreater(share, 0.9);
});

Deno.test("the initial window follows the SMSS, and lost SYNs leave one segment (RFC 6928 §2)", () => {
  const bbr = new Bbr(1000);
  bbr.setMss(500);
  assertEquals(bbr.cwnd, 5000);
  bbr.onSynLoss();
  assertEquals(bbr.cwnd, 500);
});
