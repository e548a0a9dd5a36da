import { assert, assertEquals } from "@std/assert";
import { AtEngine } from "../modem/at_engine.ts";
import { CmuxDecoder, encodeCmuxFrame } from "../modem/cmux.ts";
import { CmuxSession } from "../modem/cmux_session.ts";
import { PppLink } from "../ppp_link.ts";
import { emitMuxFrame, MUX_CONTROL, MUX_POLL, MuxReader } from "./mux_frame.ts";
import { Terminal } from "./testdata/terminal.ts";

/** Asks for the multiplexer and opens channels with the library. */
function multiplexed(options: ConstructorParameters<typeof Terminal>[0] = {}) {
  const terminal = new Terminal(options).settle();
  assertEquals(terminal.ask("AT+CMUX=0,0,5,127"), ["OK"]);
  const mux = new CmuxSession(terminal.modem.port, terminal.sim.timers, { channels: [1, 2] });
  let isOpen = false;
  mux.open((outcome) => isOpen = outcome.isOpen);
  terminal.sim.advance(500);
  assert(isOpen);
  return { terminal, mux };
}

Deno.test("multiplexer: both sides write the same frames (3GPP TS 27.010 §5.2.1)", () => {
  for (const length of [0, 1, 127, 128, 1500]) {
    const payload = Uint8Array.from({ length }, (_, i) => i & 0xff);
    const control = length === 0 ? MUX_CONTROL.SABM | MUX_POLL : MUX_CONTROL.UIH;
    const ours = emitMuxFrame({ dlci: 2, isCommand: true, control, information: payload });
    const theirs = encodeCmuxFrame({
      dlci: 2,
      cr: true,
      type: length === 0 ? "SABM" : "UIH",
      pollFinal: length === 0,
      payload,
    });
    assertEquals(ours, theirs);
    const heard: number[] = [];
    const reader = new MuxReader((frame) => heard.push(frame.dlci, frame.control, frame.information.length));
    reader.push(Uint8Array.of(0x41, 0xf9, 0xf9));
    reader.push(theirs);
    reader.push(theirs.with(theirs.length - 2, theirs.at(-2)! ^ 1));
    reader.push(theirs);
    assertEquals(heard, [2, control, length, 2, control, length]);
    assertEquals(reader.dropped, 1);
    let frames = 0;
    new CmuxDecoder(() => frames++).push(ours);
    assertEquals(frames, 1);
  }
});

Deno.test("multiplexer: commands on one channel and data on another at once", () => {
  const { terminal, mux } = multiplexed();
  const { sim } = terminal;
  const commands = new AtEngine(mux.channel(1), sim.timers);
  const data = new AtEngine(mux.channel(2), sim.timers);
  const link = new PppLink(sim.host("computer"), data.dataPort);
  data.send({ text: "ATD*99#", timeoutMs: 5000 }, ({ status }) => status === "connect" && link.start());
  assert(sim.runUntil(() => link.session.isNetworkUp, 10_000));
  sim.advance(100);
  assertEquals(mux.channel(2).inputLines?.dcd, true);
  assertEquals(mux.channel(1).inputLines?.dcd, false);
  let signal: readonly string[] = [];
  commands.send("AT+CSQ", ({ lines }) => signal = lines);
  sim.advance(200);
  assertEquals(signal, ["+CSQ: 21,99"]);
  let second: string | undefined;
  commands.send({ text: "ATD*99#", timeoutMs: 5000 }, ({ result }) => second = result?.code);
  sim.advance(1000);
  assertEquals(second, "NO_CARRIER"); // the context is in use
  let lost = 0;
  data.onCarrierLost = () => lost++;
  commands.send("AT+CGACT=0,1");
  sim.advance(5000);
  assertEquals(lost, 1);
  assertEquals(mux.channel(2).inputLines?.dcd, false);
  mux.shut(() => {});
  sim.advance(500);
  assertEquals(terminal.modem.mux, undefined);
  terminal.modem.port.attach({
    serialInput: (bytes) => terminal.text += String.fromCharCode(...bytes),
    serialWritable() {},
    serialLinesChanged() {},
    serialClosed() {},
  });
  assertEquals(terminal.ask("AT"), ["OK"]);
  terminal.modem.close();
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("multiplexer: a channel that is asked for before the control channel is refused", () => {
  const terminal = new Terminal().settle();
  assertEquals(terminal.ask("AT+CMUX=0"), ["OK"]);
  terminal.bytes = [];
  const send = (dlci: number, control: number, ...information: number[]) => {
    terminal.modem.port.write(
      emitMuxFrame({ dlci, isCommand: true, control, information: Uint8Array.from(information) }),
    );
    terminal.sim.advance(50);
    const heard: string[] = [];
    new MuxReader((frame) => {
      heard.push(`${frame.dlci} ${frame.control.toString(16)} ${frame.information.join(" ")}`.trim());
    }).push(Uint8Array.from(terminal.bytes.splice(0)));
    return heard;
  };
  assertEquals(send(1, MUX_CONTROL.SABM | MUX_POLL), ["1 1f"]); // DM
  assertEquals(send(0, MUX_CONTROL.SABM | MUX_POLL), ["0 73"]); // UA
  // PN: 64 octets for channel 1, answered with the same values
  assertEquals(send(0, MUX_CONTROL.UIH, 0x83, 0x11, 1, 0, 0, 0, 64, 0, 0, 0), [
    "0 ef 129 17 1 0 0 0 64 0 0 0",
  ]);
  assertEquals(send(1, MUX_CONTROL.SABM | MUX_POLL), ["1 73", "0 ef 227 5 7 13"]); // UA, MSC
  assertEquals(send(0, MUX_CONTROL.UIH, 0x23, 0x03, 0x55), ["0 ef 33 3 85"]); // TEST
  assertEquals(send(0, MUX_CONTROL.UIH, 0x37, 0x01), ["0 ef 17 3 55"]); // unknown: NSC
  assertEquals(send(2, MUX_CONTROL.UIH, 0x41), ["2 1f"]); // not open: DM
  // Flow control of the channel (FC bit of MSC): the echo waits.
  assertEquals(send(0, MUX_CONTROL.UIH, 0xe3, 0x05, 0x07, 0x0f), ["0 ef 225 5 7 15"]);
  assertEquals(send(1, MUX_CONTROL.UIH, 0x41), []);
  assertEquals(send(0, MUX_CONTROL.UIH, 0xe3, 0x05, 0x07, 0x0d), ["0 ef 225 5 7 13", "1 ef 65"]);
  assertEquals(send(1, MUX_CONTROL.DISC | MUX_POLL), ["1 73"]);
  assertEquals(send(0, MUX_CONTROL.UIH, 0xc3, 0x01), ["0 ef 193 1"]); // CLD
  assertEquals(terminal.modem.mux, undefined);
});

Deno.test("multiplexer: a reply overtakes what waits of a download, all but what the line has taken", () => {
  let far: PppLink | undefined;
  const { terminal, mux } = multiplexed({
    answer: (link) => {
      far = link;
      link.attach({
        linkInput: (p) => p.release(),
        inputBatchEnd() {},
        linkStateChanged() {},
        linkWritable: () => flood(),
      });
    },
  });
  const { sim } = terminal;
  const flood = () => {
    for (;;) {
      const p = sim.pool.acquire(1400)!;
      p.bytes.fill(0x55, p.start, p.end);
      if (!far!.transmit(p)) return p.release();
      far!.flush();
    }
  };
  const commands = new AtEngine(mux.channel(1), sim.timers);
  const data = new AtEngine(mux.channel(2), sim.timers);
  const link = new PppLink(sim.host("computer"), data.dataPort);
  let received = 0;
  link.attach({
    linkInput: (p) => {
      received += p.totalLength;
      p.release();
    },
    inputBatchEnd() {},
    linkStateChanged() {},
    linkWritable() {},
  });
  data.send({ text: "ATD*99#", timeoutMs: 5000 }, ({ status }) => status === "connect" && link.start());
  assert(sim.runUntil(() => link.session.isNetworkUp, 10_000));
  flood();
  sim.advance(2000);
  const before = received;
  let repliedAt = -1;
  const askedAt = sim.clock.now();
  commands.send({ text: "AT+CSQ", timeoutMs: 5000 }, () => repliedAt = sim.clock.now());
  sim.advance(3000);
  assert(repliedAt - askedAt < 800, `${repliedAt - askedAt} ms`);
  // 11,520 octets a second, less 6 of 133 for the frames of the multiplexer.
  assert(received - before > 3 * 10_400, `${received - before} octets in 3 s`);
  terminal.modem.close();
  link.close();
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("left in the multiplexer: AT is no use, the library's goodbye is (3GPP TS 27.010 §5.4.6.3.3)", () => {
  const terminal = new Terminal({ leftIn: "multiplexer" });
  const { sim, modem } = terminal;
  const engine = new AtEngine(modem.port, sim.timers);
  let status: string | undefined;
  engine.send("AT", (reply) => status = reply.status);
  sim.advance(2000);
  assertEquals(status, "timeout");
  const goodbye = emitMuxFrame({
    dlci: 0,
    isCommand: true,
    control: MUX_CONTROL.UIH,
    information: Uint8Array.of(0xc3, 0x01),
  });
  let isCommandMode = false;
  engine.escape((outcome) => isCommandMode = outcome.isCommandMode, { goodbye, attempts: 0 });
  sim.advance(5000);
  assertEquals(isCommandMode, true);
  assertEquals(modem.mux, undefined);
  modem.close();
});
