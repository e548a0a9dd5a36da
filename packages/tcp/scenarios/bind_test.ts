/** Who may have an address and a port (TC-13), with Linux's rules where they differ from lwIP's. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type IpAddress, ipv4, IPV4_ANY, IPV6_ANY } from "@lightwire/ip";
import { NetError, type NetErrorCode, Netif } from "@lightwire/netif";
import { ScriptedLink } from "../harness/scripted_link.ts";
import { LOCAL_ADDRESS } from "../harness/packet_harness.ts";
import type { TcpListener, TcpListenOptions } from "../listener.ts";
import { script, type TcpScript } from "./harness.ts";
import { accepted, timeWait } from "./states.ts";

const SECOND: IpAddress = ipv4(0xc0000263);

/** Adds a second address. */
function withTwoAddresses(s: TcpScript): void {
  s.harness.ip.addAddress(s.harness.netif, SECOND, 24);
}

function listen(s: TcpScript, options: Partial<TcpListenOptions> = {}): TcpListener {
  return s.harness.tcp.listen({ port: 8080, ...options }, () => s.handlers());
}

function refusal(action: () => void): NetErrorCode {
  return (assertThrows(action, NetError) as NetError).code;
}

type Bind = Partial<TcpListenOptions>;
/** [what, first listener, second listener, whether both may be]. */
const PAIRS: readonly (readonly [string, Bind, Bind, boolean])[] = [
  ["the same address twice", { address: LOCAL_ADDRESS }, { address: LOCAL_ADDRESS }, false],
  ["all addresses twice", {}, {}, false],
  ["another port", {}, { port: 8081 }, true],
  ["another address", { address: LOCAL_ADDRESS }, { address: SECOND }, true],
  ["one address beside all", {}, { address: LOCAL_ADDRESS }, true],
  ["all beside one", { address: LOCAL_ADDRESS }, {}, true],
  ["one beside all that share nothing", { reuseAddress: false }, { address: LOCAL_ADDRESS }, false],
  ["one that shares nothing beside all", {}, { address: LOCAL_ADDRESS, reuseAddress: false }, false],
  ["reusePort of both", { reusePort: true }, { reusePort: true }, true],
  ["reusePort of the first", { reusePort: true }, {}, false],
  ["reusePort of the second", {}, { reusePort: true }, false],
  ["the other family", { address: IPV4_ANY }, { address: IPV6_ANY }, true],
];

for (const [what, first, second, isAllowed] of PAIRS) {
  Deno.test(
    `LISTEN: two listeners, ${what}: ${isAllowed ? "both listen" : "the second is refused"} (TC-13)`,
    script((s) => {
      withTwoAddresses(s);
      const one = listen(s, first);
      if (isAllowed) listen(s, second);
      else {
        assertEquals(refusal(() => listen(s, second)), "ADDRESS_IN_USE");
        // CLOSE gives the port back.
        one.close();
        listen(s, second);
      }
    }),
  );
}

Deno.test(
  "LISTEN: two interfaces may have a listener of one port each (SO_BINDTODEVICE, TC-13)",
  script((s) => {
    const { clock, pool } = s.harness.host;
    const other = new Netif(new ScriptedLink(clock, pool, 1500), { name: "sc1", index: 2 });
    s.harness.ip.addNetif(other);
    listen(s, { boundNetif: s.harness.netif });
    listen(s, { boundNetif: other });
    assertEquals(refusal(() => listen(s, { boundNetif: other })), "ADDRESS_IN_USE");
    // One that is bound to none is asked last.
    listen(s);
  }),
);

Deno.test(
  "LISTEN: of listeners that share a port the first one gets the connections, and the next after its end (reusePort)",
  script((s) => {
    const got: number[] = [];
    const listeners = [1, 2].map((n) =>
      s.harness.tcp.listen({ port: 8080, reusePort: true }, (c) => {
        got.push(n);
        s.adopt(c);
        return s.handlers();
      })
    );
    s.localPort = 8080;
    for (const port of [50001, 50002]) {
      s.inject("S 0:0(0) win 65535", { port }).expect("S. 0:0(0) ack 1", { port });
      s.inject(". 1:1(0) ack 1", { port });
      listeners[0]!.close();
    }
    assertEquals(got, [1, 2]);
  }),
);

Deno.test(
  "TIME-WAIT: a server may start again, unless it wants to wait for its connections (SO_REUSEADDR, TC-13)",
  script((s) => {
    accepted(s);
    s.call.close();
    s.expect("F. 1:1(0) ack 1");
    s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    s.listener!.close();
    assertEquals(refusal(() => listen(s, { reuseAddress: false })), "ADDRESS_IN_USE");
    listen(s, { port: 8081, reuseAddress: false });
    listen(s).close();
    s.run(s.nowMs + 60_000);
    listen(s, { reuseAddress: false });
  }),
);

Deno.test(
  "CLOSED: an active OPEN may have the port of another connection, but not all four numbers (RFC 9293 §3.3.1)",
  script((s) => {
    timeWait(s);
    const { localPort, remoteAddress, remotePort } = s.connection!;
    const { tcp } = s.harness;
    assertEquals(refusal(() => tcp.connect({ remoteAddress, remotePort, localPort }, {})), "ADDRESS_IN_USE");
    tcp.connect({ remoteAddress, remotePort: remotePort + 1, localPort }, {}).abort();
  }),
);

Deno.test(
  "LISTEN: port 0 draws one that is free, and when there is none, neither listen nor connect gets one (TC-13)",
  script((s) => {
    const ports = new Set<number>();
    const listeners = [];
    for (;;) {
      try {
        const listener = listen(s, { port: 0 });
        listeners.push(listener);
        ports.add(listener.localPort);
      } catch (error) {
        assert(error instanceof NetError && error.code === "ADDRESS_IN_USE");
        break;
      }
    }
    assertEquals(ports.size, listeners.length, "none twice");
    assert(ports.size >= 16_384 && Math.min(...ports) >= 1024, `${ports.size}`);
    assertEquals(refusal(() => s.call.connect({ localPort: 0 })), "ADDRESS_NOT_AVAILABLE");
    listeners[100]!.close();
    assertEquals(listen(s, { port: 0 }).localPort, listeners[100]!.localPort);
    for (const listener of listeners) listener.close();
  }),
);

Deno.test(
  "SYN-SENT: an active OPEN may name its address and port; all segments have them (RFC 9293 §3.10.1, MUST-43)",
  script((s) => {
    withTwoAddresses(s);
    s.call.connect({ localAddress: SECOND, localPort: 40_007 });
    const source = (bytes: Uint8Array) => [...bytes.subarray(12, 16), bytes[20]! << 8 | bytes[21]!];
    s.localPort = 40_007;
    s.expect("S 0:0(0)");
    assertEquals(source(s.lastSent), [192, 0, 2, 99, 40_007]);
    s.inject("S. 0:0(0) ack 1 win 65535", { destination: LOCAL_ADDRESS });
    s.take();
    s.expectState("SYN-SENT");
    s.inject("S. 0:0(0) ack 1 win 65535", { destination: SECOND }).expect(". 1:1(0) ack 1");
    assertEquals(source(s.lastSent), [192, 0, 2, 99, 40_007]);
    assert(s.connection!.localAddress.equals(SECOND));
  }),
);
