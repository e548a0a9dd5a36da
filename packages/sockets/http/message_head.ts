/** Heads of HTTP/1.1 messages between text and value, RFC 9112 §2–§5.
 *
 * ```text
 * GET /index.html HTTP/1.1          HTTP/1.1 200 OK
 * Host: example.net                 Content-Length: 5
 * ```
 *
 * Parsing refuses what has made proxies and servers disagree: white space before the colon, folded lines,
 * control characters, bare CR.
 *
 * @module
 */

/** The head of a request. */
export interface RequestHead {
  /** "GET", …; a token, as sent. */
  readonly method: string;
  /** "/index.html?x=1", "http://host/…", "*", "host:443", as sent. */
  readonly target: string;
  /** 0 or 1 (or more) of HTTP/1.x. */
  readonly minorVersion: number;
  /** Header fields. */
  readonly headers: Headers;
}

/** The head of a response. */
export interface ResponseHead {
  /** 100 … 999. */
  readonly status: number;
  /** Reason phrase, perhaps empty. */
  readonly statusText: string;
  /** 0 or 1 (or more) of HTTP/1.x. */
  readonly minorVersion: number;
  /** Header fields. */
  readonly headers: Headers;
}

/** Why a head was refused. */
export interface HeadFailure {
  /** The status that says so: 400, 431, 505. */
  readonly failure: number;
  /** For people. */
  readonly reason: string;
}

/** Header fields of one message, at most. */
export const MAX_HEADER_FIELDS = 256;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Visible characters, blanks, tabs and obs-text (RFC 9110 §5.5).
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/(\d)\.(\d)$/;
const STATUS_LINE = /^HTTP\/(\d)\.(\d) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

/** Parses the head of a request, without its empty line, RFC 9112 §3. */
export function parseRequestHead(text: string): RequestHead | HeadFailure {
  const lines = splitLines(text);
  const match = REQUEST_LINE.exec(lines[0]!);
  if (match === null) return { failure: 400, reason: "The request line is malformed" };
  if (match[3] !== "1") return { failure: 505, reason: "Only HTTP/1.0 and HTTP/1.1 are spoken" };
  const headers = parseFields(lines);
  if (!(headers instanceof Headers)) return headers;
  return { method: match[1]!, target: match[2]!, minorVersion: Number(match[4]), headers };
}

/** Parses the head of a response, without its empty line, RFC 9112 §4. */
export function parseResponseHead(text: string): ResponseHead | HeadFailure {
  const lines = splitLines(text);
  const match = STATUS_LINE.exec(lines[0]!);
  if (match === null) return { failure: 400, reason: "The status line is malformed" };
  if (match[1] !== "1") return { failure: 505, reason: "The server speaks another version of HTTP" };
  const headers = parseFields(lines);
  if (!(headers instanceof Headers)) return headers;
  return { status: Number(match[3]), statusText: match[4] ?? "", minorVersion: Number(match[2]), headers };
}

/** Header fields and the empty line, each line with CRLF. */
export function formatFields(headers: Headers): string {
  let text = "";
  // Iteration yields each Set-Cookie by itself, as it must be (RFC 9110 §5.3), and everything else combined.
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  return text + "\r\n";
}

/** The elements of a header field that is a comma-separated list of tokens, in lower case. */
export function tokenList(value: string | null): string[] {
  if (value === null) return [];
  return value.split(",").map((part) => part.trim().toLowerCase()).filter((part) => part !== "");
}

/** Whether the connection stays open after a message, RFC 9112 §9.3. */
export function wantsKeepAlive(minorVersion: number, headers: Headers): boolean {
  const tokens = tokenList(headers.get("connection"));
  if (tokens.includes("close")) return false;
  return minorVersion >= 1 || tokens.includes("keep-alive");
}

function splitLines(text: string): string[] {
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.endsWith("\r")) lines[i] = line.slice(0, -1);
  }
  return lines;
}

function parseFields(lines: readonly string[]): Headers | HeadFailure {
  const headers = new Headers();
  let count = 0;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    if (line === "") continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1);
    if (colon <= 0 || !TOKEN.test(name) || !FIELD_VALUE.test(value)) {
      return { failure: 400, reason: "A header field is malformed" };
    }
    if (++count > MAX_HEADER_FIELDS) {
      return { failure: 431, reason: `There are more than ${MAX_HEADER_FIELDS} header fields` };
    }
    headers.append(name, trimBlanks(value));
  }
  return headers;
}

function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value, start)) start++;
  while (end > start && isBlank(value, end - 1)) end--;
  return value.slice(start, end);
}

function isBlank(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code === 0x20 || code === 0x09;
}
