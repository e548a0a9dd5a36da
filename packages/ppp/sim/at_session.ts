/** {@linkcode AtSession}: the command interpreter on one line of the simulated modem (V.250 §5): lines, echo, results, S
 * registers, and the way to data mode and back.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif";
import { parseCommandLine } from "./at_command_line.ts";
import {
  AT_ERROR,
  type AtFinalResult,
  type AtInvocation,
  type AtOutcome,
  RESULT_NUMBERS,
  resultText,
} from "./at_outcome.ts";
import type { DataCall } from "./data_call.ts";

/** Where the octets of a session go: the line, or a channel of the multiplexer. */
export interface AtSessionChannel {
  /** Sends `bytes[start … end]`; returns how many were taken. */
  write(bytes: Uint8Array, start: number, end: number): number;
  /** Drives DCD. */
  setCarrier(isOn: boolean): void;
}

/** What a session asks the modem. */
export interface AtSessionOwner {
  /** Source of time. */
  readonly timers: TimerQueue;
  /** Level of `+CMEE`. */
  readonly errorLevel: number;
  /** Text behind `CONNECT`, "" for none. */
  readonly connectText: string;
  /** Executes a command of this session. */
  execute(session: AtSession, invocation: AtInvocation): AtOutcome;
  /** A line that comes between information and result, `undefined` for none. */
  interruption(): string | undefined;
  /** DTR fell with `&D3`: everything as at the start. */
  resetByDtr(): void;
}

/** Registers and their values at the start (V.250 §6.2, §6.3; S2 and S12 as V.25 ter's ancestors have them). */
const REGISTERS: readonly (readonly [number, number])[] = [
  [0, 0],
  [2, 43],
  [3, 13],
  [4, 10],
  [5, 8],
  [6, 2],
  [7, 60],
  [8, 2],
  [10, 1],
  [12, 50],
];
/** Characters so soon behind a command line do not abort it (V.250 §5.6.1). */
const ABORT_AFTER_MS = 125;
const MAX_LINE = 1024;
const MAX_TEXT = 1024;
const MAX_AHEAD = 2048;
const MAX_URCS = 32;
const CTRL_Z = 0x1a;
const ESC = 0x1b;

/** One interpreter. */
export class AtSession {
  /** `E`: characters are sent back. */
  isEcho: boolean = true;
  /** `V`: results in words. */
  isVerbose: boolean = true;
  /** `Q`: results are not sent. */
  isQuiet: boolean = false;
  /** `X`: with 0, `CONNECT` has no speed. */
  resultLevel: number = 4;
  /** `&C`: 0, DCD is always on; 1, it shows the carrier. */
  carrierMode: number = 1;
  /** `&D`: what a fall of DTR does: 0 nothing, 1 command mode, 2 hang up, 3 reset. */
  dtrMode: number = 2;
  /** S registers. */
  readonly registers: Map<number, number> = new Map(REGISTERS);
  readonly #owner: AtSessionOwner;
  readonly #channel: AtSessionChannel;
  readonly #timer: Timer;
  readonly #encoder: TextEncoder = new TextEncoder();
  #mode: "command" | "busy" | "prompt" | "data" = "command";
  #line = "";
  #isLineTooLong = false;
  #lastLine = "";
  #text: number[] = [];
  #queue: AtInvocation[] = [];
  #later: (() => AtOutcome) | undefined = undefined;
  #isDialling = false;
  /** When any character takes the command back; `undefined`: none does. */
  #isAbortableFrom: number | undefined = undefined;
  #onPrompt: ((text: string | undefined) => AtOutcome) | undefined = undefined;
  #ahead: Uint8Array = new Uint8Array(0);
  #rest: Uint8Array = new Uint8Array(0);
  readonly #urcs: string[] = [];
  #call: DataCall | undefined = undefined;
  #isDtrOn = true;

  /** Makes a session in command mode. */
  constructor(owner: AtSessionOwner, channel: AtSessionChannel) {
    this.#owner = owner;
    this.#channel = channel;
    this.#timer = owner.timers.create(() => this.#resume());
  }

  /** Says that what comes next may be aborted by any character (V.250 §5.6.1). */
  set isDialling(isIt: boolean) {
    this.#isDialling = isIt;
  }

  /** The connection of this line, also while it takes commands. */
  get call(): DataCall | undefined {
    return this.#call;
  }

  /** Whether the line carries data. */
  get isInData(): boolean {
    return this.#mode === "data";
  }

  /** Settings as at the start (`&F`). */
  restoreDefaults(): void {
    this.isEcho = this.isVerbose = true;
    this.isQuiet = false;
    this.resultLevel = 4;
    this.carrierMode = 1;
    this.dtrMode = 2;
    for (const [register, value] of REGISTERS) this.registers.set(register, value);
    this.showCarrier();
  }

  /** Octets from the computer. */
  input(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      if (this.#mode === "data") {
        this.#call?.input(i === 0 ? bytes : bytes.subarray(i));
        return;
      }
      if (this.#mode === "prompt") this.#promptOctet(bytes[i]!);
      else if (this.#mode === "command") this.#commandOctet(bytes[i]!);
      else if (this.#isAbortableFrom !== undefined) this.#abort();
      else {
        this.#keepAhead(bytes, i);
        return;
      }
    }
  }

  /** The channel has room. */
  writable(): void {
    if (this.#rest.length > 0) {
      const rest = this.#rest;
      this.#rest = rest.subarray(this.#channel.write(rest, 0, rest.length));
    }
    if (this.#rest.length === 0 && this.#mode === "data") this.#call?.writable();
  }

  /** DTR of the computer has changed. */
  dtrChanged(isOn: boolean): void {
    const hasFallen = this.#isDtrOn && !isOn;
    this.#isDtrOn = isOn;
    if (!hasFallen || this.dtrMode === 0) return;
    if (this.dtrMode === 1) this.escape();
    else if (this.#call !== undefined && !this.#call.isStuck) this.endCall("NO CARRIER");
    if (this.dtrMode === 3) this.#owner.resetByDtr();
  }

  /** Tells a line that nobody asked for. It waits for the end of a command, or of the data. */
  say(line: string): void {
    if (this.#mode === "command" && this.#line === "") this.#sendText(line);
    else if (this.#urcs.length < MAX_URCS) this.#urcs.push(line);
  }

  /** Takes a call by itself. */
  answer(): void {
    if (this.#mode === "command" && this.#line === "") this.#runLine("A");
  }

  /** Sends octets as they are, as data of a call. */
  writeData(bytes: Uint8Array, start: number, end: number): number {
    return this.#mode === "data" && this.#rest.length === 0 ? this.#channel.write(bytes, start, end) : 0;
  }

  /** `CONNECT`: the line carries the data of `call`. */
  connect(call: DataCall): void {
    this.#call = call;
    this.showCarrier();
    const text = this.resultLevel === 0 ? "" : this.#owner.connectText;
    this.#sendResult("CONNECT", text === "" ? "CONNECT" : `CONNECT ${text}`);
    this.beginData(call);
  }

  /** Data without a word, as when the modem was left so. */
  beginData(call: DataCall): void {
    this.#call = call;
    this.#mode = "data";
    this.#queue = [];
    this.showCarrier();
    call.begin();
  }

  /** From data to commands; the connection stays. */
  escape(): void {
    if (this.#mode !== "data") return;
    this.#toCommandMode();
    this.#call?.pause();
    this.#sendResult("OK");
    this.#flushUrcs();
  }

  /** Ends the connection and tells why. */
  endCall(result: "NO CARRIER" | undefined): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#call = undefined;
    const wasInData = this.#mode === "data";
    if (wasInData) this.#toCommandMode();
    call.end();
    this.showCarrier();
    if (result === undefined) return;
    if (wasInData) this.#sendResult(result);
    else this.say(result);
    this.#flushUrcs();
  }

  /** Ends everything without a word: the modem restarts, or the channel is gone. */
  shut(): void {
    this.#timer.stop();
    this.endCall(undefined);
    this.#toCommandMode();
    this.#urcs.length = 0;
    this.#rest = new Uint8Array(0);
  }

  #toCommandMode(): void {
    this.#mode = "command";
    this.#line = "";
    this.#isLineTooLong = false;
    this.#queue = [];
    this.#later = undefined;
    this.#ahead = new Uint8Array(0);
  }

  /** Drives DCD as `&C` says. */
  showCarrier(): void {
    this.#channel.setCarrier(this.carrierMode === 0 || this.#call !== undefined);
  }

  #keepAhead(bytes: Uint8Array, start: number): void {
    const room = Math.max(0, MAX_AHEAD - this.#ahead.length);
    const more = bytes.subarray(start, start + room);
    const all = new Uint8Array(this.#ahead.length + more.length);
    all.set(this.#ahead);
    all.set(more, this.#ahead.length);
    this.#ahead = all;
  }

  #commandOctet(octet: number): void {
    if (this.isEcho) this.#send(Uint8Array.of(octet));
    const registers = this.registers;
    if (octet === registers.get(3)) this.#lineEnd();
    else if (octet === registers.get(4)) return; // the line feed of those who send one
    else if (octet === registers.get(5)) this.#line = this.#line.slice(0, -1);
    else if (octet === 0x2f && /(?:^|[^A-Z])A$/i.test(this.#line)) {
      this.#line = "";
      this.#runLine(this.#lastLine); // A/ (V.250 §5.2.4)
    } else if (this.#line.length >= MAX_LINE) this.#isLineTooLong = true;
    else this.#line += String.fromCharCode(octet);
  }

  #lineEnd(): void {
    const line = this.#line;
    const isTooLong = this.#isLineTooLong;
    this.#line = "";
    this.#isLineTooLong = false;
    // What stands in front of the prefix is noise (V.250 §5.2.1).
    const at = line.search(/AT|at|At|aT/);
    if (at < 0) return this.#flushUrcs();
    if (isTooLong) return this.#sendResult("ERROR");
    this.#lastLine = line.slice(at + 2);
    this.#runLine(this.#lastLine);
  }

  #runLine(line: string): void {
    this.#queue = parseCommandLine(line);
    this.#next();
  }

  #next(): void {
    for (let command = this.#queue.shift(); command !== undefined; command = this.#queue.shift()) {
      const outcome = command.name === "" ? AT_ERROR : this.#owner.execute(this, command);
      if (!this.#isDone(outcome)) return;
    }
    this.#finish("OK");
  }

  /** Whether the next command may run. */
  #isDone(outcome: AtOutcome): boolean {
    const { afterMs = 0, then, lines = [], result = "OK", prompt } = outcome;
    if (outcome.isConnected) return false;
    if (then !== undefined || afterMs > 0) {
      this.#mode = "busy";
      this.#isAbortableFrom = this.#isDialling ? this.#owner.timers.clock.now() + ABORT_AFTER_MS : undefined;
      this.#later = then ?? (() => ({ ...outcome, afterMs: 0 }));
      this.#timer.start(afterMs);
      return false;
    }
    if (lines.length > 0) this.#sendText(lines.join("\r\n"));
    if (prompt !== undefined) {
      this.#mode = "prompt";
      this.#text = [];
      this.#onPrompt = prompt;
      this.#send(this.#encoder.encode("\r\n> "));
      return false;
    }
    const interruption = this.#owner.interruption();
    if (interruption !== undefined) this.#sendText(interruption);
    if (result === "OK") return true;
    this.#finish(result);
    return false;
  }

  /** A character comes while a call is made. The first moment is for those who send more than a carriage return. */
  #abort(): void {
    if (this.#owner.timers.clock.now() < this.#isAbortableFrom!) return;
    this.#timer.stop();
    this.#finish("NO CARRIER");
  }

  #resume(): void {
    const later = this.#later;
    this.#later = undefined;
    this.#isDialling = false;
    if (later === undefined) return;
    this.#mode = "command";
    if (this.#isDone(later())) this.#next();
  }

  #finish(result: AtFinalResult): void {
    this.#toCommandModeAfterResult();
    this.#sendResult(result);
    const ahead = this.#ahead;
    this.#ahead = new Uint8Array(0);
    this.#flushUrcs();
    if (ahead.length > 0) this.input(ahead);
  }

  #toCommandModeAfterResult(): void {
    this.#mode = "command";
    this.#isDialling = false;
    this.#queue = [];
    this.#later = undefined;
  }

  #promptOctet(octet: number): void {
    if (octet !== CTRL_Z && octet !== ESC) {
      if (this.isEcho) this.#send(Uint8Array.of(octet));
      if (octet === this.registers.get(5)) this.#text.pop();
      else if (this.#text.length < MAX_TEXT) this.#text.push(octet);
      return;
    }
    const text = new TextDecoder().decode(Uint8Array.from(this.#text));
    const onPrompt = this.#onPrompt;
    this.#onPrompt = undefined;
    this.#text = [];
    this.#mode = "command";
    if (onPrompt !== undefined && this.#isDone(onPrompt(octet === ESC ? undefined : text))) this.#next();
  }

  #flushUrcs(): void {
    if (this.#mode !== "command") return;
    for (const line of this.#urcs.splice(0)) this.#sendText(line);
  }

  #sendText(text: string): void {
    this.#send(this.#encoder.encode(this.isVerbose ? `\r\n${text}\r\n` : `${text}\r\n`));
  }

  #sendResult(
    result: AtFinalResult | "CONNECT",
    shown: string = result === "CONNECT" ? result : resultText(result, this.#owner.errorLevel),
  ): void {
    if (this.isQuiet) return;
    const number = RESULT_NUMBERS[typeof result === "string" ? result : shown];
    const isInWords = this.isVerbose || number === undefined;
    this.#send(this.#encoder.encode(isInWords ? `\r\n${shown}\r\n` : `${number}\r`));
  }

  #send(bytes: Uint8Array): void {
    const taken = this.#rest.length === 0 ? this.#channel.write(bytes, 0, bytes.length) : 0;
    if (taken === bytes.length) return;
    const all = new Uint8Array(Math.min(MAX_AHEAD * 4, this.#rest.length + bytes.length - taken));
    all.set(this.#rest);
    all.set(bytes.subarray(taken, taken + all.length - this.#rest.length), this.#rest.length);
    this.#rest = all;
  }
}
