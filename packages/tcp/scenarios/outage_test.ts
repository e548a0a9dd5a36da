import { assert, assertEquals } from "@std/assert";
import type { TcpOptions } from "../tcp_config.ts";
import { script } from "./harness.ts";
import { distant } from "./states.ts";
import { pattern, Peer, TwoHosts } from "./two_hosts.ts";

const KINDS: Readonly<Record<string, TcpOptions>> = {
  "SACK and timestamps": {},
  "timestamps without SACK": { sack: false },
  "SACK without timestamps": { timestamps: false },
  "neither SACK nor timestamps": { sack: false, timestamps: false },
};
const LINE = { delayMs: 20, bandwidthBps: 20_000_000 };

interface Transfer {
  readonly hosts: TwoHosts;
  readonly server: Peer;
  readonly client: Peer;
}

/** A sends `bytes` to B, of which 500,000 arrive. */
function begun(options: TcpOptions, bytes: number, delayMs: number = LINE.delayMs): Transfer {
  const hosts = new TwoHosts({
    seed: 3,
    a: options,
    b: options,
    aToB: { ...LINE, delayMs },
    bToA: { delayMs },
  });
  const server = new Peer();
  const client = new Peer(pattern(bytes));
  hosts.b.tcp.listen({ port: 80 }, () => server);
  client.connection = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, client);
  until(hosts, () => server.receivedBytes > 500_000, 60_000);
  return { hosts, server, client };
}

/** @returns how long it took. */
function until(hosts: TwoHosts, isDone: () => boolean, limitMs: number): number {
  hosts.flush();
  const fromMs = hosts.sim.clock.now();
  assert(hosts.sim.runUntil(isDone, limitMs), "it took too long");
  return hosts.sim.clock.now() - fromMs;
}

function finish({ hosts, client }: Transfer): void {
  client.connection!.abort();
  hosts.advance(1000);
  hosts.close();
}

for (const [name, options] of Object.entries(KINDS)) {
  for (const [outageMs, waitMs] of [[3000, 3000], [60_000, 65_000], [600_000, 120_000]] as const) {
    Deno.test(
      `ESTABLISHED: ${name}: after an outage of ${
        outageMs / 1000
      } s the next timeout finds the path, and nothing waits for another (RFC 6298 §5.5, RFC 4015 §3.2)`,
      () => {
        const t = begun(options, 1_500_000);
        const { hosts, server } = t;
        hosts.link.a.outbound.setFaults({ lossRate: 1 });
        hosts.link.b.outbound.setFaults({ lossRate: 1 });
        hosts.advance(outageMs);
        const before = server.receivedBytes;
        hosts.link.a.outbound.setFaults(LINE);
        hosts.link.b.outbound.setFaults({ delayMs: LINE.delayMs });
        const firstMs = until(hosts, () => server.receivedBytes > before, 300_000);
        assert(firstMs < waitMs, `${firstMs} ms until it goes on`);
        const restMs = until(hosts, () => server.receivedBytes === 1_500_000, 300_000);
        assert(restMs < 8000, `${restMs} ms for the rest`);
        finish(t);
      },
    );
  }

  Deno.test(
    `ESTABLISHED: ${name}: a round trip a hundred times as long costs a segment or two, and no window (RFC 4015, RFC 5682)`,
    () => {
      const t = begun(options, 3_000_000, 5);
      const { hosts, server, client } = t;
      const { totalRetransmits, cwnd } = client.connection!.info();
      hosts.link.a.outbound.setFaults({ ...LINE, delayMs: 500 });
      hosts.link.b.outbound.setFaults({ delayMs: 500 });
      until(hosts, () => server.receivedBytes === 3_000_000, 10_000);
      const info = client.connection!.info();
      assert(info.totalRetransmits - totalRetransmits <= 4, `${info.totalRetransmits} retransmissions`);
      assert(info.cwnd >= cwnd, `a window of ${info.cwnd}, ${cwnd} before`);
      finish(t);
    },
  );
}

Deno.test(
  "ESTABLISHED: F-RTO undoes a timeout, and what RACK inferred from the answer to the retransmission is forgotten (RFC 5682 §2.1, RFC 8985 §6.2)",
  script((s) => {
    distant(s);
    s.call.send(20_000);
    assertEquals(s.takeAll().length, 10);
    s.run(600);
    s.takeAll();
    // Only now does the first flight arrive, segment by segment.
    s.at(850).inject(". 1:1(0) ack 1001");
    assertEquals(s.takeAll().map((seg) => seg.seq - s.iss >>> 0), [11_001, 12_001]);
    for (let ack = 2001; ack <= 10_001; ack += 1000) {
      s.inject(`. 1:1(0) ack ${ack}`);
      for (const seg of s.takeAll()) assert((seg.seq - s.iss >>> 0) > 12_000, "nothing is sent again");
    }
    assertEquals(s.harness.tcp.counters.undoneRecoveries, 1);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: acknowledgments that an outage swallowed: no burst, duplicates count, and the timeout is short again (RFC 4015 §3.2)",
  script((s) => {
    distant(s, "<mss 1012,TS val 1 ecr 0>");
    s.call.send(60_000);
    assertEquals(s.takeAll().length, 10);
    s.run(70_000);
    s.takeAll();
    // The first half had arrived, its acknowledgments had not: this one echoes what was sent then.
    s.inject(". 1:1(0) ack 5001 <TS val 70000 ecr 50>");
    const sent = s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
    assert(sent >= 3000 && sent <= 6000, `${sent} octets at once`);
    assert(s.connection!.info().rtoMs <= 3000);
    for (let i = 0; i < 3; i++) s.inject(". 1:1(0) ack 5001 <TS val 70050 ecr 50>");
    assert(s.takeAll().some((seg) => (seg.seq - s.iss >>> 0) === 5001), "the third duplicate retransmits");
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: while a router says that it has no way to the host, the timeout does not grow, and the path is found soon (RFC 6069 §4.1)",
  script((s) => {
    distant(s, "<mss 1000>");
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.at(300).expect("P. 1:1001(1000) ack 1");
    for (let i = 1; i <= 20; i++) {
      s.wait(100).injectIcmp(3, i % 2);
      // 250 ms after the last one, and not 500, 1,000, ….
      s.at(300 + i * 250).expect("P. 1:1001(1000) ack 1");
    }
    // About another segment, or one that is not in flight, it means nothing.
    s.wait(100).injectIcmp(3, 1, 0, s.lastSent.map((octet, i) => i === 27 ? octet + 1 : octet));
    s.at(300 + 20 * 250 + 500).expect("P. 1:1001(1000) ack 1");
    // Other errors say nothing about routes.
    s.wait(100).injectIcmp(3, 13);
    s.at(300 + 20 * 250 + 1500).expect("P. 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 1001");
  }),
);

Deno.test(
  "ESTABLISHED: an ICMP error that comes late has the path tried at once, and R2 goes on (RFC 6069 §4.1, RFC 9293 §3.8.3)",
  script({ tcp: { dataRetries: 4 } }, (s) => {
    distant(s, "<mss 1000>");
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.at(300).expect("P. 1:1001(1000) ack 1");
    s.at(700).injectIcmp(3, 1).run(700).expect("P. 1:1001(1000) ack 1");
    while (s.connection!.state !== "CLOSED" && s.nowMs < 60_000) {
      s.run(s.nowMs + 50);
      if (s.take() !== undefined) s.injectIcmp(3, 1);
    }
    s.takeAll();
    s.expectClosed("HOST_UNREACHABLE");
    assert(s.nowMs < 10_000, `given up at ${s.nowMs} ms`);
  }),
);
