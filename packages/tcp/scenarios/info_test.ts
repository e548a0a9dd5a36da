import { assert, assertEquals } from "@std/assert";
import type { TcpInfo } from "../tcp_info.ts";
import { script } from "./harness.ts";
import { accepted, distant, established } from "./states.ts";
import { pattern, Peer, TwoHosts } from "./two_hosts.ts";

const WIDE = "<mss 1000,sackOK,nop,wscale 7>";

Deno.test(
  "ESTABLISHED: STATUS says what held the connection up, and for how long (tcpi_busy_time, tcpi_rwnd_limited, RFC 4898 SndLimTime)",
  script((s) => {
    established(s, { sendBufferBytes: 12_000 }, "<mss 1000>");
    const info = (): TcpInfo => s.connection!.info();
    assertEquals(info().busyMs, 0);
    s.wait(100);
    s.call.send(500);
    s.expect("P. 1:501(500) ack 1");
    s.wait(30).inject(". 1:1(0) ack 501");
    assertEquals([info().appLimitedMs, info().busyMs], [30, 30]);
    s.wait(100);
    assertEquals(info().busyMs, 30, "idle does not count");
    s.call.send(12_000);
    s.takeAll();
    s.wait(40).inject(". 1:1(0) ack 10501");
    s.takeAll();
    assertEquals(info().cwndLimitedMs, 40, "10 segments of 12");
    s.inject(". 1:1(0) ack 12501 win 1000");
    s.call.send(5000);
    s.takeAll();
    s.wait(50).inject(". 1:1(0) ack 13501 win 1000");
    s.takeAll();
    assertEquals(info().rwndLimitedMs, 50);
    s.inject(". 1:1(0) ack 14501 win 60000");
    s.takeAll();
    s.inject(". 1:1(0) ack 17501 win 60000");
    s.connection!.sendBufferBytes = 1000;
    s.call.send(1000);
    s.expect("P. 17501:18501(1000) ack 1");
    s.wait(20).inject(". 1:1(0) ack 18501 win 60000");
    assertEquals(info().sendBufferLimitedMs, 20);
    assertEquals(info().busyMs, 140);
  }),
);

Deno.test(
  "ESTABLISHED: STATUS counts the time that the first text of all waits for a window (tcpi_rwnd_limited)",
  script((s) => {
    s.win = 0;
    established(s);
    assertEquals(s.connection!.info().rwndLimitedMs, 0);
    s.call.send(1000);
    s.wait(100);
    assertEquals(s.connection!.info().rwndLimitedMs, 100);
    s.wait(50).inject(". 1:1(0) ack 1 win 2000").expect("P. 1:1001(1000) ack 1");
    s.wait(30).inject(". 1:1(0) ack 1001 win 2000");
    assertEquals([s.connection!.info().rwndLimitedMs, s.connection!.info().busyMs], [150, 180]);
  }),
);

Deno.test(
  "ESTABLISHED: STATUS counts segments, octets acknowledged, sent again, and lost (tcpi_segs_out, tcpi_bytes_retrans)",
  script((s) => {
    distant(s, WIDE);
    s.call.send(10_000);
    s.takeAll();
    s.wait(50).inject(". 1:1(0) ack 1 <sack 1001:5001>");
    s.takeAll();
    let info = s.connection!.info();
    assertEquals(info.sackedBytes, 4000);
    assertEquals([info.lostBytes, info.retransmittedInFlightBytes, info.totalLostBytes], [1000, 1000, 1000]);
    assertEquals(info.bytesRetransmitted, 1000);
    s.wait(50).inject(". 1:1(0) ack 10001");
    info = s.connection!.info();
    assertEquals([info.bytesAcked, info.deliveredBytes, info.flight, info.lostBytes], [10_000, 10_000, 0, 0]);
    assertEquals([info.textSegmentsOut, info.totalRetransmits], [11, 1]);
    assertEquals([info.segmentsIn, info.segmentsOut], [4, 12]);
    assert(info.deliveryRateBps > 0);
    assertEquals([info.lastTextSentMs, info.lastTextReceivedMs, info.lastReceivedMs], [50, -1, 0]);
    s.inject(". 1:1(0) ack 10001 <sack 1:1001>");
    assertEquals(s.connection!.info().dsackDups, 1);
  }),
);

Deno.test(
  "ESTABLISHED: STATUS counts timeouts and what came",
  script((s) => {
    accepted(s);
    s.inject("P. 1:101(100) ack 1");
    s.takeAll();
    s.call.send(10);
    s.run(s.nowMs + 4000).takeAll();
    const info = s.connection!.info();
    assert(info.timeouts >= 1 && info.rtoBackOff === info.timeouts);
    assertEquals(info.textSegmentsIn, 1);
    assertEquals(info.receiveSpaceBytes, info.receiveBufferBytes - 100);
    s.call.read(100);
    s.inject(". 101:101(0) ack 11");
    s.takeAll();
  }),
);

Deno.test("ESTABLISHED: a receiver that does not read is what limits a transfer, and STATUS says so", () => {
  const hosts = new TwoHosts({ b: { receiveBufferBytes: 50_000 } });
  const client = new Peer(pattern(300_000));
  const server = new Peer();
  server.isPaused = true;
  hosts.b.tcp.listen({ port: 7 }, () => server);
  client.connection = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 7 }, client);
  hosts.advance(20_000);
  const info = client.connection.info();
  assert(info.rwndLimitedMs > 19_000, `${info.rwndLimitedMs} of ${info.busyMs}`);
  client.connection.abort();
  server.connection?.abort();
  hosts.advance(1000);
  hosts.close();
});

Deno.test(
  "ESTABLISHED: STATUS counts sequences of timeouts and their time, text ahead of gaps, echoed marks (tcpi_total_rto_time, tcpi_rcv_ooopack)",
  script({ tcp: { ecn: "on", tailLossProbe: false } }, (s) => {
    s.call.connect();
    s.expect("SEW 0:0(0)");
    s.inject("SE. 0:0(0) ack 1 win 65535 <mss 1000,sackOK>").expect(". 1:1(0) ack 1");
    const info = (): TcpInfo => s.connection!.info();
    assertEquals([info().announcedMss, info().peerMss], [1460, 1000]);
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.at(200).take();
    s.at(600).take();
    s.at(650).inject(". 1:1(0) ack 1001");
    assertEquals([info().timeouts, info().timeoutRecoveries, info().timeoutRecoveryMs], [2, 1, 450]);
    s.call.send(1000);
    s.takeAll();
    s.wait(10).inject("E. 1:1(0) ack 2001");
    assertEquals([info().deliveredBytes, info().deliveredMarkedBytes], [2000, 1000]);
    s.inject(". 1001:1101(100) ack 2001").inject(". 2001:2101(100) ack 2001");
    s.takeAll();
    assertEquals(info().outOfOrderSegments, 2);
    s.inject(". 1:1001(1000) ack 2001").inject(". 1101:2001(900) ack 2001");
    s.takeAll();
  }),
);

Deno.test(
  "SYN-RECEIVED: the SYN is counted and traced, remembered or not (tcpi_segs_in, RFC 4898 SegsIn)",
  script((s) => {
    const names: string[] = [];
    s.harness.tcp.hooks.trace = () => (event) => names.push(event.name);
    accepted(s);
    assertEquals([s.connection!.info().segmentsIn, s.connection!.info().segmentsOut], [2, 1]);
    assertEquals(names.filter((name) => name.startsWith("transport:")), [
      "transport:packet_received",
      "transport:packet_sent",
      "transport:packet_received",
    ]);
    s.harness.tcp.hooks.trace = undefined;
  }),
);

Deno.test(
  "ESTABLISHED: after a SYN cookie, STATUS counts what was exchanged for it (tcpi_segs_in)",
  script({ tcp: { synCookies: "always" } }, (s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535 <mss 1000>");
    s.iss = s.take()!.seq;
    s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
    assertEquals([s.connection!.info().segmentsIn, s.connection!.info().segmentsOut], [2, 1]);
  }),
);
