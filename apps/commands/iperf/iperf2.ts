/** iperf 2: a TCP stream is all payload; each datagram begins with its number and the time it was sent.
 *
 * ```text
 *  0 id i32 (negative: the last one) | 4 seconds u32 | 8 microseconds u32
 * ```
 *
 * The server answers the last datagram with the same twelve bytes and a report of what it received.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { Meter } from "./meter.ts";
import type { IperfOptions } from "./options.ts";
import { DatagramTracker, pace, receiveStream, sendStream } from "./streams.ts";

/** Flags word that says a server's report follows. */
const HEADER_VERSION1 = 0x8000_0000;
/** Bytes of the datagram header. */
const HEADER_BYTES = 12;
/** Bytes of the server's report behind the header. */
const REPORT_BYTES = 40;
/** How often the last datagram is repeated until the report comes, and how far apart. */
const LAST_TRIES = 10;
const LAST_INTERVAL_MS = 250;

/** Sends to an iperf 2 server. */
export async function iperf2Client(
  context: CommandContext,
  o: IperfOptions,
): Promise<number> {
  const hostname = await context.stack.lookup(o.host!, {
    signal: context.signal,
  });
  return o.isUdp ? await sendDatagrams(context, o, hostname) : await sendTcp(context, o, hostname);
}

/** Receives from iperf 2 clients until interrupted, or one test with `-1`. */
export async function iperf2Server(
  context: CommandContext,
  o: IperfOptions,
): Promise<number> {
  const { output } = context;
  const transport = o.isUdp ? "UDP" : "TCP";
  output.event(
    "listening",
    { service: "iperf", transport, port: o.port },
    `iperf server on ${transport} port ${o.port}; Ctrl-C ends it`,
  );
  return o.isUdp ? await receiveDatagrams(context, o) : await receiveTcp(context, o);
}

async function sendTcp(
  { stack, output, signal }: CommandContext,
  o: IperfOptions,
  hostname: string,
): Promise<number> {
  const conns: Deno.TcpConn[] = [];
  for (let i = 0; i < o.parallel; i++) {
    conns.push(await stack.connect({ hostname, port: o.port, signal }));
  }
  const meter = new Meter(output, "sender", o.intervalSeconds);
  meter.start();
  const endAt = performance.now() + o.seconds * 1000;
  const isOver = (): boolean => performance.now() >= endAt || signal.aborted;
  try {
    await Promise.all(conns.map(async (conn) => {
      await sendStream(conn, new Uint8Array(o.length), meter, isOver);
      await conn.closeWrite();
    }));
    // The peer's FIN says that it has read everything: only then the figure counts.
    await Promise.all(
      conns.map((conn) => receiveStream(conn, new Uint8Array(4096), { bytes: 0 })),
    );
    meter.report({ streams: o.parallel });
  } finally {
    meter.stop();
    for (const conn of conns) conn.close();
  }
  signal.throwIfAborted();
  return 0;
}

async function receiveTcp(
  { stack, output, signal }: CommandContext,
  o: IperfOptions,
): Promise<number> {
  using listener = stack.listen({ port: o.port });
  const serve = async (conn: Deno.TcpConn): Promise<void> => {
    const meter = new Meter(output, "receiver", o.intervalSeconds);
    output.note(
      `Stream from ${conn.remoteAddr.hostname}:${conn.remoteAddr.port}`,
    );
    meter.start();
    try {
      await receiveStream(conn, new Uint8Array(1 << 17), meter);
    } catch (error) {
      output.note(
        `Stream broke: ${error instanceof Error ? error.message : error}`,
      );
    } finally {
      conn.close();
    }
    meter.report({ address: conn.remoteAddr.hostname });
  };
  do {
    const served = serve(await listener.accept({ signal }));
    if (o.isOnce) await served;
  } while (!o.isOnce);
  return 0;
}

async function sendDatagrams(
  { stack, output, signal }: CommandContext,
  o: IperfOptions,
  hostname: string,
): Promise<number> {
  const peer: Deno.NetAddr = { transport: "udp", hostname, port: o.port };
  const meter = new Meter(output, "sender", o.intervalSeconds);
  meter.start();
  const endAt = performance.now() + o.seconds * 1000;
  const isOver = (): boolean => performance.now() >= endAt || signal.aborted;
  const reports = await Promise.all(
    Array.from({ length: o.parallel }, async () => {
      using conn = stack.listenDatagram({ port: 0, transport: "udp" });
      const block = new Uint8Array(o.length);
      const view = new DataView(block.buffer);
      let id = 0;
      await pace(o.rateBps / 8 / o.length, isOver, async () => {
        writeHeader(view, ++id);
        await conn.send(block, peer);
        meter.bytes += block.length;
      });
      return { sent: id, report: await finish(conn, block, id, peer) };
    }),
  );
  const answered = reports.map((r) => r.report).filter((r) => r !== undefined);
  const packets = reports.reduce((n, r) => n + r.sent, 0);
  const lost = answered.reduce((n, r) => n + r.lost, 0);
  const jitterMs = Math.max(0, ...answered.map((r) => r.jitterMs));
  meter.report({ streams: o.parallel, reported: answered.length }, {
    packets: packets - lost,
    lost,
    jitterMs,
  });
  if (answered.length < reports.length) {
    output.error("The server sent no report of what it received.");
  }
  signal.throwIfAborted();
  return answered.length === reports.length ? 0 : 1;
}

interface Report {
  readonly lost: number;
  readonly jitterMs: number;
}

/** Sends the last datagram until the server's report comes. */
async function finish(
  conn: Deno.DatagramConn,
  block: Uint8Array,
  id: number,
  peer: Deno.NetAddr,
): Promise<Report | undefined> {
  const answer = conn.receive().then(([data]) => parseReport(data)).catch(() => undefined);
  const view = new DataView(block.buffer);
  for (let i = 0; i < LAST_TRIES; i++) {
    writeHeader(view, -(id + 1));
    await conn.send(block, peer);
    const patience = new Promise<"again">((resolve) => setTimeout(() => resolve("again"), LAST_INTERVAL_MS));
    const report = await Promise.race([answer, patience]);
    if (report !== "again") return report;
  }
  return undefined;
}

async function receiveDatagrams(
  { stack, output, signal }: CommandContext,
  o: IperfOptions,
): Promise<number> {
  using conn = stack.listenDatagram({ port: o.port, transport: "udp" });
  signal.addEventListener("abort", () => conn.close(), { once: true });
  const streams = new Map<
    string,
    { tracker: DatagramTracker; meter: Meter; report: Uint8Array | undefined }
  >();
  for await (const [data, from] of conn) {
    if (data.length < HEADER_BYTES) continue;
    const { hostname, port } = from as Deno.NetAddr;
    const key = `${hostname}:${port}`;
    let stream = streams.get(key);
    if (stream === undefined) {
      stream = {
        tracker: new DatagramTracker(),
        meter: new Meter(output, "receiver", o.intervalSeconds),
        report: undefined,
      };
      stream.meter.start();
      streams.set(key, stream);
      output.note(`Datagrams from ${key}`);
    }
    const view = new DataView(data.buffer, data.byteOffset);
    const id = view.getInt32(0);
    if (stream.report === undefined) {
      const sentAtMs = view.getUint32(4) * 1000 + view.getUint32(8) / 1000;
      stream.meter.bytes += data.length;
      stream.tracker.arrives(
        Math.abs(id),
        sentAtMs,
        performance.timeOrigin + performance.now(),
      );
      if (id >= 0) continue;
      const { packets, lost, jitterMs } = stream.tracker;
      stream.meter.report({ address: hostname }, { packets, lost, jitterMs });
      stream.report = emitReport(data, stream.meter, stream.tracker);
    }
    // The client repeats its last datagram until it hears this.
    await conn.send(stream.report, from);
    if (o.isOnce) return 0;
  }
  return 0;
}

function writeHeader(view: DataView, id: number): void {
  const now = performance.timeOrigin + performance.now();
  view.setInt32(0, id);
  view.setUint32(4, Math.floor(now / 1000));
  view.setUint32(8, Math.floor((now % 1000) * 1000));
}

// Behind the header and, since 2.0.10, a fourth word (the number's upper half):
// flags, bytes (high, low), seconds, microseconds, lost, out of order, highest number, jitter (seconds, microseconds).
function emitReport(
  last: Uint8Array,
  meter: Meter,
  tracker: DatagramTracker,
): Uint8Array {
  const report = new Uint8Array(Math.max(last.length, 16 + REPORT_BYTES));
  report.set(last);
  const view = new DataView(report.buffer);
  const seconds = meter.seconds;
  view.setUint32(16, HEADER_VERSION1);
  view.setUint32(20, Math.floor(meter.bytes / 0x1_0000_0000));
  view.setUint32(24, meter.bytes >>> 0);
  view.setUint32(28, Math.floor(seconds));
  view.setUint32(32, Math.floor((seconds % 1) * 1e6));
  view.setUint32(36, tracker.lost);
  view.setUint32(40, tracker.outOfOrder);
  view.setUint32(44, tracker.packets + tracker.lost);
  view.setUint32(48, Math.floor(tracker.jitterMs / 1000));
  view.setUint32(52, Math.floor((tracker.jitterMs % 1000) * 1000));
  return report;
}

function parseReport(data: Uint8Array): Report | undefined {
  if (data.length < 16 + REPORT_BYTES) return undefined;
  const view = new DataView(data.buffer, data.byteOffset);
  if ((view.getUint32(16) & HEADER_VERSION1) === 0) return undefined;
  return {
    lost: view.getUint32(36),
    jitterMs: view.getUint32(48) * 1000 + view.getUint32(52) / 1000,
  };
}
