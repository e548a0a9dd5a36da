/** Our stack as a program, the counterpart of `KERNEL_TCP_PEER`: `tcp_peer.ts IFACE ADDRESS/LEN MAC`. Each line of JSON on its
 * standard input ({@linkcode PeerTask}) is one transfer of a fresh host; it answers with lines of JSON.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { PacketDriver } from "@lightwire/app-ethernet/packet-driver";
import { PbufPool } from "@lightwire/pbuf";
import { Stack, type TcpConn } from "@lightwire/sockets";
import type { TcpOptions } from "@lightwire/tcp";
import { jsonLines } from "./json_lines.ts";

/** One transfer. */
export interface PeerTask {
  /** Connect and send, or accept and receive. */
  readonly op: "send" | "receive";
  /** Port to connect to, or to listen on. */
  readonly port: number;
  /** Whom to send to; or, for a receiver, somebody at the other end. */
  readonly host: string;
  /** Octets to send. */
  readonly bytes?: number;
  /** How long a receiver reads nothing. Default 0. */
  readonly pauseMs?: number;
  /** How our TCP is set up. */
  readonly tcp?: TcpOptions;
}

/** What the sender reports. */
export interface SenderReport {
  /** From the SYN to the receiver's answer, which says that all has arrived. */
  readonly ms: number;
  /** SHA-256 of what was sent. */
  readonly sent: string;
  /** SHA-256 that the receiver computed. */
  readonly received: string;
}

const CHUNK_BYTES = 65_536;
/** How long the last acknowledgments may take. */
const FAREWELL_MS = 5000;

async function send(stack: Stack, task: PeerTask): Promise<SenderReport> {
  const hash = createHash("sha256");
  const chunk = crypto.getRandomValues(new Uint8Array(CHUNK_BYTES));
  const startedAt = performance.now();
  const conn = await stack.connect({ hostname: task.host, port: task.port });
  for (let left = task.bytes!; left > 0; left -= CHUNK_BYTES) {
    // No two pieces alike: one in another's place must not go unnoticed.
    new DataView(chunk.buffer).setUint32(0, left);
    await writeAll(conn, chunk.subarray(0, Math.min(left, CHUNK_BYTES)), hash);
  }
  await conn.closeWrite();
  let received = "";
  const answer = new Uint8Array(64);
  for (let n; (n = await conn.read(answer)) !== null;) {
    received += new TextDecoder().decode(answer.subarray(0, n));
  }
  const ms = performance.now() - startedAt;
  conn.close();
  return { ms, sent: hash.digest("hex"), received };
}

async function writeAll(
  conn: TcpConn,
  bytes: Uint8Array,
  hash: { update(bytes: Uint8Array): unknown },
): Promise<void> {
  hash.update(bytes);
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function receive(stack: Stack, task: PeerTask): Promise<{ bytes: number; sha256: string }> {
  using listener = stack.listen({ port: task.port });
  console.log(JSON.stringify({ event: "listening" }));
  const conn = await listener.accept();
  await new Promise((resolve) => setTimeout(resolve, task.pauseMs ?? 0));
  const hash = createHash("sha256");
  const buffer = new Uint8Array(CHUNK_BYTES * 4);
  let bytes = 0;
  for (let n; (n = await conn.read(buffer)) !== null;) {
    hash.update(buffer.subarray(0, n));
    bytes += n;
  }
  const sha256 = hash.digest("hex");
  await conn.write(new TextEncoder().encode(sha256));
  await conn.closeWrite();
  conn.close();
  return { bytes, sha256 };
}

if (import.meta.main) {
  const [name, address, mac] = Deno.args as [string, string, string];
  const pool = new PbufPool();
  console.log(JSON.stringify({ event: "ready" }));
  for await (const value of jsonLines(Deno.stdin.readable)) {
    const task = value as PeerTask;
    const stack = new Stack({ pool, ...(task.tcp === undefined ? {} : { tcp: task.tcp }) });
    const driver = PacketDriver.open({ name, pool, offload: false });
    stack.addInterface({ driver, addresses: [address], mac });
    try {
      // Addresses are resolved and everything runs before the clock does.
      for await (const outcome of stack.ping(task.host, { count: 3, intervalMs: 50 })) void outcome;
      const report = await (task.op === "send" ? send(stack, task) : receive(stack, task));
      console.log(JSON.stringify({ event: "done", ...report }));
    } catch (error) {
      console.log(JSON.stringify({ event: "failed", message: String(error) }));
    }
    await stack.close({ graceMs: FAREWELL_MS });
    await driver.closeAndWait();
  }
}
