/** The client side of iperf 3.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import {
  expectState,
  makeCookie,
  readJson,
  type Results,
  results,
  sendJson,
  sendState,
  State,
  type StreamResult,
  UDP_CONNECT,
  UDP_HEADER_BYTES,
  writeAll,
} from "./iperf3_protocol.ts";
import { Meter } from "./meter.ts";
import type { IperfOptions } from "./options.ts";
import { DatagramTracker, pace, receiveStream, sendStream, StreamCounter } from "./streams.ts";

/** Runs one test against an iperf 3 server. */
export async function iperf3Client(
  context: CommandContext,
  o: IperfOptions,
): Promise<number> {
  const { stack, output, signal } = context;
  const hostname = await stack.lookup(o.host!, { signal });
  using control = await stack.connect({ hostname, port: o.port, signal });
  control.setNoDelay(true);
  signal.addEventListener("abort", () => control.close(), { once: true });
  const cookie = makeCookie();
  await writeAll(control, cookie);
  await expectState(control, State.PARAM_EXCHANGE);
  await sendJson(control, parameters(o));
  await expectState(control, State.CREATE_STREAMS);
  const meter = new Meter(
    output,
    o.isReverse ? "receiver" : "sender",
    o.intervalSeconds,
  );
  const run = o.isUdp
    ? await openDatagrams(context, o, hostname, meter)
    : await openStreams(context, o, hostname, cookie, meter);
  try {
    await expectState(control, State.TEST_START);
    await expectState(control, State.TEST_RUNNING);
    meter.start();
    const endAt = performance.now() + o.seconds * 1000;
    await run.move(() => performance.now() >= endAt || signal.aborted);
    signal.throwIfAborted();
    meter.stop();
    await sendState(control, State.TEST_END);
    await expectState(control, State.EXCHANGE_RESULTS);
    await sendJson(
      control,
      results(meter.seconds, !o.isReverse, run.figures()),
    );
    const theirs = await readJson<Results>(control);
    await expectState(control, State.DISPLAY_RESULTS);
    report(context, o, meter, run.figures(), theirs);
    await sendState(control, State.IPERF_DONE);
  } finally {
    meter.stop();
    run.close();
  }
  return 0;
}

interface Run {
  move(isOver: () => boolean): Promise<void>;
  figures(): Partial<StreamResult>[];
  close(): void;
}

function parameters(o: IperfOptions): Record<string, unknown> {
  return {
    [o.isUdp ? "udp" : "tcp"]: true,
    omit: 0,
    time: Math.ceil(o.seconds),
    num: 0,
    blockcount: 0,
    parallel: o.parallel,
    ...(o.isReverse ? { reverse: true } : {}),
    len: o.length,
    ...(o.isUdp ? { bandwidth: o.rateBps } : {}),
    pacing_timer: 1000,
    client_version: "3.12",
  };
}

async function openStreams(
  { stack, signal }: CommandContext,
  o: IperfOptions,
  hostname: string,
  cookie: Uint8Array,
  meter: Meter,
): Promise<Run> {
  const conns: Deno.Conn[] = [];
  for (let i = 0; i < o.parallel; i++) {
    const conn = await stack.connect({ hostname, port: o.port, signal });
    await writeAll(conn, cookie);
    conns.push(conn);
  }
  const perStream = conns.map(() => new StreamCounter(meter));
  return {
    async move(isOver) {
      const moves = conns.map((conn, i) => {
        const block = new Uint8Array(o.length);
        return o.isReverse
          ? receiveStream(conn, block, perStream[i]!)
          : sendStream(conn, block, perStream[i]!, isOver);
      });
      const over = new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          if (!isOver()) return;
          clearInterval(timer);
          resolve();
        }, 10);
      });
      // A reverse test has no end of its own: the time is up, or the server went away.
      await Promise.race([over, Promise.all(moves)]);
      for (const move of moves) move.catch(() => {});
    },
    figures: () => perStream.map((s) => ({ bytes: s.bytes })),
    close: () => conns.forEach((conn) => conn.close()),
  };
}

async function openDatagrams(
  { stack, signal }: CommandContext,
  o: IperfOptions,
  hostname: string,
  meter: Meter,
): Promise<Run> {
  const peer: Deno.NetAddr = { transport: "udp", hostname, port: o.port };
  const streams: {
    conn: Deno.DatagramConn;
    tracker: DatagramTracker;
    bytes: number;
    sent: number;
  }[] = [];
  for (let i = 0; i < o.parallel; i++) {
    const conn = stack.listenDatagram({ port: 0, transport: "udp" });
    const hello = new Uint8Array(4);
    new DataView(hello.buffer).setUint32(0, UDP_CONNECT, true);
    const answer = conn.receive();
    await conn.send(hello, peer);
    await Promise.race([
      answer,
      timeout(3000, "The iperf3 server does not answer UDP.", signal),
    ]);
    streams.push({ conn, tracker: new DatagramTracker(), bytes: 0, sent: 0 });
  }
  return {
    async move(isOver) {
      await Promise.all(streams.map(async (s) => {
        if (o.isReverse) {
          const receiving = (async () => {
            for await (const [data] of s.conn) {
              const view = new DataView(data.buffer, data.byteOffset);
              s.tracker.arrives(
                view.getUint32(8),
                view.getUint32(0) * 1000 + view.getUint32(4) / 1000,
                Date.now(),
              );
              s.bytes += data.length;
              meter.bytes += data.length;
            }
          })().catch(() => {});
          await pace(20, isOver, () => Promise.resolve());
          void receiving;
          return;
        }
        const block = new Uint8Array(o.length);
        const view = new DataView(block.buffer);
        await pace(o.rateBps / 8 / o.length, isOver, async () => {
          const now = performance.timeOrigin + performance.now();
          view.setUint32(0, Math.floor(now / 1000));
          view.setUint32(4, Math.floor((now % 1000) * 1000));
          view.setUint32(8, ++s.sent);
          await s.conn.send(block, peer);
          s.bytes += block.length;
          meter.bytes += block.length;
        });
      }));
    },
    figures: () =>
      streams.map((s) => ({
        bytes: s.bytes,
        packets: o.isReverse ? s.tracker.packets + s.tracker.lost : s.sent,
        errors: s.tracker.lost,
        jitter: s.tracker.jitterMs / 1000,
      })),
    close: () => streams.forEach((s) => s.conn.close()),
  };
}

function timeout(
  ms: number,
  message: string,
  signal: AbortSignal,
): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(message)), ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}

function report(
  { output }: CommandContext,
  o: IperfOptions,
  meter: Meter,
  ours: readonly Partial<StreamResult>[],
  theirs: Results,
): void {
  const sum = (key: "bytes" | "errors" | "packets" | "retransmits"): number =>
    theirs.streams.reduce((total, s) => total + (s[key] ?? 0), 0);
  if (!o.isUdp) {
    meter.report({
      peerBytes: sum("bytes"),
      peerRetransmits: sum("retransmits"),
    });
    return;
  }
  const receiver = o.isReverse ? ours : theirs.streams;
  const packets = receiver.reduce((total, s) => total + (s.packets ?? 0), 0);
  const lost = receiver.reduce((total, s) => total + (s.errors ?? 0), 0);
  const jitterMs = 1000 *
    receiver.reduce((most, s) => Math.max(most, s.jitter ?? 0), 0);
  meter.report({ peerBytes: sum("bytes") }, {
    packets: packets - lost,
    lost,
    jitterMs,
  });
  output.detail(`${UDP_HEADER_BYTES} bytes of each datagram are its header`);
}
