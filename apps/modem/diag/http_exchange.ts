/** {@linkcode exchangeHttp}: a request as long as one likes, and the begin of the answer: whether long segments pass, both ways.
 *
 * @module
 */
import { NetError } from "@lightwire/netif/error";
import { type DiagTarget, type NetworkContext, withDeadline } from "./network_context.ts";

/** Room for what comes: a server shall not fill the queues of a slow line with more than is looked at. */
const RECEIVE_BYTES = 4380;

/** What came of it. */
export interface HttpExchange {
  /** First line of the answer; "" when there was none. */
  readonly status: string;
  /** Bytes that came. */
  readonly bytes: number;
  /** The answer began, and then came to a stop. */
  readonly isStalled: boolean;
}

/** Sends a request of at least `requestBytes` and reads until `answerBytes` have come, or the server has ended the connection.
 *
 * @throws {NetError} `TIMED_OUT` when no byte comes in time; what `Stack.connect` throws.
 */
export async function exchangeHttp(
  c: Pick<NetworkContext, "stack" | "signal">,
  target: DiagTarget,
  address: string,
  o: { readonly requestBytes: number; readonly answerBytes: number; readonly timeoutMs: number },
): Promise<HttpExchange> {
  let bytes = 0;
  let text = "";
  const status = (): string => text.split("\r\n")[0]!.slice(0, 80);
  try {
    await withDeadline(c, o.timeoutMs, async (signal) => {
      const tcp = { receiveBufferBytes: RECEIVE_BYTES };
      const conn = await c.stack.connect({ hostname: address, port: target.port, signal, tcp });
      try {
        const request = requestOf(target, o.requestBytes);
        for (let at = 0; at < request.length;) at += await conn.write(request.subarray(at), { signal });
        const into = new Uint8Array(2048);
        while (bytes < o.answerBytes) {
          const count = await conn.read(into, { signal });
          if (count === null) break;
          bytes += count;
          if (text.length < 1024) text += new TextDecoder().decode(into.subarray(0, count));
        }
      } finally {
        conn.abort();
      }
    });
  } catch (error) {
    if (bytes === 0 || !(error instanceof NetError && error.code === "TIMED_OUT")) throw error;
    return { status: status(), bytes, isStalled: true };
  }
  return { status: status(), bytes, isStalled: false };
}

function requestOf({ host, path }: DiagTarget, length: number): Uint8Array {
  const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nX-Padding: `;
  const padding = "x".repeat(Math.max(1, length - head.length - 4));
  return new TextEncoder().encode(`${head}${padding}\r\n\r\n`);
}
