/** Reads scripts in the language of pppd's `chat`.
 *
 * @module
 */
import { readExpectText, readSend, splitExpect } from "./chat_words.ts";

/** A piece of what is sent. */
export type ChatPart =
  /** Characters, one per byte. */
  | { readonly kind: "text"; readonly text: string }
  /** A rest: `\d` and `\p`. */
  | { readonly kind: "delay"; readonly ms: number }
  /** A break on the line: `\K`, or the word `BREAK`. */
  | { readonly kind: "break" };

/** What is sent. */
export interface ChatSend {
  /** Its pieces, the return at the end included. */
  readonly parts: readonly ChatPart[];
  /** Whether it is kept out of traces: `\q`. */
  readonly isSecret: boolean;
}

/** A text to wait for, and what is sent in front of it: the second and further ones of `OK-AT-OK`, each tried when the one
 * before timed out. */
export interface ChatExpect {
  /** What is sent first; `undefined` for the first. */
  readonly send: ChatSend | undefined;
  /** The text; empty waits for nothing. */
  readonly text: string;
}

/** A step of a script. */
export type ChatStep =
  /** Waits for a text. */
  | { readonly kind: "expect"; readonly tries: readonly ChatExpect[] }
  /** Sends. */
  | { readonly kind: "send"; readonly send: ChatSend }
  /** A text that ends the script in failure from here on, and the taking back of it. */
  | { readonly kind: "abort" | "clear-abort"; readonly text: string }
  /** A text whose line is reported from here on, and the taking back of it. */
  | { readonly kind: "report" | "clear-report"; readonly text: string }
  /** A text for the user. */
  | { readonly kind: "say"; readonly text: string }
  /** How long each text may take from here on. */
  | { readonly kind: "timeout"; readonly ms: number }
  /** A setting of `chat` that concerns its terminal, and has no effect here. */
  | { readonly kind: "ignored"; readonly word: "ECHO" | "HANGUP" };

/** A script. */
export interface ChatScript {
  /** Its steps. */
  readonly steps: readonly ChatStep[];
}

/** Why a text is no script. */
export interface ChatScriptError {
  /** One sentence. */
  readonly error: string;
  /** Line of the word, from 1. */
  readonly line: number;
}

/** Options of {@linkcode parseChatScript}. */
export interface ChatScriptOptions {
  /** What `\T` stands for: a phone number. */
  readonly phoneNumber?: string;
  /** What `\U` stands for: a second one. */
  readonly secondNumber?: string;
}

/** Longest script, in characters. */
const MAX_LENGTH = 65_536;
/** How long a text may take when `TIMEOUT` says 0 or nonsense. */
const DEFAULT_TIMEOUT_MS = 45_000;

interface Word {
  readonly text: string;
  readonly line: number;
}

/** Splits at blanks outside of quotes; a line that begins with # is a comment. Escapes stay as they are. */
function splitWords(text: string): Word[] | ChatScriptError {
  const words: Word[] = [];
  let line = 1;
  let at = 0;
  let isLineStart = true;
  while (at < text.length) {
    const char = text[at]!;
    if (char === "\n") {
      line++;
      isLineStart = true;
      at++;
    } else if (char === " " || char === "\t" || char === "\r") {
      at++;
    } else if (char === "#" && isLineStart) {
      while (at < text.length && text[at] !== "\n") at++;
    } else {
      isLineStart = false;
      const start = line;
      const quote = char === '"' || char === "'" ? char : undefined;
      if (quote !== undefined) at++;
      let word = "";
      for (;;) {
        const next = text[at];
        const isEnd = quote === undefined ? next === undefined || /\s/.test(next) : next === quote;
        if (isEnd) break;
        if (next === undefined) return { error: `A word begins with ${quote} and does not end`, line: start };
        if (next === "\n") line++;
        word += next;
        at++;
        if (next === "\\" && at < text.length) word += text[at++];
      }
      if (quote !== undefined) at++;
      words.push({ text: word, line: start });
    }
  }
  return words;
}

/** Steps of a word that settles something, with its argument. */
function parseSetting(word: string, argument: string): ChatStep | undefined {
  switch (word) {
    case "ABORT":
      return { kind: "abort", text: readExpectText(argument) };
    case "CLR_ABORT":
      return { kind: "clear-abort", text: readExpectText(argument) };
    case "REPORT":
      return { kind: "report", text: readExpectText(argument) };
    case "CLR_REPORT":
      return { kind: "clear-report", text: readExpectText(argument) };
    case "SAY":
      return { kind: "say", text: readExpectText(argument) };
    case "TIMEOUT": {
      const seconds = /^\d{1,6}$/.test(argument) ? Number(argument) : 0;
      return { kind: "timeout", ms: seconds > 0 ? seconds * 1000 : DEFAULT_TIMEOUT_MS };
    }
    case "ECHO":
    case "HANGUP":
      return { kind: "ignored", word };
    default:
      return undefined;
  }
}

const SETTINGS: ReadonlySet<string> = new Set([
  "ABORT",
  "CLR_ABORT",
  "REPORT",
  "CLR_REPORT",
  "SAY",
  "TIMEOUT",
  "ECHO",
  "HANGUP",
]);

/** Reads a script: pairs of a text to wait for and one to send, and settings.
 *
 * Words of the form `@file` are refused: a package reads no files.
 *
 * @param text The script, as in a file of `chat -f`.
 * @param options What `\T` and `\U` stand for.
 * @returns The script, or what is wrong; nothing is thrown.
 */
export function parseChatScript(text: string, options: ChatScriptOptions = {}): ChatScript | ChatScriptError {
  if (text.length > MAX_LENGTH) {
    return { error: `The script is longer than ${MAX_LENGTH} characters`, line: 1 };
  }
  const words = splitWords(text);
  if ("error" in words) return words;
  const steps: ChatStep[] = [];
  for (let i = 0; i < words.length; i += 2) {
    const word = words[i]!;
    const argument = words[i + 1];
    if (SETTINGS.has(word.text)) {
      if (argument === undefined) return { error: `${word.text} has nothing behind it`, line: word.line };
      steps.push(parseSetting(word.text, argument.text)!);
      continue;
    }
    const named = [word, argument].find((w) => w?.text.startsWith("@"));
    if (named) return { error: `${named.text} names a file, which cannot be read here`, line: named.line };
    const pieces = splitExpect(word.text);
    const tries: ChatExpect[] = [{ send: undefined, text: readExpectText(pieces[0]!) }];
    for (let k = 1; k < pieces.length; k += 2) {
      tries.push({ send: readSend(pieces[k]!, options), text: readExpectText(pieces[k + 1] ?? "") });
    }
    steps.push({ kind: "expect", tries });
    if (argument !== undefined) steps.push({ kind: "send", send: readSend(argument.text, options) });
  }
  return { steps };
}
