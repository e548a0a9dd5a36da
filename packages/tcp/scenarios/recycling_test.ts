import { assertEquals, assertThrows } from "@std/assert";
import { NetError } from "@lightwire/netif";
import { script, type TcpScript } from "./harness.ts";
import { established } from "./states.ts";

const THREE = { tcp: { maxConnections: 3 } };

function open(s: TcpScript, localPort: number, priority: number = 64): void {
  established(s, { localPort, priority });
  s.wait(10);
}

function closed(s: TcpScript): boolean[] {
  return s.connections.map((c) => c.state === "CLOSED");
}

Deno.test(
  "CLOSED: with no room, the oldest TIME-WAIT goes first (TC-12)",
  script(THREE, (s) => {
    for (const port of [41_000, 41_001]) {
      open(s, port);
      s.call.close();
      s.expect("F. 1:1(0) ack 1");
      s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2");
      s.wait(10);
    }
    open(s, 41_002, 1);
    open(s, 41_003);
    assertEquals(closed(s), [true, false, false, false]);
  }),
);

Deno.test(
  "CLOSED: with no TIME-WAIT, the oldest LAST-ACK goes, then the oldest CLOSING (TC-12)",
  script(THREE, (s) => {
    open(s, 41_000);
    s.call.close();
    s.expect("F. 1:1(0) ack 1");
    s.inject("F. 1:1(0) ack 1").expect(". 2:2(0) ack 2").expectState("CLOSING");
    s.wait(10);
    open(s, 41_001);
    s.inject("F. 1:1(0) ack 1").expect(". 1:1(0) ack 2");
    s.call.close();
    s.expect("F. 1:1(0) ack 2").expectState("LAST-ACK");
    s.wait(10);
    open(s, 41_002);
    open(s, 41_003);
    assertEquals(closed(s), [false, true, false, false]);
    open(s, 41_004);
    assertEquals(closed(s), [true, true, false, false, false]);
  }),
);

Deno.test(
  "CLOSED: else the lowest priority below the newcomer's goes, the longest idle of equals, with a reset (TC-12)",
  script(THREE, (s) => {
    open(s, 41_000, 30);
    open(s, 41_001, 20);
    open(s, 41_002, 20);
    s.call.connect({ localPort: 41_003, priority: 64 });
    s.localPort = 41_001;
    s.expect("R. 1:1(0) ack 1");
    s.localPort = 41_003;
    s.expect("S 0:0(0)");
    assertEquals(closed(s), [false, true, false, false]);
  }),
);

Deno.test(
  "CLOSED: nobody of equal or higher priority is dropped: OPEN fails (TC-12)",
  script(THREE, (s) => {
    for (const port of [41_000, 41_001, 41_002]) open(s, port);
    const error = assertThrows(() => s.call.connect({ localPort: 41_003 }), NetError) as NetError;
    assertEquals(error.code, "NO_BUFFERS");
    assertEquals(closed(s), [false, false, false]);
  }),
);

Deno.test(
  "ESTABLISHED: the priority of a connection may change while it lasts (tcp_setprio, TC-63)",
  script(THREE, (s) => {
    for (const port of [41_000, 41_001, 41_002]) open(s, port);
    s.connections[1]!.priority = 63;
    assertEquals(s.connections.map((c) => c.priority), [64, 63, 64]);
    s.call.connect({ localPort: 41_003 });
    s.localPort = 41_001;
    s.expect("R. 1:1(0) ack 1");
    s.localPort = 41_003;
    s.expect("S 0:0(0)");
    assertEquals(closed(s), [false, true, false, false]);
  }),
);

Deno.test(
  "LISTEN: with no room, a SYN is dropped (TC-12)",
  script(THREE, (s) => {
    for (const port of [41_000, 41_001, 41_002]) open(s, port);
    s.call.listen();
    s.inject("S 0:0(0) win 65535").expectNothing();
    assertEquals(closed(s), [false, false, false]);
  }),
);
