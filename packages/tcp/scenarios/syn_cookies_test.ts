import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { cookieTimestamp } from "../syn_cookies.ts";
import { script, type TcpScript } from "./harness.ts";

const ALWAYS = { tcp: { synCookies: "always" } } as const;
const FULL_SYN = "S 0:0(0) win 65535 <mss 1460,sackOK,TS val 77 ecr 0,nop,wscale 7>";

/** The peer sends a SYN and gets a cookie, which counts as our initial sequence number from then on. */
function cookie(s: TcpScript, syn: string): number {
  if (s.listener === undefined) s.call.listen();
  s.inject(syn);
  const answer = s.take()!;
  s.iss = answer.seq;
  assertEquals(s.harness.tcp.connectionCount, 0);
  return answer.seq;
}

Deno.test(
  "LISTEN: with too many half-open connections a SYN draws a cookie, and its acknowledgment a connection (RFC 4987 §3.6)",
  script((s) => {
    s.call.listen({ halfOpenLimit: 1 });
    s.inject("S 0:0(0) win 65535", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
    s.inject("S 0:0(0) win 4000 <mss 1000>");
    const answer = s.take()!;
    assertEquals([answer.ctl, answer.mss, answer.wnd, s.harness.tcp.connectionCount], [0x12, 1460, 64240, 1]);
    s.iss = answer.seq;
    s.inject(". 1:1(0) ack 1 win 4000").expectNothing().expectState("ESTABLISHED");
    s.call.send(1500);
    // The largest MSS in the table that is not more than 1,000.
    s.expect(". 1:537(536) ack 1").expect(". 537:1073(536) ack 1").expect("P. 1073:1501(428) ack 1");
    const { counters } = s.harness.tcp;
    assertEquals([counters.synCookiesSent, counters.synCookiesReceived, counters.passiveOpens], [1, 1, 2]);
  }),
);

Deno.test(
  "LISTEN: cookies are sent only when there is need, or never, or always, as the user says",
  script({ tcp: { synCookies: "never" } }, (s) => {
    s.call.listen({ halfOpenLimit: 1 });
    s.inject("S 0:0(0) win 65535", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
    s.inject("S 0:0(0) win 65535").expectNothing();
    assertEquals(s.harness.tcp.counters.synCookiesSent, 0);
  }),
);

Deno.test(
  "LISTEN: window scale, SACK and timestamps survive in a cookie (RFC 4987 §3.6, RFC 7323 §5.4)",
  script(ALWAYS, (s) => {
    s.call.listen();
    s.inject(FULL_SYN);
    const answer = s.take()!;
    s.iss = answer.seq;
    assertEquals(
      [answer.mss, answer.sackPermitted, answer.hasTimestamps, answer.tsEcr, answer.windowShift],
      [1460, true, true, 77, 7],
    );
    const now = answer.tsVal;
    s.at(30);
    s.injectRaw(echoing(s, now)).expectState("ESTABLISHED");
    const info = s.connection!.info();
    assertEquals([info.hasSack, info.hasTimestamps, info.sndWindShift], [true, true, 7]);
    // 1,000 × 128 octets of window, timestamps in each segment.
    s.call.send(14_480);
    const segments = s.takeAll();
    assertEquals(segments.map((seg) => seg.textLength), Array(10).fill(1448));
    assert(segments.every((seg) => seg.hasTimestamps && seg.tsEcr === 107));
    // The clock goes on from what the cookie said, not behind it.
    assert(((segments[0]!.tsVal - now) | 0) >= 0);
  }),
);

/** The acknowledgment of a SYN-ACK with a given TSecr. */
function echoing(s: TcpScript, echo: number): Uint8Array {
  const bytes = [24, 16, 8, 0].map((shift) => ((echo >>> shift) & 0xff).toString(16)).join(" ");
  return s.packet(`. 1:1(0) ack 1 win 1000 <raw 1 1 8 a 0 0 0 6b ${bytes}>`);
}

Deno.test(
  "LISTEN: what the SYN did not offer, the cookie does not promise",
  script(ALWAYS, (s) => {
    s.call.listen();
    // Without timestamps there is no place to remember the rest.
    s.inject("S 0:0(0) win 65535 <mss 1460,sackOK,nop,wscale 7>");
    const plain = s.take()!;
    assertEquals([plain.sackPermitted, plain.windowShift, plain.hasTimestamps], [false, -1, false]);
    s.inject("S 0:0(0) win 65535 <mss 1460,TS val 1 ecr 0>");
    const stamped = s.take()!;
    assertEquals([stamped.sackPermitted, stamped.windowShift, stamped.hasTimestamps], [false, -1, true]);
  }),
);

Deno.test(
  "LISTEN: ECN survives in a cookie (RFC 3168 §6.1.1)",
  script(ALWAYS, (s) => {
    s.call.listen();
    s.inject("SEW 0:0(0) win 65535 <mss 1460,TS val 77 ecr 0>");
    const answer = s.take()!;
    assertEquals(answer.ctl, 0x52);
    s.iss = answer.seq;
    s.injectRaw(echoing(s, answer.tsVal)).expectState("ESTABLISHED");
    s.call.send(100);
    s.take();
    // ECT(0) in the type of service octet.
    assertEquals(s.lastSent[1]! & 3, 2);
  }),
);

Deno.test(
  "LISTEN: a forged acknowledgment makes no connection, whatever bit is wrong (RFC 4987 §3.6)",
  script(ALWAYS, (s) => {
    const iss = cookie(s, "S 0:0(0) win 65535 <mss 1460>");
    for (let bit = 0; bit < 32; bit++) {
      s.iss = (iss ^ (1 << bit)) >>> 0;
      s.inject(". 1:1(0) ack 1");
      // Another time, and it is nobody's second segment either.
      if (bit >= 28) s.expect("R 1:1(0)");
      s.takeAll();
    }
    s.iss = iss;
    s.inject(". 2:2(0) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 1", { port: 50001 }).expectNothing();
    assertEquals([s.harness.tcp.connectionCount, s.harness.tcp.counters.synCookiesFailed], [0, 34]);
    s.inject(". 1:1(0) ack 1").expectNothing().expectState("ESTABLISHED");
  }),
);

Deno.test(
  "LISTEN: the options in the timestamp cannot be forged",
  script(ALWAYS, (s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535 <mss 1460,sackOK,TS val 77 ecr 0,nop,wscale 2>");
    const answer = s.take()!;
    s.iss = answer.seq;
    for (let bit = 0; bit < 6; bit++) {
      s.injectRaw(echoing(s, answer.tsVal ^ (1 << bit))).expectNothing();
    }
    s.inject(". 1:1(0) ack 1").expectNothing();
    assertEquals(s.harness.tcp.connectionCount, 0);
    s.injectRaw(echoing(s, answer.tsVal)).expectState("ESTABLISHED");
  }),
);

Deno.test(
  "LISTEN: the cookie's timestamp is never ahead of the clock (RFC 7323 §5.4)",
  script(ALWAYS, (s) => {
    s.call.listen();
    let base = -1;
    for (let ms = 0; ms < 200; ms += 7) {
      s.at(ms).inject("S 0:0(0) win 65535 <mss 1460,TS val 77 ecr 0>");
      const { tsVal } = s.take()!;
      if (base >= 0) assert(((tsVal - base) | 0) >= 0 && ((tsVal - base) | 0) <= ms + 64);
      else base = tsVal;
    }
  }),
);

Deno.test("property: a cookie's timestamp has its six bits, and is the latest that has, but not ahead of the clock (RFC 7323 §5.4)", () => {
  fc.assert(fc.property(fc.nat(0xffffffff), fc.nat(63), (clock, bits) => {
    const value = cookieTimestamp(clock, bits);
    const behind = (clock - value) >>> 0;
    return (value & 63) === bits && behind < 64;
  }));
});

Deno.test(
  "LISTEN: a cookie counts for two minutes at most, and is the same only for a while (RFC 4987 §3.6)",
  script({ ...ALWAYS, startMs: 6_400_000 }, (s) => {
    const first = cookie(s, "S 0:0(0) win 65535 <mss 1460>");
    assertEquals(cookie(s, "S 0:0(0) win 65535 <mss 1460>"), first);
    s.at(100_000);
    assertNotEquals(cookie(s, "S 0:0(0) win 65535 <mss 1460>"), first);
    s.iss = first;
    s.at(127_999).inject(". 1:1(0) ack 1").expectNothing().expectState("ESTABLISHED");
    s.inject("R 1:1(0)");
    s.at(128_000).inject(". 1:1(0) ack 1").expect("R 1:1(0)");
  }),
);

Deno.test(
  "LISTEN: without a flood nobody's acknowledgment is taken for a cookie's (RFC 4987 §3.6)",
  script((s) => {
    s.call.listen();
    s.inject(". 1:1(0) ack 1").expect("R 1:1(0)");
    assertEquals(s.harness.tcp.counters.synCookiesFailed, 0);
  }),
);

Deno.test(
  "LISTEN: the acknowledgment of a cookie may carry text and a FIN (RFC 9293 §3.10.7.4)",
  script(ALWAYS, (s) => {
    cookie(s, "S 0:0(0) win 65535 <mss 1460>");
    s.inject("FP. 1:101(100) ack 1").expectState("CLOSE-WAIT");
    assertEquals(s.call.read(200), 100);
    assert(s.connection!.isReadEof);
    s.at(40).expect(". 1:1(0) ack 102");
  }),
);

Deno.test(
  "LISTEN: the acknowledgment of a cookie was lost: the peer's text acknowledges as well",
  script(ALWAYS, (s) => {
    cookie(s, "S 0:0(0) win 65535 <mss 1460>");
    s.at(900).inject("P. 1:101(100) ack 1").expect(". 1:1(0) ack 101").expectState("ESTABLISHED");
  }),
);

Deno.test(
  "LISTEN: the first segment after a cookie was lost: the second is not answered with a reset, and the first comes again",
  script(ALWAYS, (s) => {
    cookie(s, "S 0:0(0) win 65535 <mss 1460>");
    s.inject("P. 101:201(100) ack 1").expectNothing();
    s.at(300).inject("P. 1:101(100) ack 1").expect(". 1:1(0) ack 101").expectState("ESTABLISHED");
    s.inject("P. 101:201(100) ack 1").expect(". 1:1(0) ack 201");
    assertEquals(s.call.read(300), 200);
  }),
);

Deno.test(
  "LISTEN: while the backlog is full neither cookies are sent nor taken",
  script(ALWAYS, (s) => {
    s.listener = s.harness.tcp.listen({ port: 8080, backlog: 1 }, (connection) => {
      s.adopt(connection);
      connection.holdBacklog();
      return s.handlers();
    });
    s.localPort = 8080;
    s.inject("S 0:0(0) win 65535", { port: 50001 });
    const other = s.take()!.seq;
    cookie(s, "S 0:0(0) win 65535");
    s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
    s.inject("S 0:0(0) win 65535", { port: 50002 }).expectNothing();
    s.iss = other;
    s.inject(". 1:1(0) ack 1", { port: 50001 }).expectNothing();
    assertEquals([s.harness.tcp.counters.acceptOverflows, s.harness.tcp.connectionCount], [1, 1]);
    s.call.do("releaseBacklog", (c) => c.releaseBacklog());
    s.inject(". 1:1(0) ack 1", { port: 50001 }).expectNothing();
    assertEquals(s.harness.tcp.connectionCount, 2);
  }),
);

Deno.test(
  "LISTEN: the MSS of a cookie is never more than the peer's, whatever that is (RFC 9293 §3.7.1)",
  script(ALWAYS, (s) => {
    s.call.listen();
    for (const mss of [64, 300, 536, 1000, 1219, 1220, 1299, 1399, 1459, 1460, 8960, 65495]) {
      s.inject(`S 0:0(0) win 65535 <mss ${mss}>`);
      s.iss = s.take()!.seq;
      s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
      s.call.send(3000);
      const [first] = s.takeAll();
      assert(first!.textLength <= mss, `${first!.textLength} octets for an MSS of ${mss}`);
      assert(first!.textLength >= Math.min(mss, 1460) * 0.2);
      s.call.abort();
      s.takeAll();
    }
  }),
);
