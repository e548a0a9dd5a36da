/** Splits what a modem says into results, information, unsolicited codes and prompts (V.250 §5.7, 3GPP TS 27.007).
 *
 * @module
 */
import { type AtResult, parseNumericResult, parseResult } from "./at_result.ts";
import { commandPrefix, hasSecondLine, isUnsolicited } from "./urc_table.ts";

/** What was found on the line. */
export type AtEvent =
  /** A final result code. */
  | { readonly type: "result"; readonly result: AtResult }
  /** A line of information, which belongs to the command that waits. */
  | { readonly type: "line"; readonly text: string }
  /** A line that came on its own. */
  | { readonly type: "unsolicited"; readonly text: string }
  /** The command, sent back. */
  | { readonly type: "echo"; readonly text: string }
  /** The modem wants data: `> `. */
  | { readonly type: "prompt" }
  /** Bytes that are no text, or a line that is too long; dropped. */
  | { readonly type: "noise"; readonly reason: "binary" | "too-long"; readonly byteCount: number }
  /** The line speaks something else: the modem was left in data mode or in a multiplexer. Once until
   * {@linkcode AtParser.reset}. */
  | { readonly type: "foreign"; readonly protocol: "ppp" | "cmux" };

/** Options of {@linkcode AtParser}. */
export interface AtParserOptions {
  /** Longest line in bytes, 2048 by default; longer ones are dropped and counted. */
  readonly maxLineBytes?: number;
}

const CR = 0x0d;
const LF = 0x0a;
const PROMPT = 0x3e;
/** Control fields of 3GPP TS 27.010 §5.2.1.3, with and without the P/F bit. */
const CMUX_CONTROLS: ReadonlySet<number> = new Set([
  0x2f,
  0x3f,
  0x63,
  0x73,
  0x0f,
  0x1f,
  0x43,
  0x53,
  0xef,
  0xff,
]);
/** Commands without a line of information: a digit alone is their result. */
const SILENT_COMMAND = /^AT(?:[EVZQXHD&+].*)?$/i;

/** Whether a line has the form of a command. */
function isCommandLine(line: string): boolean {
  return line === "AT" || commandPrefix(line) !== "";
}

/** Fed with bytes in chunks of any size; total, and bounded in memory. */
export class AtParser {
  /** Whether a digit alone on a line is a result code, as after `ATV0`. Turns itself on when a command that has no
   * other reply is answered with one. */
  isNumeric: boolean = false;
  /** Whether `>` at the begin of a line is a prompt. */
  expectsPrompt: boolean = false;
  /** Bytes dropped as noise. */
  droppedBytes: number = 0;
  readonly #onEvent: (event: AtEvent) => void;
  readonly #line: Uint8Array;
  readonly #decoder = new TextDecoder();
  #length = 0;
  #lineBytes = 0;
  #isBinary = false;
  #skipsSpace = false;
  #isData = false;
  #isAfterConnect = false;
  #command: string | undefined = undefined;
  #isSecondLine = false;
  /** Whether nothing came since the command: a line like a command is its echo, and later one of `AT+CLAC`. */
  #isFirst = true;
  #window = 0;
  #hasForeign = false;

  /** Makes a parser.
   *
   * @param onEvent Gets what was found, during {@linkcode push}.
   * @param options Limits.
   * @throws {RangeError} If the longest line is shorter than 16 bytes.
   */
  constructor(onEvent: (event: AtEvent) => void, options: AtParserOptions = {}) {
    const { maxLineBytes = 2048 } = options;
    if (!(maxLineBytes >= 16)) throw new RangeError(`Cannot parse lines of at most ${maxLineBytes} bytes`);
    this.#onEvent = onEvent;
    this.#line = new Uint8Array(maxLineBytes);
  }

  /** Whether a `CONNECT` was found: what follows is data, which {@linkcode push} leaves to the caller. */
  get isData(): boolean {
    return this.#isData;
  }

  /** Names the command that waits for a reply; `undefined` when none does. */
  setCommand(command: string | undefined): void {
    this.#command = command;
    this.#isFirst = true;
    this.expectsPrompt = false;
  }

  /** Forgets a line begun and data mode; a command is kept. */
  reset(): void {
    this.#endLine();
    this.#isData = false;
    this.#isAfterConnect = false;
    this.#skipsSpace = false;
    this.#isSecondLine = false;
    this.#window = 0;
    this.#hasForeign = false;
  }

  /** Reads bytes.
   *
   * @param bytes What arrived.
   * @param start Offset of the first byte; 0 by default.
   * @param end Offset behind the last byte; the length of `bytes` by default.
   * @returns Offset behind the last byte read: less than `end` when data begins there.
   */
  push(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    let at = start;
    while (at < end) {
      const byte = bytes[at]!;
      if (this.#isData) {
        // The rest of the line end of CONNECT; a PPP frame begins with neither.
        if (!this.#isAfterConnect || (byte !== LF && byte !== CR)) break;
        if (byte === LF) this.#isAfterConnect = false;
        at++;
        continue;
      }
      at++;
      this.#pushByte(byte);
    }
    if (this.#isData && at < end) this.#isAfterConnect = false;
    return at;
  }

  #pushByte(byte: number): void {
    this.#watchForeign(byte);
    if (byte === CR || byte === LF) {
      this.#skipsSpace = false;
      if (this.#lineBytes > 0) this.#finishLine(byte);
      return;
    }
    if (this.#skipsSpace) {
      this.#skipsSpace = false;
      if (byte === 0x20) return;
    }
    if (this.#lineBytes === 0) {
      if (byte === 0 || byte === 0x11 || byte === 0x13) return; // fill and flow control
      if (byte === PROMPT && this.expectsPrompt) {
        this.#skipsSpace = true;
        this.#onEvent({ type: "prompt" });
        return;
      }
    }
    this.#lineBytes++;
    if (byte < 0x20 || byte === 0x7f) this.#isBinary = byte !== 0x09 || this.#isBinary;
    if (this.#length < this.#line.length) this.#line[this.#length++] = byte;
  }

  #endLine(): void {
    this.#length = 0;
    this.#lineBytes = 0;
    this.#isBinary = false;
  }

  #finishLine(end: number): void {
    const byteCount = this.#lineBytes;
    const isTooLong = byteCount > this.#line.length;
    // What a line picks up while a modem powers up is in front of the text.
    let from = 0;
    while (from < this.#length && (this.#line[from]! < 0x20 || this.#line[from]! >= 0x7f)) from++;
    let isBinary = false;
    if (this.#isBinary) {
      for (let i = from; i < this.#length; i++) isBinary ||= this.#line[i]! < 0x20 || this.#line[i] === 0x7f;
    }
    const text = this.#decoder.decode(this.#line.subarray(from, this.#length)).trimEnd();
    this.#endLine();
    if (isTooLong || isBinary || text === "") {
      if (!isTooLong && !isBinary && from === 0) return; // blanks
      this.droppedBytes += byteCount;
      this.#onEvent({ type: "noise", reason: isTooLong ? "too-long" : "binary", byteCount });
      return;
    }
    this.#classify(text, end);
  }

  #classify(text: string, end: number): void {
    const command = this.#command;
    const line = text.trimStart();
    if (this.#isSecondLine) {
      this.#isSecondLine = false;
      this.#onEvent({ type: "unsolicited", text });
      return;
    }
    const isFirst = this.#isFirst;
    if (line === command || ((isFirst || command === undefined) && isCommandLine(line))) {
      this.#isFirst = false;
      this.#onEvent({ type: "echo", text: line });
      return;
    }
    const result = parseResult(line) ?? this.#parseNumeric(line);
    if (result !== undefined) {
      if (result.code === "CONNECT") {
        this.#isData = true;
        this.#isAfterConnect = end === CR;
      }
      this.#onEvent({ type: "result", result });
    } else if (isUnsolicited(line, command) || (this.isNumeric && line === "2")) {
      this.#isSecondLine = hasSecondLine(line);
      this.#onEvent({ type: "unsolicited", text: line });
    } else {
      this.#isFirst = false;
      this.#onEvent({ type: "line", text });
    }
  }

  #parseNumeric(line: string): AtResult | undefined {
    if (line.length !== 1) return undefined;
    const isSilent = this.#command !== undefined && SILENT_COMMAND.test(this.#command) &&
      commandPrefix(this.#command) === "";
    if (!this.isNumeric && !isSilent) return undefined;
    const result = parseNumericResult(line);
    if (result !== undefined) this.isNumeric = true;
    return result;
  }

  /** Looks for the begin of a PPP frame (RFC 1662 §3.1) or a frame of a multiplexer (3GPP TS 27.010 §5.2.1). */
  #watchForeign(byte: number): void {
    const window = ((this.#window << 8) | byte) >>> 0;
    this.#window = window;
    if (this.#hasForeign) return;
    const last3 = window & 0xffffff;
    if (window === 0x7eff7d23 || last3 === 0x7eff03) {
      this.#hasForeign = true;
      this.#onEvent({ type: "foreign", protocol: "ppp" });
    } else if (last3 >>> 16 === 0xf9 && (window & 0x100) !== 0 && CMUX_CONTROLS.has(byte)) {
      this.#hasForeign = true;
      this.#onEvent({ type: "foreign", protocol: "cmux" });
    }
  }
}
