import { assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { closeWait, established, finWait1, halfClosed, timeWait } from "./states.ts";

const STATES: readonly (readonly [string, (s: TcpScript) => void, number, number])[] = [
  ["ESTABLISHED", established, 1, 1],
  ["FIN-WAIT-1", finWait1, 2, 1],
  ["FIN-WAIT-2", halfClosed, 2, 1],
  ["CLOSE-WAIT", closeWait, 1, 2],
];

for (const [name, reach, sndNxt, rcvNxt] of STATES) {
  Deno.test(
    `${name}: a SYN, wherever its sequence number lies, draws a challenge ACK (RFC 5961 §4.2)`,
    script((s) => {
      for (const seq of [rcvNxt, rcvNxt + 100, rcvNxt + 100_000]) {
        if (s.connection === undefined) reach(s);
        else s.wait(1000);
        s.takeAll();
        const { state } = s.connection!;
        s.inject(`S ${seq}:${seq}(0) win 65535 <mss 1000>`);
        s.expect(`. ${sndNxt}:${sndNxt}(0) ack ${rcvNxt}`).expectNothing().expectState(state);
        if (state === "FIN-WAIT-1") break;
      }
    }),
  );

  Deno.test(
    `${name}: an acknowledgment older than the largest window draws an ACK; its text is dropped (RFC 5961 §5.2)`,
    script((s) => {
      s.win = 1000;
      reach(s);
      s.takeAll();
      const ack = s.iss;
      // SND.UNA − MAX.SND.WND − 1, as a relative number.
      s.iss = (ack - 70_000) >>> 0;
      const packet = s.packet(`P. ${rcvNxt}:${rcvNxt + 10}(10) ack 1`);
      s.iss = ack;
      s.injectRaw(packet);
      s.expect(`. ${sndNxt}:${sndNxt}(0) ack ${rcvNxt}`).expectNothing();
      assertEquals(s.connection!.readableBytes, 0);
    }),
  );
}

Deno.test(
  "ESTABLISHED: an acknowledgment within the largest window is taken, however old (RFC 5961 §5.2)",
  script((s) => {
    s.win = 1000;
    established(s);
    const { iss } = s;
    s.iss = (iss - 999) >>> 0;
    const packet = s.packet("P. 1:11(10) ack 1");
    s.iss = iss;
    s.injectRaw(packet);
    s.expect(". 1:1(0) ack 11");
    assertEquals(s.connection!.readableBytes, 10);
  }),
);

Deno.test(
  "ESTABLISHED: challenge ACKs of one connection are throttled (RFC 5961 §7)",
  script((s) => {
    established(s);
    s.inject("S 5:5(0)").expect(". 1:1(0) ack 1");
    for (let i = 0; i < 50; i++) s.inject(`S ${6 + i}:${6 + i}(0)`);
    s.expectNothing();
    s.at(499).inject("S 5:5(0)").expectNothing();
    s.at(500).inject("S 5:5(0)").expect(". 1:1(0) ack 1");
  }),
);

Deno.test(
  "any state: challenge ACKs of all connections together are throttled (RFC 5961 §7)",
  script({ tcp: { challengeAcksPerSecond: 10, invalidAckIntervalMs: 0 } }, (s) => {
    established(s);
    let count = 0;
    for (let i = 0; i < 100; i++) {
      s.inject("S 5:5(0)");
      count += s.takeAll().length;
    }
    assertEquals(count >= 5 && count < 15, true, `${count} challenge ACKs`);
    s.wait(1000).inject("S 5:5(0)").expect(". 1:1(0) ack 1");
  }),
);

Deno.test(
  "ESTABLISHED: two confused hosts do not keep each other busy: bare out-of-window ACKs are answered rarely (ACK loop)",
  script((s) => {
    established(s);
    let count = 0;
    for (let i = 0; i < 20; i++) {
      s.inject(". 100000:100000(0) ack 1");
      count += s.takeAll().length;
    }
    assertEquals(count, 1);
  }),
);

Deno.test(
  "ESTABLISHED: the reset of a restarted peer, answering our challenge, is exact and accepted (RFC 5961 §4.2)",
  script((s) => {
    established(s);
    s.inject("S 9000:9000(0) win 65535 <mss 1000>").expect(". 1:1(0) ack 1");
    s.inject("R 1:1(0)").expectClosed("CONNECTION_RESET");
  }),
);

Deno.test(
  "TIME-WAIT: RST and SYN below the window do not end the wait (RFC 1337)",
  script((s) => {
    timeWait(s);
    s.inject("R 2:2(0)").expectNothing().expectState("TIME-WAIT");
    s.inject("S 1:1(0) win 65535");
    s.takeAll();
    s.expectState("TIME-WAIT");
  }),
);

Deno.test(
  "ESTABLISHED: SYNs outside of the window are challenged too, and challenges are throttled (RFC 5961 §4.2, §7)",
  script((s) => {
    established(s);
    s.inject("S 900000:900000(0) win 100").expect(". 1:1(0) ack 1").expectNothing();
    for (const seq of [0, 70_000, 4_294_900_000]) s.inject(`S ${seq}:${seq}(0) win 100`).expectNothing();
    s.inject("S. 0:0(0) ack 1").expectNothing();
    s.at(s.nowMs + 500).inject("S. 0:0(0) ack 1").expect(". 1:1(0) ack 1");
    assertEquals(s.harness.tcp.counters.challengeAcks, 2);
  }),
);
