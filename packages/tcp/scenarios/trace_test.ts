import { assert, assertEquals } from "@std/assert";
import { QlogWriter } from "../qlog.ts";
import type { TcpTraceEvent } from "../trace.ts";
import { script } from "./harness.ts";
import { accepted, distant, established } from "./states.ts";

const WIDE = "<mss 1000,sackOK,nop,wscale 7>";

Deno.test(
  "SYN-SENT: the layer's hook is asked for each connection, and hears of all that happens (qlog)",
  script((s) => {
    const events: TcpTraceEvent[] = [];
    s.harness.tcp.hooks.trace = (c) => c.remotePort === 80 ? (event) => events.push(event) : undefined;
    established(s, {}, WIDE);
    const names = events.map((e) => e.name);
    assertEquals(names.filter((name) => name.startsWith("transport:")), [
      "transport:packet_sent",
      "transport:packet_received",
      "transport:packet_sent",
    ]);
    const states = events.flatMap((e) =>
      e.name === "connectivity:connection_state_updated" ? [e.data.new] : []
    );
    assertEquals(states, ["SYN-SENT", "ESTABLISHED"]);
    const [syn] = events.flatMap((e) => e.name === "transport:packet_sent" ? [e.data] : []);
    assertEquals([syn!.flags, syn!.seq, syn!.ack, syn!.length], ["S", 0, 0, 0]);
    s.harness.tcp.hooks.trace = undefined;
  }),
);

Deno.test(
  "ESTABLISHED: a loss is told, with the recovery that follows and the timer (qlog recovery events)",
  script((s) => {
    distant(s, WIDE);
    const events: TcpTraceEvent[] = [];
    s.connection!.trace((event) => events.push(event));
    s.call.send(10_000);
    s.takeAll();
    s.wait(50).inject(". 1:1(0) ack 1 <sack 1001:5001>");
    s.takeAll();
    const lost = events.flatMap((e) => e.name === "recovery:packet_lost" ? [e.data] : []);
    assertEquals(lost, [{ seq: 1, length: 1000, trigger: "reordering_threshold" }]);
    const states = events.flatMap((e) => e.name === "recovery:congestion_state_updated" ? [e.data.new] : []);
    assertEquals(states, ["recovery"]);
    assert(events.some((e) => e.name === "recovery:loss_timer_updated" && e.data.event_type === "set"));
    assert(events.some((e) => e.name === "transport:packet_sent" && e.data.is_retransmission));
    const metrics = events.flatMap((e) => e.name === "recovery:metrics_updated" ? [e.data] : []);
    assert(metrics.some((m) => m.bytes_in_flight === 10_000));
    s.wait(50).inject(". 1:1(0) ack 10001");
    s.connection!.trace(undefined);
    const count = events.length;
    s.call.send(10);
    s.takeAll();
    s.inject(". 1:1(0) ack 10011");
    assertEquals(events.length, count, "nobody listens any more");
  }),
);

Deno.test(
  "ESTABLISHED: a timeout is told as a timer that expires (qlog loss_timer_updated)",
  script((s) => {
    accepted(s);
    const events: TcpTraceEvent[] = [];
    s.connection!.trace((event) => events.push(event));
    s.call.send(10);
    s.run(s.nowMs + 1500).takeAll();
    assert(
      events.some((e) =>
        e.name === "recovery:loss_timer_updated" && e.data.event_type === "expired" &&
        e.data.timer_type === "rto"
      ),
    );
    assert(events.some((e) => e.name === "recovery:packet_lost" && e.data.trigger === "pto_expired"));
    s.inject(". 1:1(0) ack 11");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a qlog writer makes one line of JSON of each event, the header first (qlog main schema §5)",
  script((s) => {
    const lines: string[] = [];
    const qlog = new QlogWriter((line) => lines.push(line), { title: "a test", vantagePoint: "client" });
    s.harness.tcp.hooks.trace = () => qlog.listener;
    established(s);
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    s.at(10).inject(". 1:1(0) ack 11");
    const [header, ...events] = lines.map((line) => JSON.parse(line));
    assertEquals(header.file_schema, "urn:ietf:params:qlog:file:sequential");
    assertEquals([header.trace.title, header.trace.vantage_point], ["a test", { type: "client" }]);
    assert(lines.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1));
    assertEquals(events[0].time, 0);
    const sent = events.filter((e) => e.name === "transport:packet_sent").map((
      e,
    ) => [e.data.seq, e.data.length]);
    assertEquals(sent, [[0, 0], [1, 0], [1, 10]]);
    assertEquals(events.at(-1).time, 10);
    s.harness.tcp.hooks.trace = undefined;
    const separated: string[] = [];
    const seq = new QlogWriter((line) => separated.push(line), { hasSeparators: true });
    seq.listener({ time: 1, name: "recovery:metrics_updated", data: { rto: 200 } });
    assert(separated.every((line) => line.startsWith("\x1e")));
  }),
);

/** What was told to be lost. */
function losses(events: readonly TcpTraceEvent[]): unknown[] {
  return events.flatMap((e) => e.name === "recovery:packet_lost" ? [Object.values(e.data)] : []);
}

Deno.test(
  "ESTABLISHED: each piece found lost is told, and what is lost again once more (qlog packet_lost)",
  script((s) => {
    distant(s, WIDE);
    const events: TcpTraceEvent[] = [];
    s.connection!.trace((event) => events.push(event));
    s.call.send(10_000);
    s.takeAll();
    s.wait(50).inject(". 1:1(0) ack 1 <sack 1001:2001 4001:5001 7001:10001>");
    s.takeAll();
    assertEquals(losses(events), [
      [1, 1000, "reordering_threshold"],
      [2001, 2000, "reordering_threshold"],
      [5001, 2000, "reordering_threshold"],
    ]);
    events.length = 0;
    s.run(s.nowMs + 2000).takeAll();
    assert(events.some((e) => e.name === "recovery:loss_timer_updated" && e.data.event_type === "expired"));
    assertEquals(losses(events)[0], [1, 1000, "pto_expired"]);
    s.inject(". 1:1(0) ack 10001");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a timeout tells what it takes for lost, piece by piece, not what is SACKed (qlog packet_lost)",
  script({ tcp: { tailLossProbe: false } }, (s) => {
    distant(s, WIDE);
    const events: TcpTraceEvent[] = [];
    s.call.send(4000);
    s.takeAll();
    s.connection!.trace((event) => events.push(event));
    s.wait(50).inject(". 1:1(0) ack 1 <sack 2001:3001>");
    s.run(s.nowMs + 400).takeAll();
    assertEquals(losses(events), [
      // The reordering window was over; the first of both was sent again, and is lost again.
      [1, 2000, "time_threshold"],
      [1, 1000, "pto_expired"],
      [3001, 1000, "pto_expired"],
    ]);
    s.inject(". 1:1(0) ack 4001");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: three duplicate acknowledgments show one segment lost; a smaller MTU sends all again (qlog packet_lost)",
  script((s) => {
    accepted(s, {}, "<mss 1460>");
    const events: TcpTraceEvent[] = [];
    s.connection!.trace((event) => events.push(event));
    s.call.send(7300);
    s.takeAll();
    s.expectNothing();
    s.injectBatch(". 1:1(0) ack 1", ". 1:1(0) ack 1", ". 1:1(0) ack 1");
    s.takeAll();
    assertEquals(losses(events), [[1, 1460, "reordering_threshold"]]);
    events.length = 0;
    s.inject(". 1:1(0) ack 7301");
    s.call.send(2920);
    s.expect(". 7301:8761(1460) ack 1");
    s.takeAll();
    s.injectIcmp(3, 4, 1000);
    s.takeAll();
    assertEquals(losses(events), [[7301, 2920, "packet_too_big"]]);
    s.inject(". 1:1(0) ack 10221");
  }),
);
