import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { script, TcpScript } from "./harness.ts";
import { PEER_ADDRESS } from "../harness/packet_harness.ts";

function issOf(s: TcpScript, localPort: number): number {
  const c = s.harness.tcp.connect({ remoteAddress: PEER_ADDRESS, remotePort: 80, localPort }, {});
  s.harness.settle();
  const sent = s.harness.takePacket()!;
  const iss = new DataView(sent.bytes.buffer, sent.bytes.byteOffset).getUint32(24);
  c.abort();
  s.harness.settle();
  s.harness.link.sent.length = 0;
  return iss;
}

Deno.test(
  "[MUST-8] SYN-SENT: one tuple's ISN grows with a clock of 4 µs (RFC 9293 §3.4.1, RFC 6528 §3)",
  script({ useRandomIss: true }, (s) => {
    const first = issOf(s, 40_000);
    s.wait(1000);
    const second = issOf(s, 40_000);
    assertEquals((second - first) >>> 0, 250_000);
  }),
);

Deno.test(
  "[MUST-9] SYN-SENT: ISNs of other tuples, and of other hosts, tell nothing (RFC 9293 §3.4.1, RFC 6528 §3, SHLD-1)",
  script({ useRandomIss: true }, (s) => {
    const numbers = Array.from({ length: 50 }, (_, i) => issOf(s, 40_000 + i));
    assertEquals(new Set(numbers).size, 50);
    const steps = new Set(numbers.slice(1).map((n, i) => (n - numbers[i]!) >>> 0));
    assertEquals(steps.size, 49, "no constant step");
    const other = new TcpScript({ useRandomIss: true, seed: 2 });
    assertNotEquals(issOf(other, 40_000), numbers[0]);
    other.end();
  }),
);

Deno.test(
  "SYN-SENT: timestamps of different tuples begin anywhere (RFC 7323 §5.4)",
  script({ useRandomIss: true }, (s) => {
    const values = new Set<number>();
    for (let i = 0; i < 10; i++) {
      s.harness.tcp.connect({ remoteAddress: PEER_ADDRESS, remotePort: 80, localPort: 40_000 + i }, {});
      s.harness.settle();
      const { bytes } = s.harness.takePacket()!;
      // MSS 4, SACK-Permitted 2, then the timestamp option.
      values.add(new DataView(bytes.buffer, bytes.byteOffset).getUint32(40 + 8));
    }
    assertEquals(values.size, 10);
    assert([...values].some((v) => v > 0x10000000));
  }),
);
