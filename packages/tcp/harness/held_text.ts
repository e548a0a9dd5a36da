/** Text that a {@linkcode HarnessSocket} has taken from its connection before its user asked for it.
 *
 * @module
 */
import type { TcpConnection } from "../connection.ts";

/** All text that is there, without opening the window for it: {@linkcode TcpConnection.recved} is still to be told. */
export function takeText(connection: TcpConnection): Uint8Array {
  const all = new Uint8Array(connection.readableBytes);
  let at = 0;
  for (let p = connection.readPbuf(); p !== undefined; p = connection.readPbuf()) {
    for (let node: typeof p | undefined = p; node !== undefined; node = node.next) {
      all.set(node.bytes.subarray(node.start, node.end), at);
      at += node.end - node.start;
    }
    p.release();
  }
  return all;
}

/** One behind the other. */
export function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
