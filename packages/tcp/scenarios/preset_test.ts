import { assert, assertEquals, assertThrows } from "@std/assert";
import { resolveTcpOptions, type TcpOptions } from "../tcp_config.ts";
import { script } from "./harness.ts";
import { accepted, established } from "./states.ts";

const LWIP: { readonly tcp: TcpOptions } = { tcp: { defaults: "lwip" } };
const IDF: { readonly tcp: TcpOptions } = { tcp: { defaults: "esp-idf" } };
const OFFERS_ALL = "<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>";

Deno.test(
  "SYN-SENT: lwip: an MSS of 536 and no other option, whatever the peer has (TCP_MSS, LWIP_WND_SCALE, LWIP_TCP_SACK_OUT)",
  script(LWIP, (s) => {
    s.call.connect();
    s.expect("S 0:0(0) win 2144 <mss 536>");
    s.inject(`S. 0:0(0) ack 1 win 65535 ${OFFERS_ALL}`).expect(". 1:1(0) ack 1 win 2144");
    const info = s.connection!.info();
    assertEquals([info.hasSack, info.hasTimestamps, info.hasEcn, info.sndMss], [false, false, false, 536]);
    assertEquals(info.congestionControl, "reno");
  }),
);

Deno.test(
  "ESTABLISHED: lwip: two segments of send buffer (TCP_SND_BUF)",
  script(LWIP, (s) => {
    established(s, {}, "<mss 1460>");
    assertEquals(s.connection!.sendSpace, 1072);
    assertEquals(s.call.send(5000), 1072);
    s.expect(". 1:537(536) ack 1").expect("P. 537:1073(536) ack 1");
    s.inject(". 1:1(0) ack 1073");
  }),
);

Deno.test(
  "ESTABLISHED: lwip: a delayed acknowledgment after 250 ms, the second full segment at once (TCP_TMR_INTERVAL)",
  script(LWIP, (s) => {
    accepted(s);
    s.inject("P. 1:101(100) ack 1").expectNothing();
    s.at(250).expect(". 1:1(0) ack 101");
    s.inject(". 101:637(536) ack 1").inject("P. 637:1173(536) ack 1").expect(". 1:1(0) ack 1173");
    s.call.read(5000);
    s.takeAll();
  }),
);

Deno.test(
  "SYN-SENT: lwip: first retransmission after 3 s, six of them (LWIP_TCP_RTO_TIME, TCP_SYNMAXRTX)",
  script(LWIP, (s) => {
    s.call.connect();
    s.expect("S 0:0(0)");
    s.at(3000).expect("S 0:0(0)");
    s.run(400_000);
    assertEquals(s.takeAll().length, 5);
    s.expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "SYN-SENT: esp-idf: first retransmission after 1.5 s, twelve of them, MSS 1440, window 5760",
  script(IDF, (s) => {
    s.call.connect();
    s.expect("S 0:0(0) win 5760 <mss 1440>");
    s.at(1500).expect("S 0:0(0)");
    s.run(2_000_000);
    assertEquals(s.takeAll().length, 11);
    s.expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "ESTABLISHED: lwip: twelve retransmissions, then the end (TCP_MAXRTX)",
  script(LWIP, (s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.at(500).expect("P. 1:101(100) ack 1");
    s.run(1_000_000);
    assertEquals(s.takeAll().length, 11);
    s.expectEvent("closed TIMED_OUT");
  }),
);

Deno.test(
  "TIME-WAIT: lwip: lasts 120 s (TCP_MSL 60 s)",
  script(LWIP, (s) => {
    established(s);
    s.call.close();
    s.expect("F. 1:1(0) ack 1").inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    s.at(119_999).expectState("TIME-WAIT");
    s.at(120_000).expectState("CLOSED");
  }),
);

Deno.test(
  "ESTABLISHED: lwip: a small segment waits while anything is in flight (tcp_output, TC-21)",
  script(LWIP, (s) => {
    established(s);
    s.call.send(600);
    s.expect(". 1:537(536) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 537").expect("P. 537:601(64) ack 1");
    s.inject(". 1:1(0) ack 601");
  }),
);

Deno.test("CLOSED: a preset gives way to what the user says, and an unknown one is refused", () => {
  const config = resolveTcpOptions({ defaults: "lwip", sack: true, sendBufferBytes: 10_000 });
  assertEquals([config.sack, config.timestamps, config.sendBufferBytes], [true, false, 10_000]);
  assertEquals(config.initialSendBufferBytes, 10_000);
  assertEquals(resolveTcpOptions({ defaults: "esp-idf" }).maxConnections, 16);
  assertThrows(() => resolveTcpOptions({ defaults: "bsd" as "lwip" }), RangeError, "linux,lwip,esp-idf");
});

Deno.test("CLOSED: the defaults are Linux's", () => {
  const c = resolveTcpOptions();
  assertEquals([c.initialRtoMs, c.minRtoMs, c.maxRtoMs], [1000, 200, 120_000]);
  assertEquals([c.synRetries, c.synAckRetries, c.dataRetries], [6, 5, 15]);
  assertEquals([c.delayedAckMs, c.delayedAckMaxMs, c.windowShift], [40, 200, 7]);
  assertEquals([c.mslMs, c.finWait2Ms], [30_000, 60_000]);
  assert(c.sack && c.timestamps && c.windowScaling && c.idleRestart && c.pathMtuDiscovery);
  assertEquals(c.congestionControl(1000).name, "cubic");
  assertEquals(c.congestionControl(1000).cwnd, 10_000);
});
