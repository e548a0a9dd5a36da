import { assertEquals } from "@std/assert";
import { cookieCached, cookieOf, open, option, REQUEST } from "./fast_open_states.ts";
import { script } from "./harness.ts";
import { pattern } from "./text_pattern.ts";

const KEY = new Uint8Array(16).fill(7);

Deno.test(
  "LISTEN: a key that the user has chosen stays, and its cookies with it (RFC 7413 §4.1.2)",
  script({ tcp: { fastOpenKeys: [KEY] } }, (s) => {
    const cookie = cookieOf(s);
    s.at(3 * 86_400_000);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    assertEquals([option(s), s.call.read(20)], [undefined, 10]);
  }),
);

Deno.test(
  "LISTEN: a cookie of the second key counts, and is replaced (RFC 7413 §4.1.2)",
  script({ tcp: { fastOpenKeys: [KEY] } }, (s) => {
    const cookie = cookieOf(s);
    s.call.closeListener();
    s.call.listen({ fastOpen: 16, fastOpenKeys: [new Uint8Array(16), KEY] });
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    const newer = option(s);
    assertEquals([newer === undefined, newer === cookie, s.call.read(20)], [false, false, 10]);
  }),
);

Deno.test(
  "SYN-RECEIVED: the SYN-ACK that acknowledges text announces a whole first window, as in Linux (RFC 7413 §4.2.2)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:1000(1000) win 65535 <mss 1460,${cookie}>`).expect("S. 0:0(0) ack 1001 win 64240");
    assertEquals(s.connection!.info().isSynTextTaken, true);
  }),
);

Deno.test(
  "SYN-SENT: a SYN whose text makes it too large for the path goes again without, at once (RFC 1191 §6.3, RFC 7413 §4.2.1)",
  script((s) => {
    cookieCached(s);
    open(s, 900);
    s.expect("S 0:900(900)");
    s.injectIcmp(3, 4, 800, s.lastSent);
    s.expect("S 0:0(0)").expectNothing();
    assertEquals(option(s), undefined);
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>");
    s.expect(". 1:761(760) ack 1").expect("P. 761:901(140) ack 1");
  }),
);

Deno.test(
  "SYN-SENT: a request costs no text where cookies are needed (RFC 7413 §4.2.1)",
  script((s) => {
    s.call.connect({ fastOpenData: pattern(1, 100) });
    s.writtenBytes = 100;
    s.expect("S 0:0(0)");
    assertEquals(option(s), REQUEST);
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>").expect("P. 1:101(100) ack 1");
    assertEquals(s.connection!.info().isSynTextTaken, false);
  }),
);

Deno.test(
  "SYN-RECEIVED: ten full segments may follow the SYN-ACK, which takes no room of theirs (RFC 7413 §4.2.2, RFC 6928 §2)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    s.call.send(20_000);
    assertEquals(s.takeAll().length, 10);
    s.inject(". 11:11(0) ack 10001");
    assertEquals(s.takeAll().length, 10);
    s.inject(". 11:11(0) ack 20001");
  }),
);

Deno.test(
  "SYN-RECEIVED: SYNs that cross: the peer's SYN-ACK may acknowledge the text of ours (RFC 9293 §3.5, MUST-10)",
  script((s) => {
    cookieCached(s);
    open(s, 100);
    s.expect("S 0:100(100)");
    s.inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1").expectState("SYN-RECEIVED");
    s.inject("S. 0:0(0) ack 101 win 65535 <mss 1000>").expectNothing().expectState("ESTABLISHED");
    assertEquals([s.connection!.unackedBytes, s.connection!.info().isSynTextTaken], [0, true]);
    s.inject("P. 1:11(10) ack 101").expect(". 101:101(0) ack 11");
  }),
);
