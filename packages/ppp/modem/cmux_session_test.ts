import { assertEquals, assertThrows } from "@std/assert";
import { AtEngine } from "./at_engine.ts";
import { CmuxDecoder, encodeCmuxFrame } from "./cmux.ts";
import { type CmuxMessage, encodeCmuxMessage, parseCmuxMessages } from "./cmux_message.ts";
import { type CmuxOpenOutcome, CmuxSession, type CmuxSessionOptions } from "./cmux_session.ts";
import { FakePort } from "./testdata/fake_port.ts";
import type { SerialSink } from "../serial_port.ts";

const EMPTY = new Uint8Array(0);

/** A modem that answers SABM and CLD, and keeps what its channels get. */
class FakeMux {
  readonly port: FakePort = new FakePort();
  readonly got: string[] = [];
  readonly messages: string[] = [];
  refused: number = -1;
  isMute: boolean = false;
  readonly #decoder = new CmuxDecoder((frame) => {
    if (this.isMute) return;
    const { dlci, type } = frame;
    if (type === "SABM" || type === "DISC") {
      this.answer(dlci, dlci === this.refused ? "DM" : "UA", EMPTY, true);
    } else if (type === "UIH" && dlci === 0) {
      for (const message of parseCmuxMessages(frame.payload)) {
        this.messages.push(`${message.type} ${message.isCommand}`);
        if (message.type === "CLD") this.message({ ...message, isCommand: false });
      }
    } else this.got.push(`${dlci} ${type} ${String.fromCharCode(...frame.payload)}`);
  });

  constructor() {
    this.port.reply = (text) => {
      this.#decoder.push(Uint8Array.from(text, (c) => c.charCodeAt(0)));
      return undefined;
    };
  }

  answer(dlci: number, type: "UA" | "DM" | "UIH" | "DISC" | "SABM", payload: Uint8Array, cr = false): void {
    const bytes = encodeCmuxFrame({ dlci, cr, type, pollFinal: type !== "UIH", payload });
    this.port.timers.create(() => this.port.sink!.serialInput(bytes)).start(1);
  }

  message(message: CmuxMessage): void {
    this.answer(0, "UIH", encodeCmuxMessage(message));
  }

  say(dlci: number, text: string): void {
    this.answer(dlci, "UIH", Uint8Array.from(text, (c) => c.charCodeAt(0)));
  }
}

class Sink implements SerialSink {
  log: string[] = [];
  serialInput(bytes: Uint8Array): void {
    this.log.push(String.fromCharCode(...bytes));
  }
  serialWritable(): void {
    this.log.push("writable");
  }
  serialLinesChanged(lines: { dcd: boolean }): void {
    this.log.push(`dcd ${lines.dcd}`);
  }
  serialClosed(): void {
    this.log.push("closed");
  }
}

function setUp(options?: CmuxSessionOptions) {
  const mux = new FakeMux();
  const session = new CmuxSession(mux.port, mux.port.timers, options);
  const outcomes: CmuxOpenOutcome[] = [];
  session.open((outcome) => outcomes.push(outcome));
  return { mux, session, outcomes };
}

Deno.test("commands on one channel while data flows on another", () => {
  const { mux, session, outcomes } = setUp();
  mux.port.advance(10);
  assertEquals(outcomes, [{ isOpen: true, failedChannel: undefined, isRefused: false }]);
  assertEquals(mux.messages, ["MSC true", "MSC true"]);
  const data = new Sink();
  session.channel(2).attach(data);
  const engine = new AtEngine(session.channel(1), mux.port.timers);
  let lines: readonly string[] = [];
  engine.send("AT+CSQ", (reply) => lines = reply.lines);
  assertEquals(session.channel(2).write(new Uint8Array(200).fill(0x41)), 200);
  assertEquals(mux.got, ["1 UIH AT+CSQ\r", `2 UIH ${"A".repeat(127)}`, `2 UIH ${"A".repeat(73)}`]);
  mux.say(2, "~frame~");
  mux.say(1, "\r\n+CSQ: 17,99\r\n\r\nOK\r\n");
  mux.port.advance(10);
  assertEquals([data.log, lines], [["~frame~"], ["+CSQ: 17,99"]]);
});

Deno.test("signals: lines, flow control of a channel and of all (3GPP TS 27.010 §5.4.6.3)", () => {
  const { mux, session } = setUp();
  mux.port.advance(10);
  const channel = session.channel(2);
  const sink = new Sink();
  channel.attach(sink);
  mux.message({ type: "MSC", isCommand: true, value: new Uint8Array([0x0b, 0x8f]) });
  mux.port.advance(10);
  assertEquals([channel.write(new Uint8Array(5)), channel.inputLines!.dcd], [0, true]);
  mux.message({ type: "MSC", isCommand: true, value: new Uint8Array([0x0b, 0x0d]) });
  mux.message({ type: "FCOFF", isCommand: true, value: EMPTY });
  mux.port.advance(10);
  assertEquals(channel.write(new Uint8Array(5)), 0);
  mux.message({ type: "FCON", isCommand: true, value: EMPTY });
  mux.message({ type: 0x30, isCommand: true, value: EMPTY });
  mux.port.advance(10);
  assertEquals(channel.write(new Uint8Array(5)), 5);
  assertEquals(sink.log, ["dcd true", "dcd false", "writable", "writable"]);
  assertEquals(mux.messages.slice(2), ["MSC false", "MSC false", "FCOFF false", "FCON false", "NSC false"]);
  channel.setOutputLines({ dtr: false, rts: true });
  assertEquals(mux.messages.at(-1), "MSC true");
});

Deno.test("a full port takes one frame more, and tells when there is room", () => {
  const { mux, session } = setUp();
  mux.port.advance(10);
  const sink = new Sink();
  session.channel(1).attach(sink);
  mux.port.room = 50;
  assertEquals(session.channel(1).write(new Uint8Array(500)), 127);
  assertEquals(session.channel(1).write(new Uint8Array(1)), 0);
  mux.port.room = Infinity;
  session.serialWritable();
  assertEquals([sink.log, mux.got.length], [["writable"], 1]);
});

Deno.test("a channel that is refused, or not answered, fails the opening", () => {
  const refused = setUp();
  refused.mux.refused = 2;
  refused.mux.port.advance(10);
  assertEquals(refused.outcomes, [{ isOpen: false, failedChannel: 2, isRefused: true }]);
  const mute = setUp();
  mute.mux.isMute = true;
  mute.mux.port.advance(0);
  mute.mux.port.advance(10_000);
  assertEquals(mute.outcomes[0]!.isRefused, false);
  assertEquals(mute.outcomes.length, 1);
  assertThrows(() => mute.session.channel(9), RangeError);
  assertThrows(() => mute.session.open(() => {}), TypeError);
  assertThrows(() => setUp({ channels: [0] }), RangeError);
});

Deno.test("closing down: ours, the modem's, of one channel, of the port", () => {
  const ours = setUp();
  ours.mux.port.advance(10);
  let shut = 0;
  ours.session.shut(() => shut++);
  ours.mux.port.advance(10);
  assertEquals([shut, ours.mux.messages.at(-1), ours.mux.port.timers.size], [1, "CLD true", 0]);
  const theirs = setUp();
  theirs.mux.port.advance(10);
  const [one, two] = [new Sink(), new Sink()];
  theirs.session.channel(1).attach(one);
  theirs.session.channel(2).attach(two);
  theirs.mux.answer(2, "DISC", EMPTY);
  theirs.mux.answer(5, "SABM", EMPTY);
  theirs.mux.port.advance(10);
  assertEquals([one.log, two.log], [[], ["closed"]]);
  assertEquals(theirs.mux.got, ["2 UA ", "5 DM "]);
  theirs.mux.message({ type: "CLD", isCommand: true, value: EMPTY });
  theirs.mux.port.advance(10);
  assertEquals([one.log, theirs.session.isOpen], [["closed"], false]);
  const gone = setUp();
  gone.mux.port.sink!.serialClosed(undefined);
  assertEquals(gone.outcomes.map((o) => o.isOpen), [false]);
});
