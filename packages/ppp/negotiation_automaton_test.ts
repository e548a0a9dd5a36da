import { assert, assertEquals } from "@std/assert";
import { VirtualClock } from "@lightwire/netif/sim";
import { TimerQueue } from "@lightwire/netif";
import { NegotiationAutomaton, type NegotiationOptions } from "./negotiation_automaton.ts";
import { NEGOTIATION_STATES, type NegotiationEvent, type NegotiationState } from "./negotiation_state.ts";

// The table of RFC 1661 §4.1, typed in from the RFC: actions and the number of the new state, "-" for what cannot happen,
// marks r (restart option), p (passive option) and x (crossed connection) left as they stand there.
const TABLE: Record<NegotiationEvent, string> = {
  //      Initial  Starting  Closed    Stopped         Closing  Stopping Req-Sent   Ack-Rcvd   Ack-Sent   Opened
  "Up": "2         irc,scr/6 -         -               -        -        -          -          -          -",
  "Down":
    "-       -         0         tls/1           0        1        1          1          1          tld/1",
  "Open": "tls/1   1         irc,scr/6 3r              5r       5r       6          7          8          9r",
  "Close":
    "0      tlf/0     2         2               4        4   irc,str/4  irc,str/4  irc,str/4  tld,irc,str/4",
  "TO+": "-        -         -         -               str/4    str/5    scr/6      scr/6      scr/8      -",
  "TO-": "-        -         -         -               tlf/2    tlf/3    tlf/3p     tlf/3p     tlf/3p     -",
  "RCR+":
    "-       -         sta/2     irc,scr,sca/8   4        5        sca/8      sca,tlu/9  sca/8    tld,scr,sca/8",
  "RCR-":
    "-       -         sta/2     irc,scr,scn/6   4        5        scn/6      scn/7      scn/6    tld,scr,scn/6",
  "RCA":
    "-        -         sta/2     sta/3           4        5        irc/7      scr/6x     irc,tlu/9  tld,scr/6x",
  "RCN":
    "-        -         sta/2     sta/3           4        5        irc,scr/6  scr/6x     irc,scr/8  tld,scr/6x",
  "RTR":
    "-        -         sta/2     sta/3           sta/4    sta/5    sta/6      sta/6      sta/6    tld,zrc,sta/5",
  "RTA":
    "-        -         2         3               tlf/2    tlf/3    6          6          8          tld,scr/6",
  "RUC":
    "-        -         scj/2     scj/3           scj/4    scj/5    scj/6      scj/7      scj/8      scj/9",
  "RXJ+": "-       -         2         3               4        5        6          6          8          9",
  "RXJ-":
    "-       -         tlf/2     tlf/3           tlf/2    tlf/3    tlf/3      tlf/3      tlf/3    tld,irc,str/5",
  "RXR":
    "-        -         2         3               4        5        6          7          8          ser/9",
};

// A way to each state from Initial.
const WAYS: Record<NegotiationState, NegotiationEvent[]> = {
  "Initial": [],
  "Starting": ["Open"],
  "Closed": ["Up"],
  "Stopped": ["Up", "Open", "RXJ-"],
  "Closing": ["Up", "Open", "Close"],
  "Stopping": ["Up", "Open", "Close", "Open"],
  "Req-Sent": ["Up", "Open"],
  "Ack-Rcvd": ["Up", "Open", "RCA"],
  "Ack-Sent": ["Up", "Open", "RCR+"],
  "Opened": ["Up", "Open", "RCA", "RCR+"],
};

function machine(options: NegotiationOptions = {}, way: NegotiationEvent[] = []) {
  const clock = new VirtualClock();
  const timers = new TimerQueue(clock);
  const log: string[] = [];
  const note = (name: string) => () => void log.push(name);
  const names = ["tlu", "tld", "tls", "tlf", "scr", "sca", "scn", "str", "sta", "scj", "ser"] as const;
  const actions = Object.fromEntries(names.map((name) => [name, note(name)])) as Record<
    (typeof names)[number],
    () => void
  >;
  const automaton = new NegotiationAutomaton(timers, actions, options);
  for (const event of way) automaton.handle(event);
  log.length = 0;
  const pass = (ms: number) => {
    clock.advance(ms);
    timers.runDue();
  };
  return { automaton, log, timers, pass };
}

let cells = 0;
for (const [event, row] of Object.entries(TABLE) as [NegotiationEvent, string][]) {
  const columns = row.split(/\s+/);
  assertEquals(columns.length, 10, event);
  NEGOTIATION_STATES.forEach((state, i) => {
    cells++;
    Deno.test(`${state}: ${event} gives ${columns[i]} (RFC 1661 §4.1)`, () =>
      checkCell(state, event, columns[i]!));
  });
}
Deno.test("the table: all 160 cells are tested (RFC 1661 §4.1)", () => assertEquals(cells, 160));

function checkCell(state: NegotiationState, event: NegotiationEvent, cell: string): void {
  // Another Max-Configure than Max-Terminate shows which of the two irc meant.
  const { automaton, log } = machine({ maxConfigure: 7, maxTerminate: 3 }, WAYS[state]);
  assertEquals(automaton.state, state);
  const before = automaton.restartCount;
  automaton.handle(event);
  if (cell === "-") {
    assertEquals([automaton.state, automaton.illegalEvents, log.length], [state, 1, 0]);
    return;
  }
  const [, actions = "", next] = /^(?:(.*)\/)?(\d)[rpx]?$/.exec(cell)!;
  const wanted = actions === "" ? [] : actions.split(",");
  assertEquals(automaton.state, NEGOTIATION_STATES[Number(next)]);
  assertEquals(automaton.illegalEvents, 0);
  assertEquals(log, wanted.filter((action) => action !== "irc" && action !== "zrc"));
  let count = before;
  for (const action of wanted) {
    if (action === "irc") count = wanted.includes("str") ? 3 : 7;
    else if (action === "zrc") count = 0;
    else if (action === "scr" || action === "str") count--;
  }
  assertEquals(automaton.restartCount, count);
  const isTimed = Number(next) >= 4 && Number(next) <= 8;
  assertEquals(automaton.isTimerRunning, isTimed);
}

Deno.test("Req-Sent: Max-Configure requests, then the layer is finished (RFC 1661 §4.6)", () => {
  const { automaton, log, pass, timers } = machine({ maxConfigure: 3, restartMs: 1000 });
  automaton.handle("Up");
  automaton.handle("Open");
  for (let i = 0; i < 5; i++) pass(1000);
  assertEquals(log, ["scr", "scr", "scr", "tlf"]);
  assertEquals([automaton.state, automaton.lastEvent, timers.size], ["Stopped", "TO-", 0]);
});

Deno.test("Req-Sent: a passive side gives up without a word and waits for the peer (RFC 1661 §4.1)", () => {
  const { automaton, log, pass } = machine({ maxConfigure: 1, restartMs: 1000, isPassive: true });
  automaton.handle("Up");
  automaton.handle("Open");
  pass(1000);
  assertEquals(log, ["scr"]);
  automaton.handle("RCR+");
  assertEquals(automaton.state, "Ack-Sent");
});

Deno.test("Closing: Max-Terminate requests, then the layer is finished (RFC 1661 §4.6)", () => {
  const { automaton, log, pass } = machine({ restartMs: 1000 }, WAYS["Opened"]);
  automaton.handle("Close");
  for (let i = 0; i < 4; i++) pass(1000);
  assertEquals(log, ["tld", "str", "str", "tlf"]);
  assertEquals(automaton.state, "Closed");
});

Deno.test("Stopping: after the peer's Terminate-Request one period passes and nothing is sent (RFC 1661 §4.4)", () => {
  const { automaton, log, pass } = machine({ restartMs: 1000 }, WAYS["Opened"]);
  automaton.handle("RTR");
  pass(999);
  assertEquals(log, ["tld", "sta"]);
  pass(1);
  assertEquals(log, ["tld", "sta", "tlf"]);
  assert(automaton.state === "Stopped" && !automaton.isTimerRunning);
});
