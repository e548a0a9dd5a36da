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
    s.inject(`S 0:1000(1000) win 65535 <mss 1460,${cookie}>`).expect("S. 0:0(0) ack 1001 win 65535");
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
