/** What our TCP and Linux's agree upon, as `tshark` reads it off the wire.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { TcpLab } from "./tcp_lab.ts";

const BOTH_WAYS = [["ours", "linux"], ["linux", "ours"]] as const;
const SYN_FIELDS = [
  "tcp.flags.ack",
  "tcp.options.sack_perm",
  "tcp.options.wscale.shift",
  "tcp.options.timestamp.tsval",
  "tcp.options.mss_val",
  "tcp.flags.ece",
  "tcp.flags.cwr",
];

/** A boolean as any release of tshark writes it. */
function isSet(field: string | undefined): boolean {
  return field === "1" || field === "True";
}

Deno.test("SYN and SYN-ACK, both ways: SACK, window scale, timestamps and MSS are agreed upon", async (t) => {
  await using lab = await TcpLab.open();
  for (const [sender, receiver] of BOTH_WAYS) {
    await t.step(`${sender} → ${receiver}`, async () => {
      const transfer = () => lab.transfer({ sender, receiver, bytes: 100_000, faults: { seed: 1 } });
      const syns = await lab.capture("A", transfer, "tcp.flags.syn == 1", ...SYN_FIELDS);
      assertEquals(syns.map(([ack]) => isSet(ack)), [false, true]);
      for (const [, sackPermitted, shift, tsVal, mss, ece, cwr] of syns) {
        assert(sackPermitted !== "", "SACK-Permitted (RFC 2018 §2)");
        assert(Number(shift) >= 7, `Window Scale ${shift} (RFC 7323 §2.2)`);
        assert(Number(tsVal) > 0, "Timestamps (RFC 7323 §3.2)");
        assertEquals(mss, "1460");
        assertEquals([isSet(ece), isSet(cwr)], [false, false], "nobody asks for ECN by default");
      }
    });
  }
});

Deno.test("ECN, both ways: agreed upon, marks echoed, and the window reduced (RFC 3168 §6.1)", async (t) => {
  await using lab = await TcpLab.open();
  await lab.sysctl("net.ipv4.tcp_ecn=1");
  for (const [sender, receiver] of BOTH_WAYS) {
    await t.step(`${sender} → ${receiver}`, async () => {
      const faults = { seed: 1, ceRate: 0.05, delayMs: 5 };
      const rows = await lab.capture(
        "A",
        async () => {
          const done = await lab.transfer({ sender, receiver, bytes: 400_000, faults, tcp: { ecn: "on" } });
          assertEquals(done.received, done.sent);
          assertGreater(done.counters.marked, 0);
          assertEquals(done.counters.there.dropped, 0);
        },
        "tcp",
        "ip.src",
        "tcp.flags.syn",
        "tcp.flags.ack",
        "tcp.flags.ece",
        "tcp.flags.cwr",
        "tcp.len",
        "ip.dsfield.ecn",
      );
      const from = rows[0]![0];
      const seen = rows.map(([source, syn, ack, ece, cwr, length, ecn]) => ({
        isSender: source === from,
        isSyn: isSet(syn),
        isAck: isSet(ack),
        ece: isSet(ece),
        cwr: isSet(cwr),
        hasText: Number(length) > 0,
        ecn: Number(ecn),
      }));
      const [syn, synAck] = seen.filter((p) => p.isSyn);
      assertEquals([syn!.ece, syn!.cwr], [true, true], "an ECN-setup SYN");
      assertEquals([synAck!.isAck, synAck!.ece, synAck!.cwr], [true, true, false], "an ECN-setup SYN-ACK");
      const rest = seen.filter((p) => !p.isSyn);
      const text = rest.filter((p) => p.isSender && p.hasText);
      assert(text.length > 0 && text.every((p) => p.ecn === 2), "text leaves as ECT(0)");
      assert(rest.some((p) => !p.isSender && p.ece), "the receiver echoes congestion");
      assert(text.some((p) => p.cwr), "the sender says that it has reduced its window");
      const firstEcho = rest.findIndex((p) => !p.isSender && p.ece);
      assert(rest.findIndex((p) => p.isSender && p.cwr) > firstEcho, "after it heard of congestion");
    });
  }
});

Deno.test("ECN: without Linux's consent we send no ECN-capable packet (RFC 3168 §6.1.1)", async () => {
  await using lab = await TcpLab.open();
  await lab.sysctl("net.ipv4.tcp_ecn=0");
  const options = { sender: "ours", receiver: "linux", bytes: 50_000, tcp: { ecn: "on" } } as const;
  const marked = await lab.capture(
    "A",
    () => lab.transfer({ ...options, faults: { seed: 1 } }),
    "ip.dsfield.ecn != 0",
    "tcp.len",
  );
  assertEquals(marked, []);
});

Deno.test("recovery, both ways: holes are SACKed, and only what was lost is sent again (RFC 2018 §4, RFC 6675 §5)", async (t) => {
  await using lab = await TcpLab.open();
  for (const [sender, receiver] of BOTH_WAYS) {
    await t.step(`${sender} → ${receiver}`, async () => {
      const faults = { seed: 1, lossRate: 0.01, delayMs: 10, bandwidthBps: 50e6, queueBytes: 400_000 };
      let lost = 0;
      const rows = await lab.capture(
        "A",
        async () => {
          const done = await lab.transfer({ sender, receiver, bytes: 600_000, faults });
          assertEquals(done.received, done.sent);
          lost = done.counters.there.dropped;
        },
        "tcp",
        "ip.src",
        "tcp.seq",
        "tcp.len",
        "tcp.options.sack_le",
      );
      const from = rows[0]![0];
      assert(rows.some(([source, , , left]) => source !== from && left !== ""), "SACK blocks come back");
      let top = 0;
      let again = 0;
      for (const [source, seq, length] of rows) {
        if (source !== from || Number(length) === 0) continue;
        if (Number(seq) < top) again++;
        else top = Number(seq) + Number(length);
      }
      assertGreater(again, 0);
      // A tail loss probe (RFC 8985 §7), or an acknowledgment that was lost, may cost a few more.
      assert(again <= 2 * lost + 8, `${again} sent again for ${lost} lost`);
    });
  }
});

Deno.test("tail loss, both ways: the end of a flight is probed by its last segment, and SACKs bring the rest (RFC 8985 §7)", async (t) => {
  await using lab = await TcpLab.open();
  for (const [sender, receiver] of BOTH_WAYS) {
    await t.step(`${sender} → ${receiver}`, async () => {
      // SYN, acknowledgment, ten segments of text; of these the last four are lost.
      const faults = { seed: 1, delayMs: 25, dropThere: [9, 10, 11, 12, 13] };
      const rows = await lab.capture(
        "A",
        async () => {
          const done = await lab.transfer({ sender, receiver, bytes: 10 * 1448, faults });
          assertEquals(done.received, done.sent);
          assertEquals(done.counters.there.dropped, 5);
        },
        "tcp.len > 0 || tcp.flags.fin == 1",
        "ip.src",
        "tcp.seq",
        "tcp.len",
        "tcp.flags.fin",
      );
      const from = rows[0]![0];
      let top = 0;
      const again: (readonly [start: number, end: number])[] = [];
      for (const [source, seq, length, fin] of rows) {
        if (source !== from) continue;
        const start = Number(seq);
        const end = start + Number(length) + (isSet(fin) ? 1 : 0);
        if (start < top) again.push([start, end]);
        else top = end;
      }
      // A timeout would begin with the first that is missing; the probe is the last, which may be the FIN.
      assertEquals(again[0]![1], top, `sent again: ${again.join(" ")}`);
      assert(again.some(([start]) => start === 6 * 1448 + 1), `sent again: ${again.join(" ")}`);
    });
  }
});

Deno.test("a reader that stops, both ways: its closed window is probed, and all arrives when it goes on (RFC 9293 §3.8.6.1)", async (t) => {
  await using lab = await TcpLab.open();
  for (const [sender, receiver] of BOTH_WAYS) {
    await t.step(`${sender} → ${receiver}`, async () => {
      const rows = await lab.capture(
        "A",
        async () => {
          const tcp = { receiveBufferBytes: 65_536 };
          const faults = { seed: 1, delayMs: 2 };
          const done = await lab.transfer({ sender, receiver, bytes: 1_500_000, faults, tcp, pauseMs: 3000 });
          assertEquals(done.received, done.sent);
        },
        "tcp",
        "ip.src",
        "tcp.window_size",
        "tcp.flags.reset",
        "tcp.flags.fin",
      );
      const from = rows[0]![0];
      const first = rows.findIndex(([source, window]) => source !== from && window === "0");
      assert(first > 0, "the window closes");
      const open = rows.findIndex(([source, window], i) => i > first && source !== from && window !== "0");
      assert(open > first, "the window opens");
      const probes = rows.slice(first, open).filter(([source]) => source === from);
      assertGreater(probes.length, 1, "it is probed");
      const answers = rows.slice(first, open).filter(([source]) => source !== from);
      assertGreater(answers.length, 1, "each probe is answered");
      assert(rows.every(([, , reset]) => !isSet(reset)));
    });
  }
});
