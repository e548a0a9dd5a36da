import { assert, assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { established, synSent } from "./states.ts";
import { decodePacket } from "../harness/wire.ts";

const BIG = "<mss 1460>";

Deno.test(
  "ESTABLISHED: packets carry DF (RFC 1191 §3)",
  script((s) => {
    established(s);
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    const packet = decodePacket(s.lastSent);
    assertEquals(typeof packet === "string" ? packet : packet.dontFragment, true);
    s.inject(". 1:1(0) ack 11");
  }),
);

Deno.test(
  "ESTABLISHED: without path MTU discovery packets carry no DF",
  script({ tcp: { pathMtuDiscovery: false } }, (s) => {
    established(s);
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    const packet = decodePacket(s.lastSent);
    assertEquals(typeof packet === "string" ? packet : packet.dontFragment, false);
    s.inject(". 1:1(0) ack 11");
  }),
);

Deno.test(
  "ESTABLISHED: fragmentation needed: what is outstanding goes out again in smaller segments, at once (RFC 1191 §6.5)",
  script((s) => {
    established(s, {}, BIG);
    s.call.send(2920);
    s.expect(". 1:1461(1460) ack 1");
    const first = s.lastSent;
    s.expect("P. 1461:2921(1460) ack 1");
    s.at(20).injectIcmp(3, 4, 1000, first);
    s.expect(". 1:961(960) ack 1").expect(". 961:1921(960) ack 1").expect(". 1921:2881(960) ack 1");
    s.expect("P. 2881:2921(40) ack 1").expectNothing();
    assert(s.connection!.info().cwnd >= 9600, "no reproach to the congestion window");
    s.inject(". 1:1(0) ack 2921");
    s.call.send(960);
    s.expect("P. 2921:3881(960) ack 1");
    s.inject(". 1:1(0) ack 3881");
  }),
);

Deno.test(
  "ESTABLISHED: fragmentation needed about a segment that is not in flight is ignored (RFC 5927 §7.2)",
  script((s) => {
    established(s, {}, BIG);
    s.call.send(1460);
    s.expect("P. 1:1461(1460) ack 1");
    const old = s.lastSent;
    s.inject(". 1:1(0) ack 1461");
    s.call.send(1460);
    s.expect("P. 1461:2921(1460) ack 1");
    s.injectIcmp(3, 4, 600, old).expectNothing();
    s.inject(". 1:1(0) ack 2921");
  }),
);

/** What a stranger can get wrong in the packet that he claims to quote: offset of an octet, and what it is. */
const FORGERIES = [
  [19, "another destination"],
  [21, "another local port"],
  [23, "another remote port"],
  [24, "a sequence number far from those in flight"],
] as const;

for (const [at, what] of FORGERIES) {
  Deno.test(
    `ESTABLISHED: a forged fragmentation needed with ${what} leaves the path MTU alone (RFC 5927 §4.1, §7.2)`,
    script((s) => {
      established(s, {}, BIG);
      s.call.send(1460);
      s.expect("P. 1:1461(1460) ack 1");
      const forged = s.lastSent.slice();
      forged[at]! ^= 0x40;
      s.injectIcmp(3, 4, 600, forged).expectNothing();
      assertEquals(s.connection!.info().sndMss, 1460);
      assertEquals(s.harness.ip.pathMtu.size, 0);
      assertEquals(s.harness.tcp.counters.icmpIgnored, 1);
      s.injectIcmp(3, 4, 1000);
      s.expect(". 1:961(960) ack 1").expect("P. 961:1461(500) ack 1").expectNothing();
      assertEquals(s.harness.ip.pathMtu.size, 1);
      s.inject(". 1:1(0) ack 1461");
    }),
  );
}

Deno.test(
  "ESTABLISHED: only SND.UNA =< SEG.SEQ < SND.NXT is in flight: its edges (RFC 5927 §4.1)",
  script((s) => {
    established(s, {}, BIG);
    s.call.send(1460);
    s.expect("P. 1:1461(1460) ack 1");
    const quoted = s.lastSent.slice();
    const view = new DataView(quoted.buffer, quoted.byteOffset);
    const una = view.getUint32(24);
    for (const [seq, size] of [[una - 1, 0], [una + 1460, 0], [una + 1459, 1], [una, 1]] as const) {
      const before = s.harness.ip.pathMtu.size;
      view.setUint32(24, seq >>> 0);
      s.injectIcmp(3, 4, 1000, quoted);
      s.takeAll();
      assertEquals(s.harness.ip.pathMtu.size, Math.max(before, size), `${(seq - una) | 0}`);
    }
    s.inject(". 1:1(0) ack 1461");
  }),
);

Deno.test(
  "ESTABLISHED: a next-hop MTU that is absurdly small is not believed (RFC 1191 §3, RFC 5927 §7)",
  script((s) => {
    established(s, {}, BIG);
    s.call.send(1460);
    s.expect("P. 1:1461(1460) ack 1");
    s.injectIcmp(3, 4, 68);
    for (const seg of s.takeAll()) assert(seg.textLength >= 28 && seg.textLength <= 1460);
    assert(s.connection!.info().sndMss >= 28);
    s.inject(". 1:1(0) ack 1461");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a next-hop MTU above the present one changes nothing (RFC 1191 §6.3)",
  script((s) => {
    established(s, {}, BIG);
    s.call.send(1460);
    s.expect("P. 1:1461(1460) ack 1");
    s.injectIcmp(3, 4, 9000).expectNothing();
    assertEquals(s.connection!.info().sndMss, 1460);
    s.inject(". 1:1(0) ack 1461");
  }),
);

Deno.test(
  "ESTABLISHED: an old router says MTU 0: a plateau below is tried (RFC 1191 §5, §7.1)",
  script((s) => {
    established(s, {}, BIG);
    s.call.send(1460);
    s.expect("P. 1:1461(1460) ack 1");
    s.injectIcmp(3, 4, 0);
    const again = s.takeAll();
    assert(again.length > 0 && again.every((seg) => seg.textLength < 1460), "smaller segments");
    s.inject(". 1:1(0) ack 1461");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: other connections to the same host profit (RFC 1191 §6)",
  script((s) => {
    established(s, { localPort: 41_000 }, BIG);
    s.call.send(1460);
    s.expect("P. 1:1461(1460) ack 1");
    s.injectIcmp(3, 4, 1000);
    s.takeAll();
    s.inject(". 1:1(0) ack 1461");
    established(s, { localPort: 41_001 }, BIG);
    s.call.send(960);
    s.expect("P. 1:961(960) ack 1");
    s.inject(". 1:1(0) ack 961");
  }),
);

Deno.test(
  "SYN-SENT: fragmentation needed for a SYN, smaller than the MTU that the error names, is not believed (RFC 5927 §7.2)",
  script((s) => {
    synSent(s);
    s.injectIcmp(3, 4, 1000).expectNothing().expectState("SYN-SENT");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1460>").expect(". 1:1(0) ack 1");
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 1001");
  }),
);
