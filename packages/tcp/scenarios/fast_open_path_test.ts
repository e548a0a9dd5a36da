/** Fast Open where servers or paths do not play along, and in its other forms; RFC 7413 §4.1.3.1, §7.1, RFC 6994. */
import { assertEquals } from "@std/assert";
import type { TcpConnectOptions } from "../tcp_open.ts";
import { script, type TcpScript } from "./harness.ts";
import { COOKIE, cookieCached, open, option, REQUEST } from "./fast_open_states.ts";
import { pattern } from "./text_pattern.ts";

const EXPERIMENTAL_REQUEST = "raw fe 4 f9 89";
const EXPERIMENTAL_COOKIE = "raw fe c f9 89 1 2 3 4 5 6 7 8";

/** The next OPEN with text takes it along, or does not. */
function expectTried(s: TcpScript, isTried: boolean): void {
  open(s, 100);
  s.expect(isTried ? "S 0:100(100)" : "S 0:0(0)");
  s.call.abort();
  s.takeAll();
}

/** Our text is not acknowledged by the SYN-ACK. */
function refuseText(s: TcpScript, options = "mss 1000"): void {
  open(s, 100);
  s.expect("S 0:100(100)");
  s.inject(`S. 0:0(0) ack 1 win 65535 <${options}>`).expect("P. 1:101(100) ack 1");
  s.inject(". 1:1(0) ack 101");
  s.call.abort();
  s.takeAll();
}

Deno.test(
  "SYN-SENT: a server that takes the text of no SYN is left in peace for a while (RFC 7413 §4.1.3.1)",
  script((s) => {
    cookieCached(s);
    refuseText(s);
    expectTried(s, true);
    refuseText(s);
    expectTried(s, false);
    s.at(s.nowMs + 60_000);
    expectTried(s, true);
  }),
);

Deno.test(
  "SYN-SENT: a cookie that is too old is replaced, which is no refusal (RFC 7413 §4.1.3)",
  script((s) => {
    cookieCached(s);
    for (let i = 0; i < 4; i++) refuseText(s, `mss 1000,${COOKIE}`);
    expectTried(s, true);
  }),
);

Deno.test(
  "SYN-SENT: ICMP errors about SYNs with text count as refusals (RFC 7413 §4.1.3.1)",
  script((s) => {
    cookieCached(s);
    for (let i = 0; i < 2; i++) {
      open(s, 100);
      s.expect("S 0:100(100)");
      s.injectIcmp(3, 1).expectClosed("HOST_UNREACHABLE");
    }
    expectTried(s, false);
  }),
);

Deno.test(
  "ESTABLISHED: where nothing comes after the handshake, the next SYN has no text (RFC 7413 §7.1)",
  script((s) => {
    cookieCached(s);
    open(s, 100);
    s.expect("S 0:100(100)");
    s.inject("S. 0:0(0) ack 101 win 65535 <mss 1000>").expect(". 101:101(0) ack 1");
    s.call.send(50);
    s.expect("P. 101:151(50) ack 1");
    s.at(200).expect("P. 101:151(50) ack 1");
    s.at(600).expect("P. 101:151(50) ack 1");
    s.at(1400).expect("P. 101:151(50) ack 1");
    s.call.abort();
    s.takeAll();
    expectTried(s, false);
  }),
);

Deno.test(
  "ESTABLISHED: after a word of the server's, timeouts have other reasons (RFC 7413 §7.1)",
  script((s) => {
    cookieCached(s);
    open(s, 100);
    s.expect("S 0:100(100)");
    s.inject("S. 0:0(0) ack 101 win 65535 <mss 1000>").expect(". 101:101(0) ack 1");
    s.inject("P. 1:11(10) ack 101").expect(". 101:101(0) ack 11");
    s.call.send(50);
    s.run(3000);
    s.takeAll();
    s.call.abort();
    s.takeAll();
    expectTried(s, true);
  }),
);

// The experimental option.

Deno.test(
  "LISTEN: who asks by the experimental option is answered by it, and his text is taken (RFC 7413 §4.2.2, RFC 6994 §3)",
  script((s) => {
    s.call.listen({ fastOpen: 4 });
    s.inject(`S 0:0(0) win 65535 <mss 1000,${EXPERIMENTAL_REQUEST}>`).expect("S. 0:0(0) ack 1");
    const cookie = option(s)!;
    assertEquals([cookie.slice(0, 14), cookie.split(" ").length], ["raw fe c f9 89", 13]);
    s.inject("R 1:1(0)");
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    assertEquals([option(s), s.call.read(50)], [undefined, 10]);
    s.call.abort();
    s.takeAll();
    // The cookie is the same whatever it is written in.
    const usual = `raw 22 a ${cookie.split(" ").slice(5).join(" ")}`;
    s.inject(`S 0:10(10) win 65535 <mss 1000,${usual}>`).expect("S. 0:0(0) ack 11");
  }),
);

Deno.test(
  "SYN-SENT: a server without an answer is asked by the experimental option next, once (RFC 6994)",
  script((s) => {
    const ask = (request: string, answer: string): void => {
      s.call.connect({ fastOpen: true });
      s.expect("S 0:0(0)");
      assertEquals(option(s), request);
      s.inject(`S. 0:0(0) ack 1 win 65535 <mss 1000${answer}>`).expect(". 1:1(0) ack 1");
      s.call.abort();
      s.takeAll();
    };
    ask(REQUEST, "");
    ask(EXPERIMENTAL_REQUEST, "");
    ask(REQUEST, "");
    ask(REQUEST, `,${COOKIE}`);
  }),
);

Deno.test(
  "SYN-SENT: a cookie that came by the experimental option goes back by it (RFC 6994)",
  script((s) => {
    s.call.connect({ fastOpen: true });
    s.expect("S 0:0(0)");
    s.inject(`S. 0:0(0) ack 1 win 65535 <mss 1000,${EXPERIMENTAL_COOKIE}>`).expect(". 1:1(0) ack 1");
    s.call.abort();
    s.takeAll();
    open(s, 100);
    s.expect("S 0:100(100)");
    assertEquals(option(s), EXPERIMENTAL_COOKIE);
  }),
);

// Without cookies.

Deno.test(
  "LISTEN: without cookies, the text of any SYN is taken, and a SYN without text waits for its acknowledgment",
  script((s) => {
    s.call.listen({ fastOpen: 1, fastOpenWithoutCookie: true });
    s.inject("S 0:10(10) win 65535 <mss 1000>").expect("S. 0:0(0) ack 11").expectState("SYN-RECEIVED");
    assertEquals([option(s), s.call.read(50)], [undefined, 10]);
    // One at a time.
    s.inject("S 0:10(10) win 65535 <mss 1000>", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
    s.inject(". 11:11(0) ack 1").expectState("ESTABLISHED");
    s.inject("S 0:0(0) win 65535 <mss 1000>", { port: 50002 }).expect("S. 0:0(0) ack 1", { port: 50002 });
    assertEquals([s.connections.length, s.harness.tcp.counters.fastOpenPassive], [1, 1]);
  }),
);

function cookieless(s: TcpScript, options: Partial<TcpConnectOptions> = {}): void {
  s.call.connect({ fastOpenData: pattern(1, 100), fastOpenWithoutCookie: true, ...options });
  s.writtenBytes = 100;
}

Deno.test(
  "SYN-SENT: without cookies, text goes with the first SYN, of as many octets as the server's last MSS leaves beside all options",
  script((s) => {
    cookieless(s);
    s.expect("S 0:100(100) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7>");
    assertEquals(option(s), undefined);
    s.inject("S. 0:0(0) ack 101 win 65535 <mss 1000>").expect(". 101:101(0) ack 1");
    assertEquals(s.connection!.info().isSynTextTaken, true);
    s.call.abort();
    s.takeAll();
    cookieless(s, { fastOpenData: pattern(1, 2000) });
    s.writtenBytes = 2000;
    s.expect("S 0:960(960)");
  }),
);

// STATUS.

Deno.test(
  "ESTABLISHED: STATUS says whether text of the SYN was taken, and why not (RFC 9293 §3.10.6)",
  script((s) => {
    const status = () => {
      const { isSynTextTaken, fastOpenFailure, textSegmentsOut } = s.connection!.info();
      return [isSynTextTaken, fastOpenFailure, textSegmentsOut];
    };
    open(s, 100);
    s.expect("S 0:0(0)");
    assertEquals(status(), [false, "NO_COOKIE", 0]);
    s.call.abort();
    cookieCached(s);
    open(s, 100);
    s.expect("S 0:100(100)").inject("S. 0:0(0) ack 101 win 65535 <mss 1000>").expect(". 101:101(0) ack 1");
    assertEquals(status(), [true, "NONE", 1]);
    s.call.abort();
    s.takeAll();
    open(s, 100);
    s.expect("S 0:100(100)").inject("S. 0:0(0) ack 1 win 65535 <mss 1000>").expect("P. 1:101(100) ack 1");
    assertEquals(status(), [false, "TEXT_NOT_ACKNOWLEDGED", 2]);
    s.call.abort();
    s.takeAll();
    open(s, 100);
    s.expect("S 0:100(100)").at(s.nowMs + 1000).expect("S 0:0(0)");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>").expect("P. 1:101(100) ack 1");
    assertEquals(status(), [false, "SYN_RETRANSMITTED", 2]);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "SYN-RECEIVED: STATUS of a server says that text of the SYN was taken (RFC 9293 §3.10.6)",
  script((s) => {
    s.call.listen({ fastOpen: 1, fastOpenWithoutCookie: true });
    s.inject("S 0:10(10) win 65535 <mss 1000>").expect("S. 0:0(0) ack 11");
    assertEquals(s.connection!.info().isSynTextTaken, true);
  }),
);

Deno.test(
  "SYN-SENT: beside options that leave no room, neither cookie nor text goes along, which is no refusal (RFC 7413 §4.1.1)",
  script((s) => {
    cookieCached(s);
    s.harness.tcp.hooks.tcpOutOptions = {
      length: (_, internalLength) => internalLength === 20 ? 20 : 0,
      write: (c, view, at) => {
        if (c.state !== "SYN-SENT") return;
        for (let i = 0; i < 20; i++) view.setUint8(at + i, 1);
      },
    };
    for (let i = 0; i < 3; i++) {
      open(s, 100);
      s.expect("S 0:0(0)");
      s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>").expect("P. 1:101(100) ack 1");
      s.call.abort();
      s.takeAll();
    }
    s.harness.tcp.hooks.tcpOutOptions = undefined;
    expectTried(s, true);
  }),
);

Deno.test(
  "ESTABLISHED: the SYN's text counts as sent: what follows is no restart after idle (RFC 5681 §4.1)",
  script((s) => {
    s.at(500_000);
    cookieCached(s);
    open(s, 100);
    s.expect("S 0:100(100)");
    s.wait(100).inject("S. 0:0(0) ack 101 win 65535 <mss 1000>").expect(". 101:101(0) ack 1");
    assertEquals(s.connection!.info().lastTextSentMs, 100);
  }),
);
