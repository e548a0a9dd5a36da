/** The control connection of iperf 3: a cookie, one-byte states, and JSON with a length in front.
 *
 * @module
 */

/** States, as the bytes that stand for them. */
export const State = {
  TEST_START: 1,
  TEST_RUNNING: 2,
  TEST_END: 4,
  PARAM_EXCHANGE: 9,
  CREATE_STREAMS: 10,
  SERVER_TERMINATE: 11,
  CLIENT_TERMINATE: 12,
  EXCHANGE_RESULTS: 13,
  DISPLAY_RESULTS: 14,
  IPERF_START: 15,
  IPERF_DONE: 16,
  ACCESS_DENIED: 255,
  SERVER_ERROR: 254,
} as const;

/** Bytes of the cookie: 36 characters and a zero. */
export const COOKIE_BYTES = 37;
/** First datagram of a client's UDP stream. */
export const UDP_CONNECT = 0x36373839;
/** The server's answer to it. */
export const UDP_CONNECT_REPLY = 0x39383736;
/** Bytes in front of each datagram: seconds, microseconds, number. */
export const UDP_HEADER_BYTES = 12;
/** Longest JSON text that is accepted. */
const MAX_JSON_BYTES = 1_000_000;

/** Parameters the client sends. */
export interface Parameters {
  readonly tcp?: boolean;
  readonly udp?: boolean;
  readonly time?: number;
  readonly parallel?: number;
  readonly reverse?: boolean;
  readonly len?: number;
  readonly bandwidth?: number;
  readonly [key: string]: unknown;
}

/** Figures of one stream. */
export interface StreamResult {
  readonly id: number;
  readonly bytes: number;
  readonly retransmits: number;
  readonly jitter: number;
  readonly errors: number;
  readonly packets: number;
  readonly start_time: number;
  readonly end_time: number;
}

/** Figures that both sides exchange. */
export interface Results {
  readonly cpu_util_total: number;
  readonly cpu_util_user: number;
  readonly cpu_util_system: number;
  readonly sender_has_retransmits: number;
  readonly streams: readonly StreamResult[];
}

/** Figures of this side. */
export function results(
  seconds: number,
  isSender: boolean,
  streams: readonly Partial<StreamResult>[],
): Results {
  return {
    cpu_util_total: 0,
    cpu_util_user: 0,
    cpu_util_system: 0,
    sender_has_retransmits: isSender ? 0 : -1,
    streams: streams.map((s, i) => ({
      id: streamId(i),
      bytes: 0,
      retransmits: isSender ? 0 : -1,
      jitter: 0,
      errors: 0,
      packets: 0,
      start_time: 0,
      end_time: seconds,
      ...s,
    })),
  };
}

/** Stream numbers go 1, 3, 4, 5, … as in iperf 3 itself. */
export function streamId(index: number): number {
  return index === 0 ? 1 : index + 2;
}

/** A random cookie with its terminating zero. */
export function makeCookie(): Uint8Array {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  const cookie = crypto.getRandomValues(new Uint8Array(COOKIE_BYTES)).map((b) => letters.charCodeAt(b & 31));
  cookie[COOKIE_BYTES - 1] = 0;
  return cookie;
}

/** Reads exactly `length` bytes.
 *
 * @throws {Error} when the peer ends first.
 */
export async function readExactly(
  conn: Deno.Conn,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) {
      throw new Error("The peer ended the test's control connection early.");
    }
    at += count;
  }
  return bytes;
}

/** Writes all of `bytes`. */
export async function writeAll(
  conn: Deno.Conn,
  bytes: Uint8Array,
): Promise<void> {
  while (bytes.length > 0) bytes = bytes.subarray(await conn.write(bytes));
}

/** Sends a state byte. */
export async function sendState(conn: Deno.Conn, state: number): Promise<void> {
  await writeAll(conn, Uint8Array.of(state));
}

/** Waits for a state byte. */
export async function readState(conn: Deno.Conn): Promise<number> {
  return (await readExactly(conn, 1))[0]!;
}

/** Waits for the state `wanted`.
 *
 * @throws {Error} when another comes.
 */
export async function expectState(
  conn: Deno.Conn,
  wanted: number,
): Promise<void> {
  const state = await readState(conn);
  if (state === wanted) return;
  if (state === State.ACCESS_DENIED) {
    throw new Error(
      "The iperf3 server is busy with another test: try again later.",
    );
  }
  if (state === State.SERVER_ERROR) {
    throw new Error("The iperf3 server reports an error and ends the test.");
  }
  throw new Error(
    `The iperf3 peer sent state ${state} where ${wanted} was due.`,
  );
}

/** Sends a JSON text with its length in front. */
export async function sendJson(conn: Deno.Conn, value: unknown): Promise<void> {
  const text = new TextEncoder().encode(JSON.stringify(value));
  const bytes = new Uint8Array(4 + text.length);
  new DataView(bytes.buffer).setUint32(0, text.length);
  bytes.set(text, 4);
  await writeAll(conn, bytes);
}

/** Reads a JSON text with its length in front.
 *
 * @throws {Error} when it is too long or not JSON.
 */
export async function readJson<T>(conn: Deno.Conn): Promise<T> {
  const head = await readExactly(conn, 4);
  const length = new DataView(head.buffer).getUint32(0);
  if (length > MAX_JSON_BYTES) {
    throw new Error("The iperf3 peer sent an oversized message.");
  }
  return JSON.parse(
    new TextDecoder().decode(await readExactly(conn, length)),
  ) as T;
}
