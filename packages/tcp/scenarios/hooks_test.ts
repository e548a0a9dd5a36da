import { assertEquals, assertThrows } from "@std/assert";
import { script } from "./harness.ts";
import { accepted, established } from "./states.ts";
import { resolveTcpOptions, type TcpOptions } from "../tcp_config.ts";

Deno.test(
  "ESTABLISHED: the user's hook sees each segment and may drop it (LWIP_HOOK_TCP_INPACKET_PCB)",
  script((s) => {
    const seen: string[] = [];
    s.harness.tcp.hooks.tcpInpacket = (_to, seg) => {
      seen.push(`${seg.ctl} ${seg.textLength}`);
      return seg.textLength !== 13;
    };
    accepted(s);
    s.inject("P. 1:14(13) ack 1").expectNothing();
    s.inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11");
    assertEquals(s.call.read(100), 10);
    assertEquals(seen, ["2 0", "16 0", "24 13", "24 10"]);
  }),
);

Deno.test(
  "ESTABLISHED: options of the user's travel in every segment, and text shrinks by them (LWIP_HOOK_TCP_OUT_ADD_TCPOPTS)",
  script((s) => {
    // TCP-MD5's kind and length (RFC 2385 §3.0), with two no-operations.
    s.harness.tcp.hooks.tcpOutOptions = {
      length: () => 20,
      write: (_connection, view, offset) => {
        for (let i = 0; i < 20; i++) {
          view.setUint8(offset + i, i < 2 ? 1 : i === 2 ? 19 : i === 3 ? 18 : 0xaa);
        }
      },
    };
    s.call.connect();
    s.expect("S 0:0(0)");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1460>").expect(". 1:1(0) ack 1");
    assertEquals(s.lastSent.length, 20 + 20 + 20);
    assertEquals([...s.lastSent.subarray(40, 45)], [1, 1, 19, 18, 0xaa]);
    s.call.send(1460);
    assertEquals(s.takeAll().map((seg) => [seg.dataOffset, seg.textLength]), [[40, 1440], [40, 20]]);
    s.inject(". 1:1(0) ack 1461").expectNothing();
    s.harness.tcp.hooks.tcpOutOptions = undefined;
  }),
);

Deno.test(
  "ESTABLISHED: options of the user's that do not fit are his error, and nothing goes out (LWIP_HOOK_TCP_OUT_TCPOPT_LENGTH)",
  script((s) => {
    established(s);
    for (const length of [3, -4, 44]) {
      s.harness.tcp.hooks.tcpOutOptions = { length: () => length, write: () => {} };
      assertThrows(() => s.call.send(10), RangeError, `got ${length}`);
      s.expectNothing();
    }
    s.harness.tcp.hooks.tcpOutOptions = {
      length: () => 4,
      write: () => {
        throw new Error("a user's defect");
      },
    };
    assertThrows(() => s.call.send(10), Error, "a user's defect");
    s.expectNothing();
    s.harness.tcp.hooks.tcpOutOptions = undefined;
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "SYN-SENT: the initial sequence number may be the user's (LWIP_HOOK_TCP_ISN)",
  script({ useRandomIss: true, iss: 12345 }, (s) => {
    s.harness.tcp.hooks.tcpIsn = (_local, localPort) => localPort === 40_000 ? 12345 : undefined;
    established(s);
    assertEquals(s.connection!.state, "ESTABLISHED");
  }),
);

Deno.test(
  "CLOSED: options out of range are refused where they are given",
  script((s) => {
    assertThrows(() => s.call.connect({ userTimeoutMs: -1 }), RangeError);
    assertThrows(() => s.call.connect({ tos: 256 }), RangeError);
    assertThrows(() => s.call.connect({ ttl: 0 }), RangeError);
    assertThrows(() => s.call.connect({ keepAlive: { idleMs: 0, intervalMs: 1, count: 1 } }), RangeError);
    established(s);
    assertThrows(() => s.connection!.priority = 128, RangeError);
    assertThrows(() => s.connection!.recved(1), RangeError);
  }),
);

Deno.test("CLOSED: options of a layer out of range are refused where they are given", () => {
  const wrong: TcpOptions[] = [
    { synRetries: -1 },
    { synAckRetries: 256 },
    { dataRetries: NaN },
    { orphanRetries: -1 },
    { mslMs: -1 },
    { finWait2Ms: NaN },
    { maxSendBytes: 0 },
    { maxBufferedBytes: 0 },
    { maxOrphans: -1 },
    { maxTimeWait: NaN },
    { quickAckCount: -1 },
    { challengeAcksPerSecond: -1 },
    { invalidAckIntervalMs: -1 },
    { initialReceiveWindowBytes: 0 },
  ];
  for (const options of wrong) {
    const [name] = Object.keys(options);
    assertThrows(() => resolveTcpOptions(options), RangeError, name);
  }
});
