/** What is counted, by the definitions of RFC 4022. */
import { assertEquals } from "@std/assert";
import { newTcpCounters, type TcpCounters } from "../counters.ts";
import { script, type TcpScript } from "./harness.ts";
import { accepted, closeWait, established, finWait2, synReceived, synSent, timeWait } from "./states.ts";

type Name = keyof TcpCounters;
const NAMES: readonly Name[] = [
  "activeOpens",
  "passiveOpens",
  "attemptFails",
  "estabResets",
  "currEstab",
  "outRsts",
];

/** [what happens, how, tcpActiveOpens, tcpPassiveOpens, tcpAttemptFails, tcpEstabResets, tcpCurrEstab, tcpOutRsts]. */
const CASES: readonly (readonly [string, (s: TcpScript) => void, ...number[]])[] = [
  ["SYN-SENT", synSent, 1, 0, 0, 0, 0, 0],
  [
    "SYN-SENT: refused",
    (s) => {
      synSent(s);
      s.inject("R. 0:0(0) ack 1");
    },
    1,
    0,
    1,
    0,
    0,
    0,
  ],
  ["SYN-RECEIVED", synReceived, 0, 1, 0, 0, 0, 0],
  [
    "SYN-RECEIVED: a reset",
    (s) => {
      synReceived(s);
      s.inject("R 1:1(0)");
    },
    0,
    1,
    1,
    0,
    0,
    0,
  ],
  ["ESTABLISHED, active", established, 1, 0, 0, 0, 1, 0],
  ["ESTABLISHED, passive", accepted, 0, 1, 0, 0, 1, 0],
  [
    "ESTABLISHED: a reset",
    (s) => {
      established(s);
      s.inject("R 1:1(0)");
    },
    1,
    0,
    0,
    1,
    0,
    0,
  ],
  [
    "ESTABLISHED: ABORT",
    (s) => {
      established(s);
      s.call.abort();
      s.takeAll();
    },
    1,
    0,
    0,
    1,
    0,
    1,
  ],
  ["CLOSE-WAIT", closeWait, 1, 0, 0, 0, 1, 0],
  [
    "CLOSE-WAIT: a reset",
    (s) => {
      closeWait(s);
      s.inject("R 2:2(0)");
    },
    1,
    0,
    0,
    1,
    0,
    0,
  ],
  ["FIN-WAIT-2", finWait2, 1, 0, 0, 0, 0, 0],
  [
    "FIN-WAIT-2: a reset",
    (s) => {
      finWait2(s);
      s.inject("R 1:1(0)");
    },
    1,
    0,
    0,
    0,
    0,
    0,
  ],
  ["TIME-WAIT", timeWait, 1, 0, 0, 0, 0, 0],
  [
    "CLOSED: a segment for nobody",
    (s) => {
      s.inject("S 0:0(0)");
      s.takeAll();
    },
    0,
    0,
    0,
    0,
    0,
    1,
  ],
];

for (const [what, reach, ...values] of CASES) {
  Deno.test(
    `${what}: opens, failures, resets are counted: ${values.join(", ")} (RFC 4022 §3)`,
    script((s) => {
      reach(s);
      const { counters } = s.harness.tcp;
      assertEquals(NAMES.map((name) => counters[name]), values);
    }),
  );
}

Deno.test(
  "any state: a segment with a bad checksum is counted, as received and as an error (RFC 4022 §3)",
  script((s) => {
    established(s);
    const { counters } = s.harness.tcp;
    const before = { ...counters };
    s.injectRaw(Uint8Array.from(s.packet("P. 1:11(10) ack 1"), (octet, i) => i === 49 ? octet ^ 1 : octet));
    s.expectNothing();
    assertEquals(counters.inErrs - before.inErrs, 1);
    assertEquals(counters.checksumErrors - before.checksumErrors, 1);
    assertEquals(counters.inSegs - before.inSegs, 1);
  }),
);

Deno.test("CLOSED: each counter of the layer is in docs/tcp_counters.md, with its name in RFC 4022 or Linux", () => {
  const text = Deno.readTextFileSync(new URL("../../../docs/tcp_counters.md", import.meta.url));
  const missing = Object.keys(newTcpCounters()).filter((name) => !text.includes(`\`${name}\``));
  assertEquals(missing, []);
});
