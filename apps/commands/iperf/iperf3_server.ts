/** The server side of iperf 3: one test at a time.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import {
  COOKIE_BYTES,
  type Parameters,
  readExactly,
  readJson,
  readState,
  type Results,
  results,
  sendJson,
  sendState,
  State,
  type StreamResult,
  UDP_CONNECT_REPLY,
} from "./iperf3_protocol.ts";
import { Meter } from "./meter.ts";
import type { IperfOptions } from "./options.ts";
import { DatagramTracker, pace, receiveStream, sendStream, StreamCounter } from "./streams.ts";

/** Most streams a client may ask for. */
const MAX_STREAMS = 128;
/** Longest block a client may ask for. */
const MAX_BLOCK_BYTES = 1_048_576;

/** Serves iperf 3 tests until interrupted, or one with `-1`. */
export async function iperf3Server(
  context: CommandContext,
  o: IperfOptions,
): Promise<number> {
  const { stack, output, signal } = context;
  using listener = stack.listen({ port: o.port });
  signal.addEventListener("abort", () => listener.close(), { once: true });
  output.event(
    "listening",
    { service: "iperf3", port: o.port },
    `iperf3 server on port ${o.port}; Ctrl-C ends it`,
  );
  do {
    try {
      using control = await listener.accept({ signal });
      await serve(context, o, listener, control);
    } catch (error) {
      signal.throwIfAborted();
      output.error(
        `Test ended: ${error instanceof Error ? error.message : error}`,
      );
    }
  } while (!o.isOnce);
  return 0;
}

async function serve(
  context: CommandContext,
  o: IperfOptions,
  listener: Deno.TcpListener,
  control: Deno.TcpConn,
): Promise<void> {
  const { output } = context;
  control.setNoDelay(true);
  const cookie = await readExactly(control, COOKIE_BYTES);
  output.note(
    `Test for ${control.remoteAddr.hostname}:${control.remoteAddr.port}`,
  );
  await sendState(control, State.PARAM_EXCHANGE);
  const asked = await readJson<Parameters>(control);
  const count = Math.min(MAX_STREAMS, Math.max(1, asked.parallel ?? 1));
  const length = Math.min(MAX_BLOCK_BYTES, Math.max(16, asked.len ?? 131_072));
  const isReverse = asked.reverse === true;
  const meter = new Meter(
    output,
    isReverse ? "sender" : "receiver",
    o.intervalSeconds,
  );
  const streams = asked.udp === true
    ? new UdpStreams(context, o.port, meter, asked, length)
    : new TcpStreams(meter, length);
  try {
    await sendState(control, State.CREATE_STREAMS);
    await streams.open(count, listener, cookie);
    await sendState(control, State.TEST_START);
    await sendState(control, State.TEST_RUNNING);
    meter.start();
    let isOver = false;
    const moving = streams.move(isReverse, () => isOver);
    const state = await readState(control);
    isOver = true;
    meter.stop();
    if (state === State.CLIENT_TERMINATE) {
      throw new Error("the client gave up.");
    }
    if (state !== State.TEST_END) {
      throw new Error(`the client sent state ${state}.`);
    }
    moving.catch(() => {});
    // A receiving client sits in the middle of a block until the stream ends.
    streams.close();
    await sendState(control, State.EXCHANGE_RESULTS);
    await readJson<Results>(control);
    const figures = streams.figures();
    await sendJson(control, results(meter.seconds, isReverse, figures));
    await sendState(control, State.DISPLAY_RESULTS);
    meter.report(
      {},
      asked.udp !== true || isReverse ? undefined : {
        packets: figures.reduce(
          (n, f) => n + (f.packets ?? 0) - (f.errors ?? 0),
          0,
        ),
        lost: figures.reduce((n, f) => n + (f.errors ?? 0), 0),
        jitterMs: 1000 * Math.max(...figures.map((f) => f.jitter ?? 0)),
      },
    );
    await readState(control).catch(() => State.IPERF_DONE);
  } finally {
    meter.stop();
    streams.close();
  }
}

/** Data connections of a TCP test. */
class TcpStreams {
  readonly #conns: Deno.TcpConn[] = [];
  readonly #counters: StreamCounter[] = [];
  readonly #meter: Meter;
  readonly #length: number;

  constructor(meter: Meter, length: number) {
    this.#meter = meter;
    this.#length = length;
  }

  async open(
    count: number,
    listener: Deno.TcpListener,
    cookie: Uint8Array,
  ): Promise<void> {
    while (this.#conns.length < count) {
      const conn = await listener.accept();
      const theirs = await readExactly(conn, COOKIE_BYTES);
      if (theirs.some((byte, i) => byte !== cookie[i])) {
        // Somebody else's test: it may come again when this one is over.
        await sendState(conn, State.ACCESS_DENIED);
        conn.close();
        continue;
      }
      this.#conns.push(conn);
      this.#counters.push(new StreamCounter(this.#meter));
    }
  }

  async move(isReverse: boolean, isOver: () => boolean): Promise<void> {
    await Promise.all(this.#conns.map((conn, i) => {
      const block = new Uint8Array(this.#length);
      const counter = this.#counters[i]!;
      return isReverse ? sendStream(conn, block, counter, isOver) : receiveStream(conn, block, counter);
    }));
  }

  figures(): Partial<StreamResult>[] {
    return this.#counters.map((c) => ({ bytes: c.bytes }));
  }

  close(): void {
    for (const conn of this.#conns) conn.close();
  }
}

interface UdpStream {
  readonly peer: Deno.NetAddr;
  readonly tracker: DatagramTracker;
  bytes: number;
  sent: number;
}

/** Data streams of a UDP test, told apart by the client's address and port. */
class UdpStreams {
  readonly #conn: Deno.DatagramConn;
  readonly #streams = new Map<string, UdpStream>();
  readonly #meter: Meter;
  readonly #asked: Parameters;
  readonly #length: number;

  constructor(
    { stack }: CommandContext,
    port: number,
    meter: Meter,
    asked: Parameters,
    length: number,
  ) {
    this.#conn = stack.listenDatagram({ port, transport: "udp" });
    this.#meter = meter;
    this.#asked = asked;
    this.#length = Math.min(65_507, length);
  }

  async open(count: number): Promise<void> {
    while (this.#streams.size < count) {
      const [, from] = await this.#conn.receive();
      const peer = from as Deno.NetAddr;
      this.#streams.set(`${peer.hostname}:${peer.port}`, {
        peer,
        tracker: new DatagramTracker(),
        bytes: 0,
        sent: 0,
      });
      const reply = new Uint8Array(4);
      new DataView(reply.buffer).setUint32(0, UDP_CONNECT_REPLY, true);
      await this.#conn.send(reply, peer);
    }
  }

  async move(isReverse: boolean, isOver: () => boolean): Promise<void> {
    if (!isReverse) return await this.#receive();
    const rate = Number(this.#asked.bandwidth) > 0 ? Number(this.#asked.bandwidth) : 1e6;
    await Promise.all([...this.#streams.values()].map(async (s) => {
      const block = new Uint8Array(this.#length);
      const view = new DataView(block.buffer);
      await pace(rate / 8 / block.length, isOver, async () => {
        const now = performance.timeOrigin + performance.now();
        view.setUint32(0, Math.floor(now / 1000));
        view.setUint32(4, Math.floor((now % 1000) * 1000));
        view.setUint32(8, ++s.sent);
        await this.#conn.send(block, s.peer);
        s.bytes += block.length;
        this.#meter.bytes += block.length;
      });
    }));
  }

  figures(): Partial<StreamResult>[] {
    return [...this.#streams.values()].map((s) => ({
      bytes: s.bytes,
      packets: s.sent > 0 ? s.sent : s.tracker.packets + s.tracker.lost,
      errors: s.tracker.lost,
      jitter: s.tracker.jitterMs / 1000,
    }));
  }

  close(): void {
    this.#conn.close();
  }

  async #receive(): Promise<void> {
    for await (const [data, from] of this.#conn) {
      const { hostname, port } = from as Deno.NetAddr;
      const stream = this.#streams.get(`${hostname}:${port}`);
      if (stream === undefined || data.length < 12) continue;
      const view = new DataView(data.buffer, data.byteOffset);
      const sentAtMs = view.getUint32(0) * 1000 + view.getUint32(4) / 1000;
      stream.tracker.arrives(
        view.getUint32(8),
        sentAtMs,
        performance.timeOrigin + performance.now(),
      );
      stream.bytes += data.length;
      this.#meter.bytes += data.length;
    }
  }
}
