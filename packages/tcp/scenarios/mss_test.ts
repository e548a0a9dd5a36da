import { assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { established } from "./states.ts";

Deno.test(
  "[MUST-14] SYN-SENT: the MSS option says MTU − 40, whatever options follow (RFC 9293 §3.7.1, RFC 6691 §2, MUST-67, SHLD-5)",
  script({ mtu: 576 }, (s) => {
    s.call.connect();
    s.expect("S 0:0(0) <mss 536,sackOK,TS val 0 ecr 0,nop,wscale 7>");
  }),
);

Deno.test(
  "LISTEN: the MSS option follows the interface of the SYN (RFC 9293 §3.7.1, SHLD-6)",
  script({ mtu: 9000 }, (s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535 <mss 1460>").expect("S. 0:0(0) ack 1 <mss 8960>");
  }),
);

Deno.test(
  "[MUST-15] ESTABLISHED: without an MSS option of the peer, segments are of 536 octets (RFC 9293 §3.7.1)",
  script((s) => {
    established(s, {}, "<nop>");
    s.call.send(1000);
    s.expect(". 1:537(536) ack 1").expect("P. 537:1001(464) ack 1");
    s.inject(". 1:1(0) ack 1001");
  }),
);

Deno.test(
  "[MUST-16] ESTABLISHED: segments are min(peer's MSS, MTU − 40) (RFC 9293 §3.7.1)",
  script({ mtu: 1000 }, (s) => {
    established(s, {}, "<mss 1460>");
    s.call.send(1500);
    s.expect(". 1:961(960) ack 1").expect("P. 961:1501(540) ack 1");
    s.inject(". 1:1(0) ack 1501");
  }),
);

Deno.test(
  "[MUST-16] ESTABLISHED: options in every segment count against the peer's MSS (RFC 6691 §2)",
  script((s) => {
    established(s, {}, "<mss 1000,TS val 1 ecr 0>");
    s.call.send(1976);
    s.expect(". 1:989(988) ack 1").expect("P. 989:1977(988) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 1977 <TS val 1 ecr 0>");
  }),
);

Deno.test(
  "ESTABLISHED: a tiny MSS does not make a flood of tiny segments (minimum MSS)",
  script((s) => {
    established(s, {}, "<mss 1>");
    s.call.send(480);
    const sizes = s.takeAll().map((seg) => seg.textLength);
    assertEquals(sizes.every((size) => size === 48), true, String(sizes));
    s.inject(". 1:1(0) ack 481");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: an MSS of 0 counts as none",
  script((s) => {
    established(s, {}, "<mss 0>");
    s.call.send(600);
    s.expect(". 1:537(536) ack 1").expect("P. 537:601(64) ack 1");
    s.inject(". 1:1(0) ack 601");
  }),
);

Deno.test(
  "[MUST-65] ESTABLISHED: no MSS option outside of SYNs, and one that comes is ignored (RFC 9293 §3.2)",
  script((s) => {
    established(s);
    s.inject("P. 1:11(10) ack 1 <mss 100>").expect(". 1:1(0) ack 11 <>");
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 11 <>");
    s.inject(". 11:11(0) ack 1001");
  }),
);

Deno.test(
  "ESTABLISHED: the user may limit the segment size in both directions (TCP_MAXSEG)",
  script((s) => {
    s.call.connect({ maxSegmentBytes: 500 });
    s.expect("S 0:0(0) <mss 500,...>");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1460>").expect(". 1:1(0) ack 1");
    s.call.send(800);
    s.expect(". 1:501(500) ack 1").expect("P. 501:801(300) ack 1");
    s.inject(". 1:1(0) ack 801");
  }),
);

Deno.test(
  "ESTABLISHED: no segment above half of the largest window (TC-40)",
  script((s) => {
    s.win = 1200;
    established(s, {}, "<mss 1000>");
    s.call.send(1200);
    s.expect(". 1:601(600) ack 1").expect("P. 601:1201(600) ack 1");
    s.inject(". 1:1(0) ack 1201");
  }),
);
