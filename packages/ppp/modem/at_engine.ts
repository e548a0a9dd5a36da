/** {@linkcode AtEngine}: a queue of commands over a serial port.
 *
 * @module
 */
import { NetError } from "@lightwire/netif/error";
import type { Timer, TimerQueue } from "@lightwire/netif/timers";
import type { SerialInputLines, SerialPort, SerialSink } from "../serial_port.ts";
import { type AtCommand, type AtReply, type AtStatus, type AtTraceEntry, traceText } from "./at_command.ts";
import {
  type AtCounters,
  type AtEngineOptions,
  type AtMode,
  completeEngineOptions,
} from "./at_engine_options.ts";
import { type AtEvent, AtParser } from "./at_parser.ts";
import type { AtResult } from "./at_result.ts";
import { CarrierWatch } from "./carrier_watch.ts";
import { DataPort } from "./data_port.ts";
import { EscapeLadder, type EscapeOptions, type EscapeOutcome } from "./escape_ladder.ts";
import { makePending, type Pending } from "./pending_command.ts";
import { PortWriter } from "./port_writer.ts";

/** How long an aborted command may take to admit it. */
const ABORT_MS = 2000;
/** Silence after which text at the end of the data is the modem's word. */
const SILENCE_MS = 1000;

/** Sends commands one by one, hands out replies, and changes between commands and data. */
export class AtEngine implements SerialSink {
  /** Gets each line that no command asked for. */
  onUnsolicited: ((line: string) => void) | undefined = undefined;
  /** Gets what arrives, borrowed, while the line takes commands, and says how many bytes it keeps for itself. */
  onRaw: ((bytes: Uint8Array, isCommandUnderWay: boolean) => number) | undefined = undefined;
  /** Gets the dialogue, without secrets. */
  onTrace: ((entry: AtTraceEntry) => void) | undefined = undefined;
  /** Told when the line turns out to speak PPP or a multiplexer while it should take commands. */
  onForeign: ((protocol: "ppp" | "cmux") => void) | undefined = undefined;
  /** Told when the connection ended that the data port carried: by `NO CARRIER`, or by a fall of DCD. */
  onCarrierLost: (() => void) | undefined = undefined;
  /** Told when the port is gone. */
  onClosed: ((error: Error | undefined) => void) | undefined = undefined;
  /** The line in data mode. */
  readonly dataPort: DataPort;
  /** What happened so far. */
  readonly counters: AtCounters = { commands: 0, timeouts: 0, strayResults: 0, noise: 0, echoes: 0 };
  readonly #port: SerialPort;
  readonly #timers: TimerQueue;
  readonly #options: Required<AtEngineOptions>;
  readonly #parser: AtParser;
  readonly #watch = new CarrierWatch();
  readonly #queue: Pending[] = [];
  readonly #replyTimer: Timer;
  readonly #gapTimer: Timer;
  readonly #silenceTimer: Timer;
  readonly #out: PortWriter;
  readonly #encoder = new TextEncoder();
  #mode: AtMode = "command";
  #current: Pending | undefined = undefined;
  #ladder: EscapeLadder | undefined = undefined;
  #hadCarrier = false;

  /** Makes an engine and attaches it to the port.
   *
   * @param port Where the modem is.
   * @param timers Source of time.
   * @param options Times and limits.
   */
  constructor(port: SerialPort, timers: TimerQueue, options: AtEngineOptions = {}) {
    this.#port = port;
    this.#out = new PortWriter(port);
    this.#timers = timers;
    this.#options = completeEngineOptions(options);
    this.#parser = new AtParser((event) => this.#handleEvent(event), options);
    this.#replyTimer = timers.create(() => this.#replyLate());
    this.#gapTimer = timers.create(() => this.#next());
    this.#silenceTimer = timers.create(() => {
      if (this.#mode === "data" && this.#watch.endsWithText) this.#loseCarrier();
    });
    this.dataPort = new DataPort(port, timers, this);
    port.attach(this);
  }

  /** What the line carries. */
  get mode(): AtMode {
    return this.#mode;
  }

  /** The port, for its speed. */
  get port(): SerialPort {
    return this.#port;
  }

  /** Number of commands that wait, the one under way included. */
  get pending(): number {
    return this.#queue.length + (this.#current ? 1 : 0);
  }

  /** Queues a command; in data mode it waits for the end of it.
   *
   * @param command The command, or its text.
   * @param onReply Called once, never before this returns unless the port answers inside of its `write`.
   * @throws {TypeError} If the text holds the end of a line.
   * @throws {NetError} `NO_BUFFERS` if too many wait, `CLOSED` if the port is gone.
   */
  send(command: AtCommand | string, onReply: (reply: AtReply) => void = () => {}): void {
    const asked = typeof command === "string" ? { text: command } : command;
    if (/[\r\n]/.test(asked.text)) throw new TypeError("Cannot send a command that holds the end of a line");
    if (this.#mode === "closed") {
      throw new NetError("CLOSED", `Cannot send ${traceText(asked)}: the port is closed`);
    }
    if (this.#queue.length >= this.#options.maxQueue) {
      throw new NetError("NO_BUFFERS", `Cannot send ${traceText(asked)}: too many commands wait`);
    }
    this.#queue.push(makePending(asked, onReply));
    this.#next();
  }

  /** Takes back the command under way: a character in front of the result aborts it (V.250 §5.6.1). Its reply comes with
   * status `"aborted"`, after the modem's result or two seconds at the latest. An escape under way ends at once. */
  abort(): void {
    this.#ladder?.abandon();
    const current = this.#current;
    if (current === undefined || current.isAborted) return;
    current.isAborted = true;
    if (current.attempts === 0 || this.#gapTimer.isArmed) {
      this.#finish("aborted", undefined);
      return;
    }
    this.#write(current.command.promptText === undefined ? "\r" : "\x1b");
    this.#replyTimer.start(ABORT_MS);
  }

  /** Brings the modem to command mode, from data mode or from whatever state it was left in. The connection stays and
   * `ATO` resumes it, unless the outcome says that it was hung up.
   *
   * @param onDone Called once, with what helped.
   * @param options Guard times, and what may be tried.
   * @throws {NetError} `INVALID_STATE` if an escape or a command is under way, `CLOSED` if the port is gone.
   */
  escape(onDone: (outcome: EscapeOutcome) => void, options: EscapeOptions = {}): void {
    const before = this.#mode;
    if (before === "closed") throw new NetError("CLOSED", "Cannot escape: the port is closed");
    if (before === "escaping" || this.#current !== undefined) {
      throw new NetError("INVALID_STATE", "Cannot escape: the modem is busy with a command");
    }
    this.#mode = "escaping";
    this.#out.clear();
    this.#silenceTimer.stop();
    this.#parser.reset();
    this.#parser.setCommand("AT");
    const done = (outcome: EscapeOutcome) => {
      this.#ladder = undefined;
      this.#parser.setCommand(undefined);
      if (!outcome.isCommandMode && before === "data") {
        this.#enterData();
        this.dataPort.writable();
      } else {
        this.#parser.reset();
        this.#mode = "command";
        this.#gapTimer.start(this.#options.settleMs);
      }
      if (outcome.isHungUp && before === "data") this.dataPort.end(undefined);
      onDone(outcome);
    };
    this.#ladder = new EscapeLadder(
      this.#port,
      this.#timers,
      (bytes) => this.#out.write(bytes),
      done,
      options,
    );
    this.#ladder.start();
  }

  /** Ends everything and closes the port; no callback follows. */
  close(): void {
    this.#shut();
    this.#queue.length = 0;
    this.#current = undefined;
    this.dataPort.close();
    this.#port.close();
  }

  /** Sends data; none while the line is not in data mode. For {@linkcode DataPort}. */
  writeData(bytes: Uint8Array, start: number, end: number): number {
    if (this.#mode !== "data" || !this.#out.isEmpty) return 0;
    return this.#port.write(bytes, start, end);
  }

  /** Takes what the modem said. */
  serialInput(bytes: Uint8Array): void {
    if (this.#mode === "closed") return;
    if (this.onRaw !== undefined && this.#mode === "command") {
      bytes = bytes.subarray(this.onRaw(bytes, this.#current !== undefined));
    }
    const isRaw = this.#mode === "data" && !this.#parser.isData;
    const at = isRaw ? 0 : this.#parser.push(bytes);
    if (at < bytes.length && this.#mode === "data") this.#receiveData(bytes.subarray(at));
  }

  /** Sends what waited for room. */
  serialWritable(): void {
    this.#out.flush();
    if (this.#out.isEmpty && this.#mode === "data") this.dataPort.writable();
  }

  /** Takes a change of the lines: the fall of DCD in data mode ends the connection. */
  serialLinesChanged(lines: SerialInputLines): void {
    if (this.#mode === "data") {
      this.dataPort.linesChanged(lines);
      if (this.#hadCarrier && !lines.dcd) this.#loseCarrier();
    }
    this.#hadCarrier = lines.dcd;
  }

  /** Ends every command with `"closed"`. */
  serialClosed(error: Error | undefined): void {
    if (this.#mode === "closed") return;
    this.#shut();
    const waiting = this.#current ? [this.#current, ...this.#queue] : [...this.#queue];
    this.#queue.length = 0;
    this.#current = undefined;
    for (const pending of waiting) pending.onReply(this.#makeReply(pending, "closed", undefined));
    this.dataPort.end(error);
    this.onClosed?.(error);
  }

  #shut(): void {
    this.#mode = "closed";
    this.#ladder?.cancel();
    this.#replyTimer.stop();
    this.#gapTimer.stop();
    this.#silenceTimer.stop();
    this.#out.clear();
  }

  #receiveData(bytes: Uint8Array): void {
    const isLost = this.#watch.push(bytes);
    this.dataPort.deliver(bytes);
    if (this.#mode !== "data") return;
    if (isLost) this.#loseCarrier();
    else if (this.#watch.endsWithText) this.#silenceTimer.start(SILENCE_MS);
  }

  #enterData(): void {
    this.#mode = "data";
    this.#watch.reset();
    this.#hadCarrier = this.#port.inputLines?.dcd ?? false;
  }

  #loseCarrier(): void {
    this.#mode = "command";
    this.#silenceTimer.stop();
    this.#parser.reset();
    this.#gapTimer.start(this.#options.settleMs);
    this.dataPort.end(undefined);
    this.onCarrierLost?.();
  }

  #write(text: string): void {
    this.#out.write(this.#encoder.encode(text));
  }

  #next(): void {
    if (this.#mode !== "command" || this.#gapTimer.isArmed) return;
    if (this.#current !== undefined) {
      if (!this.#replyTimer.isArmed) this.#sendCurrent(this.#current);
      return;
    }
    const pending = this.#queue.shift();
    if (pending === undefined) return;
    pending.since = this.#timers.clock.now();
    this.#current = pending;
    this.#sendCurrent(pending);
  }

  #sendCurrent(pending: Pending): void {
    const { command } = pending;
    pending.attempts++;
    pending.lines = [];
    pending.isTooLong = false;
    pending.isPrompted = false;
    this.counters.commands++;
    this.#parser.reset();
    this.#parser.setCommand(command.text);
    this.#parser.expectsPrompt = command.promptText !== undefined;
    this.#replyTimer.start(command.timeoutMs ?? this.#options.timeoutMs);
    this.onTrace?.({ direction: "sent", text: traceText(command) });
    this.#write(`${command.text}\r`);
  }

  #handleEvent(event: AtEvent): void {
    switch (event.type) {
      case "result":
        this.#handleResult(event.result);
        return;
      case "line":
        this.#handleLine(event.text);
        return;
      case "unsolicited":
        this.onTrace?.({ direction: "received", text: event.text });
        this.onUnsolicited?.(event.text);
        return;
      case "prompt":
        this.#answerPrompt();
        return;
      case "echo":
        this.counters.echoes++;
        return;
      case "noise":
        this.counters.noise++;
        if (event.reason === "too-long" && this.#current) this.#current.isTooLong = true;
        return;
      case "foreign":
        if (this.#mode === "command") this.onForeign?.(event.protocol);
        return;
    }
  }

  #answerPrompt(): void {
    const current = this.#current;
    if (current?.command.promptText === undefined || current.isPrompted) return;
    current.isPrompted = true;
    this.#parser.expectsPrompt = false;
    this.#write(`${current.command.promptText}\x1a`);
  }

  #handleLine(line: string): void {
    const current = this.#current;
    if (current === undefined) return;
    if (current.isPrompted && line === current.command.promptText) return; // the echo
    this.onTrace?.({ direction: "received", text: current.command.isReplySecret ? "(hidden)" : line });
    if (current.lines.length >= this.#options.maxLines) {
      current.isTooLong = true;
      return;
    }
    current.lines.push(line);
    current.command.onLine?.(line);
  }

  #handleResult(result: AtResult): void {
    this.onTrace?.({ direction: "received", text: result.text });
    if (this.#ladder !== undefined) {
      if (result.code === "CONNECT") this.#parser.reset();
      this.#ladder.handleResult(result);
      return;
    }
    const current = this.#current;
    if (current === undefined || !this.#replyTimer.isArmed) {
      this.counters.strayResults++;
      if (this.#parser.isData) this.#parser.reset();
      return;
    }
    if (result.code === "CONNECT") {
      this.#enterData();
      this.#finish(current.isAborted ? "aborted" : "connect", result);
    } else if (current.isAborted) {
      this.#finish("aborted", result);
    } else if (current.isTooLong) {
      this.#finish("too-long", result);
    } else {
      this.#finish(result.code === "OK" ? "ok" : "error", result);
    }
  }

  #replyLate(): void {
    const current = this.#current;
    if (current === undefined) return;
    this.counters.timeouts++;
    if (current.command.promptText !== undefined && !current.isAborted) this.#write("\x1b");
    this.#finish(current.isAborted ? "aborted" : "timeout", undefined);
  }

  #makeReply(pending: Pending, status: AtStatus, result: AtResult | undefined): AtReply {
    return {
      status,
      result,
      lines: pending.lines,
      command: pending.command,
      attempts: pending.attempts,
      elapsedMs: pending.attempts === 0 ? 0 : this.#timers.clock.now() - pending.since,
    };
  }

  #finish(status: AtStatus, result: AtResult | undefined): void {
    const current = this.#current!;
    const { command } = current;
    this.#replyTimer.stop();
    this.#parser.setCommand(undefined);
    const reply = this.#makeReply(current, status, result);
    const isFinal = current.isAborted || status === "connect" || current.attempts >= (command.attempts ?? 1);
    if (!isFinal && (command.isRetried?.(reply) ?? status === "timeout")) {
      this.#gapTimer.start(command.retryDelayMs ?? 500);
      return;
    }
    this.#current = undefined;
    this.#gapTimer.start(status === "timeout" ? this.#options.settleMs : this.#options.gapMs);
    current.onReply(reply);
  }
}
