import type { ChatPart, ChatScriptOptions, ChatSend } from "./chat_script.ts";

const CONTROLS: Readonly<Record<string, string>> = {
  b: "\b",
  n: "\n",
  r: "\r",
  s: " ",
  t: "\t",
};
/** Escapes which mean something in a word that is sent only; a text to wait for has no such character. */
const SEND_ONLY = "cdKNpqTU";

/** Splits at hyphens that have no backslash in front of them: `OK-AT-OK`. */
export function splitExpect(word: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (let i = 0; i < word.length; i++) {
    const char = word[i]!;
    if (char === "\\" && i + 1 < word.length) piece += char + word[++i]!;
    else if (char === "-") {
      pieces.push(piece);
      piece = "";
    } else piece += char;
  }
  pieces.push(piece);
  return pieces;
}

/** Reads escapes.
 *
 * @param word The word.
 * @param onText Gets characters.
 * @param onEscape Gets the letter of an escape that is no character.
 */
function readEscapes(word: string, onText: (text: string) => void, onEscape: (letter: string) => void): void {
  for (let i = 0; i < word.length; i++) {
    const char = word[i]!;
    if (char === "^" && i + 1 < word.length) {
      onText(String.fromCharCode(word.charCodeAt(++i) & 0x1f));
      continue;
    }
    if (char !== "\\" || i + 1 >= word.length) {
      onText(char);
      continue;
    }
    const octal = /^[0-7]{1,3}/.exec(word.slice(i + 1, i + 4));
    if (octal) {
      onText(String.fromCharCode(parseInt(octal[0], 8) & 0xff));
      i += octal[0].length;
      continue;
    }
    const letter = word[++i]!;
    if (SEND_ONLY.includes(letter)) onEscape(letter);
    else onText(Object.hasOwn(CONTROLS, letter) ? CONTROLS[letter]! : letter);
  }
}

/** A text as UTF-8, one character per byte. */
function toByteText(text: string): string {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/** Reads a text to wait for; escapes that only make sense in sending are left out. */
export function readExpectText(word: string): string {
  let text = "";
  // Octal escapes are bytes already, everything else is a character of the script.
  readEscapes(word, (piece) => text += piece.charCodeAt(0) < 0x100 ? piece : toByteText(piece), () => {});
  return text;
}

/** Reads a word to send. */
export function readSend(word: string, options: ChatScriptOptions): ChatSend {
  if (word === "EOT") return { parts: [{ kind: "text", text: "\x04" }], isSecret: false };
  if (word === "BREAK") return { parts: [{ kind: "break" }], isSecret: false };
  const parts: ChatPart[] = [];
  let text = "";
  let isSecret = false;
  let hasReturn = true;
  const flush = () => {
    if (text !== "") parts.push({ kind: "text", text });
    text = "";
  };
  readEscapes(word, (piece) => text += piece.charCodeAt(0) < 0x100 ? piece : toByteText(piece), (letter) => {
    switch (letter) {
      case "c":
        hasReturn = false;
        return;
      case "q":
        isSecret = true;
        return;
      case "N":
        text += "\0";
        return;
      case "T":
        text += toByteText(options.phoneNumber ?? "");
        return;
      case "U":
        text += toByteText(options.secondNumber ?? "");
        return;
      case "K":
        flush();
        parts.push({ kind: "break" });
        return;
      default:
        flush();
        parts.push({ kind: "delay", ms: letter === "d" ? 1000 : 100 });
    }
  });
  if (hasReturn) text += "\r";
  flush();
  return { parts, isSecret };
}
