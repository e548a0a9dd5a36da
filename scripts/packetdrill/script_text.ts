/** Scripts in packetdrill's notation as events.
 *
 * ```text
 *   --tolerance_usecs=1000                              options, first
 *   `sysctl -q net.ipv4.tcp_sack=0`                     shell lines: settings are read, the rest is ignored
 *   0     socket(..., SOCK_STREAM, IPPROTO_TCP) = 3     at an absolute time, in seconds
 *   +.1   < S 0:0(0) win 32792 <mss 1000>               .1 s after the last event: a packet goes in
 *   +0    > S. 0:0(0) ack 1 <...>                       and one comes out
 *   +0~+.2 > . 1:1(0) ack 1                             within a range
 *   *     > F. 1:1(0) ack 1                             at any time
 *   0.1...0.3 connect(3, ..., ...) = 0                  a call that waits, and when it returns
 *   +0    %{ assert tcpi_snd_cwnd == 10 }%              what TCP_INFO says
 * ```
 *
 * @module
 */

/** When an event happens, in microseconds. */
export interface ScriptTime {
  /** Counted from the last event. */
  readonly isRelative: boolean;
  /** Any time (`*`). */
  readonly isAny: boolean;
  /** The time, or the start of the range. */
  readonly fromUs: number;
  /** The end of a range `a~b`. */
  readonly toUs: number;
  /** When a waiting call returns, `a...b`; counted as `fromUs` is. */
  readonly endUs: number | undefined;
}

/** One event of a script. */
export type ScriptEvent =
  & {
    /** Line in the file, from 1. */
    readonly line: number;
    /** As it was written. */
    readonly text: string;
    /** When. */
    readonly time: ScriptTime;
  }
  & (
    | { readonly kind: "in"; readonly packet: string }
    | { readonly kind: "out"; readonly packet: string }
    | { readonly kind: "call"; readonly name: string; readonly args: string; readonly result: string }
    | { readonly kind: "shell"; readonly command: string }
    | { readonly kind: "code"; readonly code: string }
  );

/** A script, read. */
export interface Script {
  /** Lines `--name=value`. */
  readonly options: ReadonlyMap<string, string>;
  /** In order. */
  readonly events: readonly ScriptEvent[];
}

/** A line that is not in the notation. */
export class ScriptSyntaxError extends Error {
  /** The name. */
  override readonly name: string = "ScriptSyntaxError";
  /** Line in the file, from 1. */
  readonly line: number;

  /** With its line. */
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const NUMBER = "(?:\\d+(?:\\.\\d+)?|\\.\\d+)";
const TIME = new RegExp(
  `^(?:(\\*)|(\\+?)(${NUMBER})(?:\\s*~\\s*\\+?(${NUMBER})|\\s*\\.\\.\\.\\s*\\+?(${NUMBER}))?)(?=\\s)`,
);

const NOW: ScriptTime = { isRelative: true, isAny: false, fromUs: 0, toUs: 0, endUs: undefined };

/** Comments become blanks; what is quoted stays. */
function withoutComments(text: string): string {
  const quoted = /"(?:\\.|[^"\\\n])*"|`[^`]*`|%\{[\s\S]*?\}%|\/\*[\s\S]*?\*\/|\/\/[^\n]*|#[^\n]*/g;
  return text.replace(
    quoted,
    (found) => /^(?:\/\*|\/\/|#)/.test(found) ? found.replace(/[^\n]/g, " ") : found,
  );
}

/** Reads a script.
 *
 * @throws {ScriptSyntaxError} with the line that cannot be read.
 */
export function parseScript(source: string): Script {
  const options = new Map<string, string>();
  let text = withoutComments(source);
  text = text.replace(/^[ \t]*--([\w-]+)(?:=(\S*))?/gm, (_, name: string, value: string | undefined) => {
    options.set(name, value ?? "");
    return "";
  });
  const reader = new Reader(text);
  const events: ScriptEvent[] = [];
  for (let event = reader.next(); event !== undefined; event = reader.next()) events.push(event);
  return { options, events };
}

const us = (seconds: string) => Math.round(Number(seconds) * 1e6);

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): ScriptEvent | undefined {
    this.#at += /^\s*/.exec(this.#rest())![0].length;
    if (this.#at >= this.#text.length) return undefined;
    const line = this.#text.slice(0, this.#at).split("\n").length;
    const start = this.#at;
    const time = this.#time();
    const action = this.#action(line);
    const text = this.#text.slice(start, this.#at).trim();
    return { line, text, time, ...action };
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.#rest()) ?? undefined;
    if (found !== undefined) this.#at += found[0].length;
    return found;
  }

  #time(): ScriptTime {
    const found = this.#take(TIME);
    if (found === undefined) return NOW;
    this.#take(/^[ \t]*/);
    const [, any, plus, from, to, end] = found;
    if (any !== undefined) return { ...NOW, isAny: true };
    return {
      isRelative: plus === "+",
      isAny: false,
      fromUs: us(from!),
      toUs: us(to ?? from!),
      endUs: end === undefined ? undefined : us(end),
    };
  }

  #action(line: number) {
    const packet = this.#take(/^([<>])[ \t]*([^\n]*)/);
    if (packet !== undefined) {
      return { kind: packet[1] === "<" ? "in" as const : "out" as const, packet: packet[2]!.trim() };
    }
    const shell = this.#take(/^`([^`]*)`/);
    if (shell !== undefined) return { kind: "shell" as const, command: shell[1]! };
    const code = this.#take(/^%\{([\s\S]*?)\}%/);
    if (code !== undefined) return { kind: "code" as const, code: code[1]! };
    const call = this.#take(/^([A-Za-z_]\w*)\s*\(/);
    if (call !== undefined) {
      const args = this.#untilClosed(line);
      const result = this.#take(/^[ \t]*(?:=[ \t]*([^\n]*))?/);
      return { kind: "call" as const, name: call[1]!, args, result: result?.[1]?.trim() ?? "" };
    }
    throw new ScriptSyntaxError(line, `Cannot read "${this.#rest().split("\n")[0]!.trim()}"`);
  }

  /** What stands before the parenthesis that closes the one just opened. */
  #untilClosed(line: number): string {
    const start = this.#at;
    let depth = 1;
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at]!;
      if (c === '"') {
        this.#at += (/^"(?:\\.|[^"\\])*"/.exec(this.#rest())?.[0].length ?? 1) - 1;
      } else if (c === "(") depth++;
      else if (c === ")" && --depth === 0) {
        this.#at++;
        return this.#text.slice(start, this.#at - 1);
      }
    }
    throw new ScriptSyntaxError(line, "The parenthesis is not closed");
  }
}
