/** Runs chat scripts over a serial port.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif/timers";
import type { SerialInputLines, SerialPort, SerialSink } from "../serial_port.ts";
import type { ChatExpect, ChatPart, ChatScript, ChatSend } from "./chat_script.ts";
import { PortWriter } from "./port_writer.ts";

/** How a script ended. */
export interface ChatOutcome {
  /** Whether it came to its end, or what stopped it. */
  readonly status: "done" | "timeout" | "abort" | "closed" | "unsupported";
  /** The exit status of `chat`: 0 done, 2 the port failed, 3 time-out, 4 and up the number of the abort text. */
  readonly exitCode: number;
  /** Which step of the script was the last, from 0. */
  readonly step: number;
  /** The text that was awaited last, or that aborted. */
  readonly text: string;
  /** Lines that `REPORT` asked for. */
  readonly reports: readonly string[];
  /** What came behind the last text: the begin of PPP. */
  readonly rest: Uint8Array;
}

/** Options of {@linkcode ChatRunner}. */
export interface ChatRunnerOptions {
  /** How long each text may take until the script says otherwise, in milliseconds; 45000 by default. */
  readonly timeoutMs?: number;
  /** Gets the texts of `SAY`. */
  readonly onSay?: (text: string) => void;
  /** Gets what is sent, with secrets taken out, and the texts that matched. */
  readonly onTrace?: (direction: "sent" | "received", text: string) => void;
  /** Sends a break; without it a script that wants one ends as `"unsupported"`. */
  readonly sendBreak?: () => void;
}

/** Most characters kept to compare with, as in `chat`. */
const MAX_TAIL = 1024;
/** Most bytes kept while the script rests. */
const MAX_INPUT = 4096;
/** Most characters of a reported line behind the text that asked for it. */
const MAX_REPORT = 256;
const MAX_REPORTS = 32;

/** One run of a script. It takes the port over by {@linkcode ChatRunner.start}. */
export class ChatRunner implements SerialSink {
  /** Bytes that came during a rest and found no room. */
  droppedBytes: number = 0;
  readonly #port: SerialPort;
  readonly #out: PortWriter;
  readonly #script: ChatScript;
  readonly #onDone: (outcome: ChatOutcome) => void;
  readonly #options: ChatRunnerOptions;
  readonly #timer: Timer;
  readonly #aborts: string[] = [];
  readonly #reportTexts: string[] = [];
  readonly #reports: string[] = [];
  #timeoutMs: number;
  #step = -1;
  #tries: readonly ChatExpect[] = [];
  #try = 0;
  #awaited: string | undefined = undefined;
  #parts: ChatPart[] = [];
  #isResting = false;
  #isRunning = false;
  #isDone = false;
  #input = "";
  #tail = "";
  #report: string | undefined = undefined;

  /** Makes a run.
   *
   * @param port Where the modem is.
   * @param timers Source of time.
   * @param script What to do.
   * @param onDone Called once, at the end; the port then wants another sink.
   * @param options More.
   */
  constructor(
    port: SerialPort,
    timers: TimerQueue,
    script: ChatScript,
    onDone: (outcome: ChatOutcome) => void,
    options: ChatRunnerOptions = {},
  ) {
    this.#port = port;
    this.#out = new PortWriter(port);
    this.#script = script;
    this.#onDone = onDone;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 45_000;
    this.#timer = timers.create(() => this.#timerDue());
  }

  /** Attaches to the port and begins. */
  start(): void {
    this.#port.attach(this);
    this.#run();
  }

  /** Stops without a call of `onDone`. */
  cancel(): void {
    this.#isDone = true;
    this.#timer.stop();
  }

  /** Takes what the modem said. */
  serialInput(bytes: Uint8Array): void {
    if (this.#isDone) return;
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    this.#input += text;
    this.#run();
    if (!this.#isDone && this.#input.length > MAX_INPUT) {
      this.droppedBytes += this.#input.length - MAX_INPUT;
      this.#input = this.#input.slice(0, MAX_INPUT);
    }
  }

  /** Sends what waited for room. */
  serialWritable(): void {
    this.#out.flush();
  }

  /** Lines of the port; a script does not look at them. */
  serialLinesChanged(_lines: SerialInputLines): void {}

  /** Ends the script. */
  serialClosed(_error: Error | undefined): void {
    this.#finish("closed", 2, this.#awaited ?? "");
  }

  #timerDue(): void {
    if (this.#isResting) {
      this.#isResting = false;
      this.#run();
      return;
    }
    const awaited = this.#awaited ?? "";
    this.#awaited = undefined;
    if (++this.#try >= this.#tries.length) {
      this.#finish("timeout", 3, awaited);
      return;
    }
    this.#parts = this.#queueSend(this.#tries[this.#try]!.send!);
    this.#run();
  }

  /** Goes on until it has to wait. */
  #run(): void {
    if (this.#isRunning) return; // the port answered inside of its write()
    this.#isRunning = true;
    while (!this.#isDone && !this.#isResting) {
      if (this.#parts.length > 0) this.#sendPart(this.#parts.shift()!);
      else if (this.#awaited !== undefined) {
        if (!this.#compare()) break;
      } else if (this.#try < this.#tries.length) this.#await(this.#tries[this.#try]!.text);
      else this.#nextStep();
    }
    this.#isRunning = false;
  }

  #await(text: string): void {
    this.#tail = "";
    if (text === "") {
      this.#try = this.#tries.length;
      return;
    }
    this.#awaited = text;
    this.#timer.start(this.#timeoutMs);
  }

  #nextStep(): void {
    const step = this.#script.steps[++this.#step];
    if (step === undefined) {
      this.#finish("done", 0, "");
      return;
    }
    switch (step.kind) {
      case "expect":
        this.#tries = step.tries;
        this.#try = 0;
        return;
      case "send":
        this.#parts = this.#queueSend(step.send);
        return;
      case "abort":
        this.#aborts.push(step.text);
        return;
      case "clear-abort":
        remove(this.#aborts, step.text);
        return;
      case "report":
        this.#reportTexts.push(step.text);
        return;
      case "clear-report":
        remove(this.#reportTexts, step.text);
        return;
      case "say":
        this.#options.onSay?.(step.text);
        return;
      case "timeout":
        this.#timeoutMs = step.ms;
        return;
      case "ignored":
        return;
    }
  }

  #queueSend(send: ChatSend): ChatPart[] {
    if (this.#options.onTrace) {
      const text = send.parts.map((part) => part.kind === "text" ? part.text : "").join("");
      this.#options.onTrace("sent", send.isSecret ? "(hidden)" : text);
    }
    return [...send.parts];
  }

  #sendPart(part: ChatPart): void {
    switch (part.kind) {
      case "text":
        this.#out.write(Uint8Array.from(part.text, (char) => char.charCodeAt(0)));
        return;
      case "delay":
        this.#isResting = true;
        this.#timer.start(part.ms);
        return;
      case "break":
        if (this.#options.sendBreak) this.#options.sendBreak();
        else this.#finish("unsupported", 2, "break");
    }
  }

  /** Compares what came; false when more is needed. */
  #compare(): boolean {
    const awaited = this.#awaited!;
    for (let i = 0; i < this.#input.length; i++) {
      const char = this.#input[i]!;
      this.#tail = (this.#tail + char).slice(-MAX_TAIL);
      this.#watchReports(char);
      const aborting = this.#tail.endsWith(awaited)
        ? -1
        : this.#aborts.findIndex((text) => text !== "" && this.#tail.endsWith(text));
      if (aborting < 0 && !this.#tail.endsWith(awaited)) continue;
      this.#input = this.#input.slice(i + 1);
      this.#timer.stop();
      this.#awaited = undefined;
      if (aborting >= 0) {
        this.#finish("abort", 4 + aborting, this.#aborts[aborting]!);
        return false;
      }
      this.#options.onTrace?.("received", awaited);
      this.#try = this.#tries.length;
      return true;
    }
    this.#input = "";
    return false;
  }

  #watchReports(char: string): void {
    if (this.#report !== undefined) {
      if (char === "\r" || char === "\n" || this.#report.length >= MAX_REPORT) this.#endReport();
      else this.#report += char;
      return;
    }
    const found = this.#reportTexts.find((text) => text !== "" && this.#tail.endsWith(text));
    if (found !== undefined) this.#report = found;
  }

  #endReport(): void {
    if (this.#report !== undefined && this.#reports.length < MAX_REPORTS) this.#reports.push(this.#report);
    this.#report = undefined;
  }

  #finish(status: ChatOutcome["status"], exitCode: number, text: string): void {
    if (this.#isDone) return;
    this.cancel();
    if (this.#report !== undefined) {
      // "CONNECT" may be both the last text and the one to report: the rest of the line is still to come.
      this.#report += /^[^\r\n]*/.exec(this.#input)![0].slice(0, MAX_REPORT);
      this.#endReport();
    }
    this.#onDone({
      status,
      exitCode,
      step: this.#step,
      text,
      reports: this.#reports,
      rest: Uint8Array.from(this.#input, (char) => char.charCodeAt(0)),
    });
  }
}

function remove(texts: string[], text: string): void {
  const at = texts.indexOf(text);
  if (at >= 0) texts.splice(at, 1);
}
