import { TimerQueue } from "@lightwire/netif/timers";
import { VirtualClock } from "@lightwire/netif/sim";
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "../../serial_port.ts";

/** A port with a scripted modem on its other side, on a virtual clock. */
export class FakePort implements SerialPort {
  readonly name: string = "fake";
  readonly clock: VirtualClock = new VirtualClock();
  readonly timers: TimerQueue = new TimerQueue(this.clock);
  inputLines: SerialInputLines | undefined = undefined;
  /** What was written, as text of one character per byte. */
  written: string = "";
  /** Speeds and DTR changes, in order. */
  log: string[] = [];
  baud: number = 115200;
  /** How many bytes fit. */
  room: number = Infinity;
  /** What the modem answers to a write. */
  reply: ((text: string) => string | undefined) | undefined = undefined;
  sink: SerialSink | undefined = undefined;

  attach(sink: SerialSink): void {
    this.sink = sink;
  }

  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    const count = Math.min(this.room, end - start);
    this.room -= count;
    const text = String.fromCharCode(...bytes.subarray(start, start + count));
    this.written += text;
    const answer = this.reply?.(text);
    if (answer !== undefined) this.timers.create(() => this.say(answer)).start(5);
    return count;
  }

  setBaudRate(baud: number): void {
    if (baud > 1_000_000) throw new RangeError("too fast");
    this.baud = baud;
    this.log.push(`baud ${baud}`);
  }

  setOutputLines(lines: SerialOutputLines): void {
    this.log.push(`dtr ${lines.dtr}`);
  }

  discardOutput(): void {
    this.log.push("discard");
  }

  close(): void {
    this.log.push("close");
  }

  /** The modem says something. */
  say(text: string): void {
    this.sink!.serialInput(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  }

  /** Moves time, timer by timer. */
  advance(ms: number): void {
    const until = this.clock.now() + ms;
    for (let next = this.timers.nextDeadline(); next <= until; next = this.timers.nextDeadline()) {
      this.clock.advanceTo(Math.max(next, this.clock.now()));
      this.timers.runDue();
    }
    this.clock.advanceTo(until);
  }

  /** What was written since the last call. */
  take(): string {
    const { written } = this;
    this.written = "";
    return written;
  }
}
