import { assertEquals } from "@std/assert";
import type { NetErrorCode } from "@lightwire/netif";
import { attempt, errnoOf } from "../harness/errno.ts";
import { script, type TcpScript } from "./harness.ts";
import { closeWait, established, finWait1, halfClosed, synSent } from "./states.ts";

/** ICMP type and code of destination unreachable. */
const UNREACHABLE = 3;
const HOST = 1;
const NETWORK = 0;
const PROHIBITED = 13;

type State = "SYN-SENT" | "SYN-RECEIVED" | "ESTABLISHED" | "CLOSE-WAIT" | "FIN-WAIT-1" | "FIN-WAIT-2";

const REACH: Readonly<Record<State, (s: TcpScript) => void>> = {
  "SYN-SENT": synSent,
  "SYN-RECEIVED": (s) => {
    synSent(s);
    s.inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1");
  },
  "ESTABLISHED": established,
  "CLOSE-WAIT": closeWait,
  "FIN-WAIT-1": finWait1,
  "FIN-WAIT-2": halfClosed,
};

/** The error the user is told last, as code and as errno. */
function expectError(s: TcpScript, code: NetErrorCode, errno: string): void {
  s.expectState("CLOSED");
  assertEquals(s.events.at(-1), `closed ${code}`);
  assertEquals(s.connection!.error?.code, code);
  assertEquals(errnoOf(code), errno);
}

const RESETS: readonly (readonly [State, string, NetErrorCode, string])[] = [
  ["SYN-SENT", "R. 0:0(0) ack 1", "CONNECTION_REFUSED", "ECONNREFUSED"],
  ["SYN-RECEIVED", "R 1:1(0)", "CONNECTION_REFUSED", "ECONNREFUSED"],
  ["ESTABLISHED", "R 1:1(0)", "CONNECTION_RESET", "ECONNRESET"],
  ["CLOSE-WAIT", "R 2:2(0)", "BROKEN_PIPE", "EPIPE"],
  ["FIN-WAIT-1", "R 1:1(0)", "CONNECTION_RESET", "ECONNRESET"],
  ["FIN-WAIT-2", "R 1:1(0)", "CONNECTION_RESET", "ECONNRESET"],
];

for (const [state, reset, code, errno] of RESETS) {
  Deno.test(
    `${state}: a reset is ${errno} (RFC 9293 §3.10.7, SO_ERROR)`,
    script((s) => {
      REACH[state](s);
      s.inject(reset).expectNothing();
      expectError(s, code, errno);
    }),
  );
}

const NOTES: readonly (readonly [string, number, NetErrorCode, string])[] = [
  ["host unreachable", HOST, "HOST_UNREACHABLE", "EHOSTUNREACH"],
  ["network unreachable", NETWORK, "NETWORK_UNREACHABLE", "ENETUNREACH"],
  ["administratively prohibited", PROHIBITED, "HOST_UNREACHABLE", "EHOSTUNREACH"],
];

for (const [name, icmpCode, code, errno] of NOTES) {
  Deno.test(
    `ESTABLISHED: ICMP ${name} is noted, and ${errno} when the peer is given up (RFC 9293 §3.9.2.2, SO_ERROR)`,
    script((s) => {
      established(s);
      s.call.send(100);
      s.expect("P. 1:101(100) ack 1");
      s.injectIcmp(UNREACHABLE, icmpCode).expectState("ESTABLISHED");
      s.run(925_000);
      s.takeAll();
      expectError(s, code, errno);
    }),
  );

  Deno.test(
    `SYN-SENT: ICMP ${name} fails the OPEN with ${errno}, at once or when it is given up (RFC 5461 §4.1, SO_ERROR)`,
    script({ tcp: { abortConnectOnIcmp: false } }, (s) => {
      synSent(s);
      s.injectIcmp(UNREACHABLE, icmpCode).expectState("SYN-SENT");
      s.run(127_000);
      s.takeAll();
      expectError(s, code, errno);
    }),
  );
}

Deno.test(
  "SYN-SENT: ICMP host unreachable fails the OPEN at once by default (as Linux)",
  script((s) => {
    synSent(s);
    s.injectIcmp(UNREACHABLE, HOST).expectNothing();
    expectError(s, "HOST_UNREACHABLE", "EHOSTUNREACH");
  }),
);

const SILENCES: readonly (readonly [State, number])[] = [
  ["SYN-SENT", 127_000],
  ["SYN-RECEIVED", 63_000],
  ["ESTABLISHED", 925_000],
  ["CLOSE-WAIT", 925_000],
  ["FIN-WAIT-1", 205_000],
];

for (const [state, untilMs] of SILENCES) {
  Deno.test(
    `${state}: silence is ETIMEDOUT (RFC 9293 §3.8.3, SO_ERROR)`,
    script((s) => {
      REACH[state](s);
      if (state === "ESTABLISHED" || state === "CLOSE-WAIT") s.call.send(100);
      s.run(untilMs);
      s.takeAll();
      expectError(s, "TIMED_OUT", "ETIMEDOUT");
    }),
  );
}

Deno.test(
  "ESTABLISHED: keep-alive without an answer is ETIMEDOUT (RFC 9293 §3.8.4, SO_ERROR)",
  script((s) => {
    established(s, { keepAlive: { idleMs: 1000, intervalMs: 1000, count: 2 } });
    s.call.hasForeignText = true;
    s.run(10_000);
    s.takeAll();
    expectError(s, "TIMED_OUT", "ETIMEDOUT");
  }),
);

Deno.test(
  "ESTABLISHED: SEND after CLOSE is EPIPE, and after a reset what the reset was (RFC 9293 §3.10.2)",
  script((s) => {
    halfClosed(s);
    assertEquals(attempt(() => s.call.send(1)), "EPIPE");
    s.call.abort();
    s.takeAll();
    established(s, { localPort: 40_001 });
    s.inject("R 1:1(0)");
    assertEquals(attempt(() => s.call.send(1)), "ECONNRESET");
  }),
);

Deno.test(
  "CLOSED: an OPEN without a way to the peer is ENETUNREACH at once (RFC 9293 §3.10.1)",
  script((s) => {
    s.harness.netif.setDown();
    assertEquals(attempt(() => s.call.connect()), "ENETUNREACH");
  }),
);
