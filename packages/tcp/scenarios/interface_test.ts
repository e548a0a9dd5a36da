import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { type IpAddress, ipv4 } from "@lightwire/ip";
import { NetError, Netif } from "@lightwire/netif";
import { script, TcpScript } from "./harness.ts";
import { LOCAL_ADDRESS, PEER_ADDRESS } from "../harness/packet_harness.ts";
import { accepted, established, synReceived, synSent } from "./states.ts";
import { ScriptedLink } from "../harness/scripted_link.ts";
import { decodePacket } from "../harness/wire.ts";

function codeOf(action: () => void): string {
  return (assertThrows(action, NetError) as NetError).code;
}

function header(s: TcpScript): { tos: number; ttl: number } {
  const packet = decodePacket(s.lastSent);
  if (typeof packet === "string") throw new Error(packet);
  return packet;
}

Deno.test(
  "[MUST-41] LISTEN: passive OPENs of other ports, and connections, do not disturb each other (RFC 9293 §3.9.1.1)",
  script((s) => {
    accepted(s);
    const first = s.connection!;
    const other = s.harness.tcp.listen({ port: 8081 }, () => s.handlers());
    s.inject("S 0:0(0) win 65535", { port: 50001, toPort: 8081 });
    s.localPort = 8081;
    s.expect("S. 0:0(0) ack 1", { port: 50001 });
    s.inject("R 1:1(0)", { port: 50001, toPort: 8081 });
    other.close();
    assertEquals(first.state, "ESTABLISHED");
  }),
);

Deno.test(
  "[MUST-42] LISTEN: the port goes on listening while a connection to it is in SYN-RECEIVED (RFC 9293 §3.9.1.1)",
  script((s) => {
    synReceived(s);
    s.inject("S 0:0(0) win 65535 <mss 1000>", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
    s.inject(". 1:1(0) ack 1", { port: 50001 });
    s.inject(". 1:1(0) ack 1");
    assertEquals(s.connections.length, 2);
  }),
);

Deno.test(
  "[MUST-43] LISTEN: a local address may be given; requests to another one are not for it (RFC 9293 §3.9.1.1)",
  script((s) => {
    s.harness.ip.addAddress(s.harness.netif, ipv4(0xc0000210), 24);
    s.harness.settle();
    s.harness.link.sent.length = 0;
    s.call.listen({ address: ipv4(0xc0000210) });
    s.inject("S 0:0(0) win 65535").expect("R. 0:0(0) ack 1");
    s.inject("S 0:0(0) win 65535", { destination: ipv4(0xc0000210) }).expect("S. 0:0(0) ack 1");
    s.inject("R 1:1(0)", { destination: ipv4(0xc0000210) });
  }),
);

Deno.test(
  "[MUST-44] SYN-SENT: without a local address routing chooses one, and it stays (RFC 9293 §3.9.1.1, MUST-45)",
  script((s) => {
    synSent(s);
    assert(s.connection!.localAddress.equals(LOCAL_ADDRESS));
    s.harness.ip.addAddress(s.harness.netif, ipv4(0xc0000299), 24);
    s.at(1000).expect("S 0:0(0)");
    assertEquals([...s.lastSent.subarray(12, 16)], [192, 0, 2, 1]);
  }),
);

Deno.test(
  "[MUST-46] CLOSED: OPEN of a broadcast address or a group is refused (RFC 9293 §3.9.1.1)",
  script((s) => {
    for (const bits of [0xffffffff, 0xe0000001, 0xc00002ff, 0]) {
      assertThrows(() => s.call.connect({ remoteAddress: ipv4(bits) }), NetError);
    }
    s.expectNothing();
  }),
);

Deno.test(
  "[MUST-48] ESTABLISHED: the Diffserv field is the user's, and may change (RFC 9293 §3.9.1.6, SHLD-21, SHLD-22)",
  script((s) => {
    established(s, { tos: 0xb8 });
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    assertEquals(header(s).tos, 0xb8);
    s.call.do("tos = 0x28", (c) => c.tos = 0x28);
    s.inject(". 1:1(0) ack 11");
    s.call.send(10);
    s.expect("P. 11:21(10) ack 1");
    assertEquals(header(s).tos, 0x28);
    s.inject(". 1:1(0) ack 21");
  }),
);

Deno.test(
  "[MUST-49] ESTABLISHED: the TTL is the user's, 64 by default (RFC 9293 §3.9.2)",
  script((s) => {
    established(s);
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    assertEquals(header(s).ttl, 64);
    s.call.do("ttl = 7", (c) => c.ttl = 7);
    s.inject(". 1:1(0) ack 11");
    s.call.send(10);
    s.expect("P. 11:21(10) ack 1");
    assertEquals(header(s).ttl, 7);
    s.inject(". 1:1(0) ack 21");
  }),
);

Deno.test(
  "[MUST-50] ESTABLISHED: IP options that nobody knows are ignored (RFC 9293 §3.9.2)",
  script((s) => {
    established(s);
    // An experimental one, of class 0 and number 30 (RFC 4727 §3.2).
    s.inject("P. 1:11(10) ack 1", { ipOptions: [0x1e, 0x04, 0xaa, 0x55] }).expect(". 1:1(0) ack 11");
    assertEquals(s.call.read(100), 10);
  }),
);

Deno.test(
  "[MUST-60] ESTABLISHED: no text waits for ever (RFC 9293 §3.9.1.2)",
  script((s) => {
    established(s);
    s.call.send(1);
    s.expect("P. 1:2(1) ack 1");
    s.call.send(1);
    s.expectNothing();
    s.at(50).inject(". 1:1(0) ack 2").expect("P. 2:3(1) ack 1");
    s.inject(". 1:1(0) ack 3");
  }),
);

Deno.test(
  "[MUST-2] any state: every segment carries a right checksum, over chains and odd lengths too (RFC 9293 §3.1)",
  script((s) => {
    // The harness checks each packet.
    established(s, { noDelay: true });
    let sent = 1;
    for (const length of [1, 3, 997, 999, 1]) {
      s.call.send(length);
      s.expect(`P. ${sent}:${sent + length}(${length}) ack 1`);
      sent += length;
    }
    s.inject(`. 1:1(0) ack ${sent}`);
  }),
);

Deno.test(
  "CLOSED: OPEN without a route, or from an address that is not ours, is refused (RFC 9293 §3.9.1.1)",
  script((s) => {
    assertEquals(codeOf(() => s.call.connect({ remoteAddress: ipv4(0x08080808) })), "NETWORK_UNREACHABLE");
    assertEquals(codeOf(() => s.call.connect({ localAddress: ipv4(0x01020304) })), "ADDRESS_NOT_AVAILABLE");
    assertThrows(() => s.call.connect({ remotePort: 0 }), RangeError);
    assertThrows(() => s.call.connect({ localPort: 65536 }), RangeError);
  }),
);

Deno.test(
  "CLOSED: ports of active OPENs are drawn from 49152 … 65535 and differ (RFC 6056 §3)",
  script((s) => {
    const ports = new Set<number>();
    for (let i = 0; i < 50; i++) {
      const c = s.harness.tcp.connect({ remoteAddress: PEER_ADDRESS, remotePort: 80 }, {});
      assert(c.localPort >= 49152);
      ports.add(c.localPort);
    }
    assertEquals(ports.size, 50);
    const other = new TcpScript({ seed: 2 });
    const c = other.harness.tcp.connect({ remoteAddress: PEER_ADDRESS, remotePort: 80 }, {});
    assertNotEquals(c.localPort, [...ports][0], "the first one depends on a secret");
    c.abort();
    other.harness.settle();
    other.harness.link.sent.length = 0;
    other.end();
    s.harness.settle();
    s.harness.link.sent.length = 0;
  }),
);

Deno.test(
  "CLOSED: a server learns nothing of the ports towards another one, whatever port of its own it lures us to (RFC 6056 §3.3.3)",
  script((s) => {
    const steps = new Set<number>();
    // A neighbor whose address differs in one bit, on a port that differs in the same one, and so on.
    for (let bit = 1; bit < 32; bit <<= 1) {
      const portOf = (address: IpAddress, remotePort: number) => {
        const c = s.harness.tcp.connect({ remoteAddress: address, remotePort }, {});
        return c.localPort;
      };
      const before = portOf(PEER_ADDRESS, 8000);
      steps.add((portOf(ipv4(PEER_ADDRESS.w3 ^ bit), 8000 ^ bit) - before) & 0x3fff);
    }
    assertEquals(steps.size, 5);
    s.harness.settle();
    s.harness.link.sent.length = 0;
  }),
);

Deno.test(
  "LISTEN: a port can be listened on once (TC-13)",
  script((s) => {
    s.call.listen();
    assertEquals(codeOf(() => s.harness.tcp.listen({ port: 8080 }, () => ({}))), "ADDRESS_IN_USE");
    s.call.closeListener();
    s.call.listen();
  }),
);

Deno.test(
  "LISTEN: an address that is not ours is refused (TC-13)",
  script((s) => {
    assertEquals(codeOf(() => s.call.listen({ address: ipv4(0x01020304) })), "ADDRESS_NOT_AVAILABLE");
  }),
);

Deno.test(
  "ESTABLISHED: SEND takes no more than the send buffer holds (RFC 9293 §3.10.2)",
  script((s) => {
    established(s, { sendBufferBytes: 3000 });
    assertEquals(s.call.send(5000), 3000);
    assertEquals(s.call.send(1), 0);
    s.takeAll();
    s.events.length = 0;
    s.inject(". 1:1(0) ack 1001");
    assertEquals(s.events, ["writable"]);
    assertEquals([s.connection!.sendSpace, s.connection!.unackedBytes], [1000, 2000]);
    s.inject(". 1:1(0) ack 3001");
  }),
);

Deno.test(
  "ESTABLISHED: an address of ours that goes away ends its connections (TC-67)",
  script((s) => {
    established(s);
    s.harness.ip.removeAddress(s.harness.netif, LOCAL_ADDRESS);
    s.called("removeAddress");
    s.takeAll();
    s.expectState("CLOSED");
    s.expectEvent("closed ADDRESS_NOT_AVAILABLE");
  }),
);

Deno.test(
  "ESTABLISHED: callbacks run while the layer is flushed, never inside of a call (design, invariant 3)",
  script((s) => {
    established(s);
    let isInside = false;
    s.connection!.handlers = {
      closed: () => assertEquals(isInside, false),
      writable: () => assertEquals(isInside, false),
    };
    isInside = true;
    s.connection!.send(new Uint8Array(10));
    s.connection!.abort();
    isInside = false;
    s.harness.settle();
    s.harness.link.sent.length = 0;
  }),
);

Deno.test(
  "ESTABLISHED: a callback may send, read, close and open anything (design, invariant 3)",
  script((s) => {
    established(s);
    s.call.hasForeignText = true;
    s.connection!.handlers = {
      readable: (c) => {
        const bytes = new Uint8Array(100);
        const count = c.read(bytes);
        if (count === 0) return;
        c.send(bytes, 0, count);
        c.close();
      },
    };
    s.inject("P. 1:11(10) ack 1").expect("FP. 1:11(10) ack 11").expectNothing();
    s.inject("F. 11:11(0) ack 12").expect(". 12:12(0) ack 12").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "ESTABLISHED: a connection that is bound to an interface does not hear what comes by another one (SO_BINDTODEVICE, TC-68)",
  script((s) => {
    const { clock, pool } = s.harness.host;
    const link = new ScriptedLink(clock, pool, 1500);
    const other = new Netif(link, { name: "sc1", index: 2 });
    s.harness.ip.addNetif(other);
    other.setUp();
    s.harness.ip.addAddress(other, ipv4(0x0a000001), 24);
    established(s, { boundNetif: s.harness.netif });
    link.deliver(s.packet("P. 1:11(10) ack 1"));
    link.deliver(s.packet("R 1:1(0)"));
    link.endBatch();
    s.harness.settle();
    // Nobody is there, is the answer.
    assertEquals(s.harness.link.sent.splice(0).map(({ bytes }) => bytes[33]), [0x04]);
    s.expectNothing().expectState("ESTABLISHED");
    assertEquals(s.call.read(10), 0);
    s.inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11");
    assertEquals(s.call.read(10), 10);
    link.sent.length = 0;
  }),
);
