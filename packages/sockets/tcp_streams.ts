/** Web streams over a {@linkcode TcpConn}.
 *
 * @module
 */
import type { TcpConn } from "./tcp_conn.ts";

/** Most bytes of one chunk of {@linkcode TcpConn.readable}. */
export const MAX_CHUNK_BYTES = 65_536;

/** A byte stream of what `conn` receives. It reads when asked to and keeps nothing itself, so that a slow
 * reader closes the TCP window. */
export function createReadable(conn: TcpConn): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(
    {
      type: "bytes",
      pull: (controller) => pull(conn, controller),
      cancel: () => conn.closeRead(),
    },
    { highWaterMark: 0 },
  );
}

/** A stream that sends its chunks by `conn`, one after the other, each when the one before is in the send buffer. */
export function createWritable(conn: TcpConn): WritableStream<Uint8Array<ArrayBufferLike>> {
  return new WritableStream({
    write: (chunk) => {
      const taken = conn.writeNow(chunk);
      // A chunk that fits costs no promise of ours.
      return taken < chunk.length ? conn.write(chunk.subarray(taken)).then(ignore) : undefined;
    },
    close: () => conn.closeWrite(),
    abort: () => conn.abort(),
  });
}

function pull(conn: TcpConn, controller: ReadableByteStreamController): Promise<void> | undefined {
  if (deliver(conn, controller)) return undefined;
  return conn.waitReadable().then(() => void deliver(conn, controller));
}

/** Hands one chunk, or the end, to the stream; false: there is nothing yet. */
function deliver(conn: TcpConn, controller: ReadableByteStreamController): boolean {
  const request = controller.byobRequest;
  const view = request?.view;
  if (request !== null && view) {
    const length = conn.readNow(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    if (length === undefined) return false;
    if (length === null) controller.close();
    request.respond(length ?? 0);
    return true;
  }
  const available = conn.readableBytes;
  if (available > 0) {
    const chunk = new Uint8Array(Math.min(available, MAX_CHUNK_BYTES));
    conn.readNow(chunk);
    controller.enqueue(chunk);
    return true;
  }
  if (conn.readNow(EMPTY) === null) {
    controller.close();
    return true;
  }
  return false;
}

const EMPTY = new Uint8Array(0);

function ignore(): void {}
