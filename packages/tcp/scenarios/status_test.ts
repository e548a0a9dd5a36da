/** STATUS, field by field: what `docs/tcp_counters.md` says that each means. */
import { assertEquals, assertObjectMatch } from "@std/assert";
import { script } from "./harness.ts";
import { distant, established } from "./states.ts";

Deno.test(
  "ESTABLISHED: STATUS: what was agreed upon, what has come, what waits (tcpi_options, tcpi_rcv_ooopack, tcpi_notsent_bytes)",
  script({ tcp: { ecn: "on" } }, (s) => {
    s.call.listen();
    s.inject("SEW 0:0(0) win 30000 <mss 1000,sackOK,nop,wscale 3>").expect("SE. 0:0(0) ack 1");
    s.at(40).inject(". 1:1(0) ack 1 win 5000");
    // 1,000 octets in order, marked; 500 behind a gap; then we answer with more than the congestion window takes.
    s.at(50).inject(". 1:1001(1000) ack 1 win 5000", { tos: 3 });
    s.inject("P. 1501:2001(500) ack 1 win 5000");
    s.takeAll();
    s.at(60);
    s.call.send(30_000);
    const sent = s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
    s.at(75);
    const info = s.connection!.info();
    assertObjectMatch(info, {
      state: "ESTABLISHED",
      congestionControl: "cubic",
      rttMs: 40,
      rttVarMs: 20,
      minRttMs: 40,
      rtoMs: 240,
      sndMss: 1000,
      rcvMss: 1000,
      peerMss: 1000,
      announcedMss: 1460,
      pathMtu: 1500,
      cwnd: 10_000,
      ssthresh: Infinity,
      flight: sent,
      pipe: sent,
      sndWnd: 40_000,
      sndWindShift: 3,
      rcvWindShift: 7,
      hasEcn: true,
      hasSack: true,
      hasTimestamps: false,
      bytesReceived: 1000,
      unreadBytes: 1000,
      outOfOrderBytes: 500,
      outOfOrderSegments: 1,
      markedSegmentsIn: 1,
      queuedBytes: 30_000,
      unsentBytes: 30_000 - sent,
      cwndLimitedMs: 15,
      lastTextSentMs: 15,
      lastTextReceivedMs: 25,
      lastReceivedMs: 25,
    });
    assertEquals(info.receiveSpaceBytes, info.receiveBufferBytes - 1000);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: STATUS: the delivery rate, and whether the user had no more to send (tcpi_delivery_rate, tcpi_delivery_rate_app_limited)",
  script((s) => {
    distant(s);
    s.call.send(6000);
    s.takeAll();
    s.at(110).inject(". 1:1(0) ack 6001");
    let info = s.connection!.info();
    assertEquals([info.deliveryRateBps, info.isDeliveryRateAppLimited], [100_000, false]);
    assertEquals([info.appLimitedMs, info.busyMs], [60, 60]);
    // The first flight had ended for want of text.
    s.call.send(9000);
    s.takeAll();
    s.at(170).inject(". 1:1(0) ack 15001");
    info = s.connection!.info();
    assertEquals([info.deliveryRateBps, info.isDeliveryRateAppLimited], [150_000, true]);
    assertEquals(info.pacingRateBps, Infinity, "CUBIC has no rate of its own");
  }),
);

Deno.test(
  "ESTABLISHED: STATUS: timeouts, and how long recovery from them took (tcpi_backoff, tcpi_total_rto_recoveries, tcpi_total_rto_time)",
  script({ tcp: { tailLossProbe: false } }, (s) => {
    distant(s);
    s.call.send(4000);
    s.takeAll();
    for (const at of [300, 800]) s.at(at).expect(". 1:1001(1000) ack 1");
    assertObjectMatch(s.connection!.info(), {
      phase: "TIMEOUT",
      retransmits: 2,
      rtoBackOff: 2,
      rtoMs: 1000,
      timeouts: 2,
      timeoutRecoveries: 1,
      lostBytes: 4000,
      retransmittedInFlightBytes: 1000,
      pipe: 1000,
    });
    s.at(850).inject(". 1:1(0) ack 4001");
    assertObjectMatch(s.connection!.info(), {
      phase: "NONE",
      retransmits: 0,
      rtoBackOff: 2,
      timeoutRecoveryMs: 550,
      flight: 0,
    });
  }),
);

Deno.test(
  "ESTABLISHED: STATUS: probes of a closed window, and the pace of a congestion control that has one (tcpi_probes, tcpi_pacing_rate)",
  script({ tcp: { congestionControl: "bbr" } }, (s) => {
    distant(s);
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.at(100).inject(". 1:1(0) ack 1001 win 0");
    s.call.send(10);
    s.expectBetween(250, 1500, ". 1000:1000(0) ack 1");
    const { probes, pacingRateBps, rwndLimitedMs } = s.connection!.info();
    assertEquals([probes, rwndLimitedMs], [1, s.nowMs - 100]);
    assertEquals(pacingRateBps > 0 && pacingRateBps < Infinity, true, String(pacingRateBps));
    s.inject(". 1:1(0) ack 1001 win 1000").expect("P. 1001:1011(10) ack 1");
    assertEquals(s.connection!.info().probes, 0);
    s.inject(". 1:1(0) ack 1011 win 1000");
  }),
);

Deno.test(
  "ESTABLISHED: STATUS: duplicates, and how long RACK waits since (tcpi_dsack_dups, RFC 8985 §6.2)",
  script((s) => {
    distant(s);
    s.call.send(5000);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:2001>");
    s.at(112.5).expect(". 1:1001(1000) ack 1");
    assertObjectMatch(s.connection!.info(), {
      dsackDups: 0,
      reorderingQuarters: 1,
      bytesRetransmitted: 1000,
    });
    s.at(120).inject(". 1:1(0) ack 5001").inject(". 1:1(0) ack 5001 <sack 1:1001>").expectNothing();
    assertObjectMatch(s.connection!.info(), { dsackDups: 1, reorderingQuarters: 2 });
  }),
);

Deno.test(
  "ESTABLISHED: STATUS: each field is in docs/tcp_counters.md, with its name in tcp_info",
  script((s) => {
    established(s);
    const text = Deno.readTextFileSync(new URL("../../../docs/tcp_counters.md", import.meta.url));
    const missing = Object.keys(s.connection!.info()).filter((name) => !text.includes(`\`${name}\``));
    assertEquals(missing, []);
  }),
);
