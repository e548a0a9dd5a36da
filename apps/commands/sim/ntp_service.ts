/** A small NTP server for the simulated internet (RFC 5905 §7.3): stratum 1, the host's own time.
 *
 * @module
 */
import type { Stack } from "@lightwire/sockets";

const NTP_PORT = 123;
const NTP_BYTES = 48;
/** Seconds from 1900 to 1970. */
const UNIX_EPOCH_SECONDS = 2_208_988_800;

/** Answers NTP requests until the socket is closed with the stack.
 *
 * @param skewMs How far its clock is ahead of the host's, in milliseconds.
 * @param hostname Address to bind to: a host of several would else answer from another one than it was asked at, which clients
 * do not take. Default: all.
 */
export async function serveNtp(
  stack: Stack,
  skewMs: number = 0,
  hostname: string = "0.0.0.0",
): Promise<void> {
  const conn = stack.listenDatagram({ hostname, port: NTP_PORT, transport: "udp" });
  for await (const [data, from] of conn) {
    if (data.length < NTP_BYTES || (data[0]! & 7) !== 3) continue;
    await conn.send(answer(data, skewMs), from);
  }
}

function answer(request: Uint8Array, skewMs: number): Uint8Array {
  const reply = new Uint8Array(NTP_BYTES);
  const view = new DataView(reply.buffer);
  const receivedAt = performance.timeOrigin + performance.now() + skewMs;
  reply[0] = (request[0]! & 0x38) | 4; // no leap warning, the client's version, mode 4 (server)
  reply[1] = 1; // stratum: a reference clock
  reply[2] = request[2]!; // poll interval as asked
  reply[3] = 0xec; // precision 2^−20 s
  reply.set(new TextEncoder().encode("LOCL"), 12);
  writeTimestamp(view, 16, receivedAt);
  reply.set(request.subarray(40, 48), 24);
  writeTimestamp(view, 32, receivedAt);
  writeTimestamp(view, 40, performance.timeOrigin + performance.now() + skewMs);
  return reply;
}

function writeTimestamp(view: DataView, offset: number, unixMs: number): void {
  const seconds = Math.floor(unixMs / 1000);
  view.setUint32(offset, (seconds + UNIX_EPOCH_SECONDS) >>> 0);
  view.setUint32(offset + 4, Math.floor(((unixMs - seconds * 1000) / 1000) * 0x1_0000_0000));
}
