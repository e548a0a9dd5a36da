/** Segments as one line of text, in packetdrill's notation:
 *
 * ```text
 *   S 0:0(0) win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
 *   . 1:1(0) ack 1 win 257
 *   P. 1:1001(1000) ack 1
 *   . 1:1(0) ack 1 <sack 2001:3001 4001:5001>
 *   . 1:101(100) ack 1 urg 50
 * ```
 *
 * Flags are `S F R P U E W .` (`.` is ACK), or `0` for none. `seq:end(length)` counts the text alone. Numbers are
 * relative to the initial sequence numbers of the two sides, timestamps of ours to the start of the script.
 *
 * @module
 */
import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from "../control_bits.ts";

/** One TCP option of a {@linkcode SegmentText}. */
export type OptionText =
  | { readonly kind: "mss"; readonly value: number }
  | { readonly kind: "wscale"; readonly value: number }
  | { readonly kind: "sackOK" }
  | { readonly kind: "TS"; readonly val: number; readonly ecr: number | undefined }
  | { readonly kind: "sack"; readonly blocks: readonly (readonly [number, number])[] }
  | { readonly kind: "FO"; readonly cookie: readonly number[]; readonly isExperiment: boolean }
  | { readonly kind: "raw"; readonly bytes: readonly number[] }
  | { readonly kind: "nop" }
  | { readonly kind: "eol" }
  | { readonly kind: "..." };

/** A segment as a script wrote it; what the script left out is `undefined`. */
export interface SegmentText {
  /** Control bits. */
  readonly ctl: number;
  /** Relative sequence number. */
  readonly seq: number | undefined;
  /** Octets of text. */
  readonly length: number;
  /** Relative acknowledgment number. */
  readonly ack: number | undefined;
  /** Window field. */
  readonly win: number | undefined;
  /** Urgent pointer. */
  readonly urg: number | undefined;
  /** Options, or `undefined` when no list was given. */
  readonly options: readonly OptionText[] | undefined;
}

const BITS: Readonly<Record<string, number>> = {
  "S": SYN,
  "F": FIN,
  "R": RST,
  "P": PSH,
  "U": URG,
  "E": ECE,
  "W": CWR,
  ".": ACK,
};

/** Reads one line.
 *
 * @throws {SyntaxError} if it is not in the notation.
 */
export function parseSegmentText(text: string): SegmentText {
  const match =
    /^(0|-|[SFRPUEW.]+)(?:\s+(\d+):(\d+)\s*\((\d+)\))?(?:\s+ack\s+(\d+))?(?:\s+win\s+(\d+))?(?:\s+urg\s+(\d+))?(?:\s+<([^>]*)>)?$/
      .exec(text.trim());
  if (match === null) {
    throw new SyntaxError(
      `Cannot read the segment "${text}": it must be FLAGS SEQ:END(LENGTH) ack N win N urg N <OPTIONS>, of which all but FLAGS may be left out`,
    );
  }
  const [, flags, seq, end, length, ack, win, urg, options] = match;
  let ctl = 0;
  if (flags !== "0" && flags !== "-") { for (const letter of flags!) ctl |= BITS[letter]!; }
  if (seq !== undefined && Number(end) !== Number(seq) + Number(length)) {
    throw new SyntaxError(`Cannot read the segment "${text}": ${seq} + ${length} is not ${end}`);
  }
  return {
    ctl,
    seq: seq === undefined ? undefined : Number(seq),
    length: length === undefined ? 0 : Number(length),
    ack: ack === undefined ? undefined : Number(ack),
    win: win === undefined ? undefined : Number(win),
    urg: urg === undefined ? undefined : Number(urg),
    options: options === undefined ? undefined : options.split(",").filter((o) => o !== "").map(parseOption),
  };
}

function parseOption(text: string): OptionText {
  const words = text.trim().split(/\s+/);
  const number = (word: string | undefined): number => {
    if (word === undefined || !/^\d+$/.test(word)) {
      throw new SyntaxError(`Cannot read the option "${text}": ${word ?? "nothing"} is no number`);
    }
    return Number(word);
  };
  switch (words[0]) {
    case "mss":
      return { kind: "mss", value: number(words[1]) };
    case "wscale":
      return { kind: "wscale", value: number(words[1]) };
    case "sackOK":
      return { kind: "sackOK" };
    case "nop":
      return { kind: "nop" };
    case "eol":
      return { kind: "eol" };
    case "...":
      return { kind: "..." };
    case "TS":
      return { kind: "TS", val: number(words[2]), ecr: words[4] === "any" ? undefined : number(words[4]) };
    case "FO":
    case "FOEXP": {
      const cookie = (words[1]?.match(/../g) ?? []).map((w) => parseInt(w, 16));
      return { kind: "FO", cookie, isExperiment: words[0] === "FOEXP" };
    }
    case "md5":
      return { kind: "raw", bytes: [19, 18, ...(words[1]?.match(/../g) ?? []).map((w) => parseInt(w, 16))] };
    case "raw":
      return { kind: "raw", bytes: words.slice(1).map((w) => parseInt(w, 16)) };
    case "sack":
      return {
        kind: "sack",
        blocks: words.slice(1).map((w) => {
          const [left, right] = w.split(":");
          return [number(left), number(right)] as const;
        }),
      };
  }
  throw new SyntaxError(`Cannot read the option "${text}": ${words[0]} is none that is known`);
}

/** Writes options as octets, padded to 4 with end-of-list.
 *
 * @param ecr turns a relative TSecr into what goes on the wire.
 * @param edge turns a relative SACK edge into what goes on the wire.
 */
export function encodeOptions(
  options: readonly OptionText[],
  ecr: (relative: number) => number,
  edge: (relative: number) => number,
): number[] {
  const out: number[] = [];
  const u32 = (n: number) => [(n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff];
  for (const option of options) {
    switch (option.kind) {
      case "mss":
        out.push(2, 4, option.value >> 8, option.value & 0xff);
        break;
      case "wscale":
        out.push(3, 3, option.value);
        break;
      case "sackOK":
        out.push(4, 2);
        break;
      case "TS":
        out.push(8, 10, ...u32(option.val), ...u32(ecr(option.ecr ?? 0)));
        break;
      case "sack":
        out.push(5, 2 + 8 * option.blocks.length);
        for (const [left, right] of option.blocks) out.push(...u32(edge(left)), ...u32(edge(right)));
        break;
      case "FO":
        if (option.isExperiment) out.push(254, 4 + option.cookie.length, 0xf9, 0x89, ...option.cookie);
        else out.push(34, 2 + option.cookie.length, ...option.cookie);
        break;
      case "raw":
        out.push(...option.bytes);
        break;
      case "nop":
        out.push(1);
        break;
      case "eol":
        out.push(0);
        break;
      case "...":
        throw new SyntaxError("Cannot inject an option list with a wildcard");
    }
  }
  while (out.length % 4 !== 0) out.push(0);
  return out;
}
