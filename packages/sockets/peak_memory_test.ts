import { assert, assertEquals } from "@std/assert";
import { peakBufferBytes } from "./peak_memory.ts";
import { StackPair } from "./stack_pair_fixture.ts";

Deno.test("peakBufferBytes() grows with every figure of the plan", () => {
  const base = { tcpConnections: 2, sendBufferBytes: 65_536, receiveBufferBytes: 65_536, udpSockets: 1 };
  const peak = peakBufferBytes(base);
  for (
    const more of [{ tcpConnections: 3 }, { sendBufferBytes: 131_072 }, { receiveBufferBytes: 70_000 }, {
      udpSockets: 2,
    }]
  ) {
    assert(peakBufferBytes({ ...base, ...more }) > peak, JSON.stringify(more));
  }
  assertEquals(peakBufferBytes({ tcpConnections: 0 }), 0);
});

for (const noDelay of [false, true]) {
  const what = noDelay ? "single octets" : "full segments";
  Deno.test(`peakBufferBytes() is not exceeded with every window full of ${what}`, async () => {
    const bytes = 32_768;
    const tcp = { sendBufferBytes: bytes, receiveBufferBytes: bytes };
    await using pair = new StackPair({ stackA: { tcp }, stackB: { tcp } });
    await pair.introduce();
    using listener = pair.b.listen({ port: 1 });
    const count = 4;
    const ends = [];
    for (let i = 0; i < count; i++) {
      const accepted = listener.accept();
      const conn = await pair.a.connect({ hostname: "10.0.0.2", port: 1 });
      conn.setNoDelay(noDelay);
      ends.push(conn, await accepted);
      // The peer reads nothing: first its window fills, then our buffer.
      const block = new Uint8Array(noDelay ? 1 : bytes);
      for (let idle = 0; idle < 3;) {
        idle = conn.writeNow(block) === 0 ? idle + 1 : 0;
        await pair.settle();
        if (noDelay && conn.endpoint.sendSpace < bytes - 8000) break;
      }
    }
    // A cable in memory hands slots over: what the receiver holds belongs to the sender's pool.
    const classes = [...pair.a.pool.classUse(), ...pair.b.pool.classUse()];
    const slotBytes = classes.reduce((sum, c) => sum + c.inUse * c.slotBytes, 0);
    const sent = ends.filter((_, i) => i % 2 === 0).reduce((sum, c) => sum + bytes - c.endpoint.sendSpace, 0);
    assert(slotBytes > 0 && sent > 0);
    const peak = peakBufferBytes({
      tcpConnections: count,
      sendBufferBytes: bytes,
      receiveBufferBytes: bytes,
    });
    assert(slotBytes + sent <= peak, `${slotBytes} + ${sent} > ${peak}`);
    for (const conn of ends) conn.abort();
  });
}
