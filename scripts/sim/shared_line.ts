/** {@linkcode measureSharedLine}: what bulk transfers get of one bottleneck in the long run, each between two hosts of its own.
 *
 * @module
 */
import type { LinkFaults } from "@lightwire/netif/sim";
import type { PbufPool } from "@lightwire/pbuf";
import type { TcpConnection } from "@lightwire/tcp";
import type { GoodputControl } from "./goodput_theory.ts";
import { SimNetwork } from "./sim_network.ts";

const PORT = 7000;
const RECEIVE_BUFFER_BYTES = 64 * 1024 * 1024;
const LEAST_SEND_BUFFER_BYTES = 2 * 1024 * 1024;
const CHUNK = new Uint8Array(65_536);

/** One transfer. */
export interface BulkFlow {
  /** Its congestion control. */
  readonly control: GoodputControl;
  /** When it begins, in milliseconds. */
  readonly startsAtMs: number;
}

/** The line, and what goes over it. */
export interface SharedLine {
  /** Rate. */
  readonly bandwidthBps: number;
  /** Round trip without queue. */
  readonly roundTripMs: number;
  /** Probability that a segment is lost. */
  readonly lossRate: number;
  /** Bytes in the queue before the line; default what the line carries in one round trip, at least 20 packets. */
  readonly queueBytes?: number;
  /** The transfers. */
  readonly flows: readonly BulkFlow[];
  /** When counting begins, in milliseconds. */
  readonly fromMs: number;
  /** When it ends at the latest. */
  readonly untilMs: number;
  /** It ends when so many octets were counted. */
  readonly maxBytes: number;
  /** The seed; default "shared line". */
  readonly seed?: string;
}

/** What one transfer got. */
export interface FlowShare {
  /** Bits of text per second. */
  readonly goodputBps: number;
  /** Segments retransmitted, from the beginning. */
  readonly retransmits: number;
}

/** Runs the transfers. Their ends are cut off. */
export function measureSharedLine(line: SharedLine, pool: PbufPool): FlowShare[] {
  const { bandwidthBps, roundTripMs, lossRate, fromMs } = line;
  const queueBytes = line.queueBytes ?? Math.max(30_000, bandwidthBps * roundTripMs / 8000);
  const forward: LinkFaults = { bandwidthBps, delayMs: roundTripMs / 2, lossRate, queueBytes };
  const backward: LinkFaults = { delayMs: roundTripMs / 2 };
  const network = new SimNetwork(line.seed ?? "shared line", [{ forward, backward }], pool);
  const { sim } = network;
  const received = line.flows.map(() => 0);
  const connections = line.flows.map((flow, i) =>
    startFlow(network, line, flow, (bytes) => received[i]! += bytes)
  );
  sim.advance(fromMs);
  const before = received.slice();
  const counted = () => received.reduce((sum, bytes, i) => sum + bytes - before[i]!, 0);
  sim.runUntil(() => counted() >= line.maxBytes, line.untilMs - fromMs);
  const seconds = (sim.clock.now() - fromMs) / 1000;
  const shares = received.map((bytes, i) => ({
    goodputBps: (bytes - before[i]!) * 8 / seconds,
    retransmits: connections[i]!()?.info().totalRetransmits ?? 0,
  }));
  const dropped = network.bottlenecks[0]!.a.outbound.counters.noBufferDropped;
  if (dropped > 0) throw new Error(`${dropped} frames were dropped for want of memory`);
  for (const connection of connections) connection()?.abort();
  sim.advance(10 * roundTripMs + 60_000);
  network.close();
  return shares;
}

/** The user writes whatever is taken, when he is told that something is acknowledged. Until the gap that a loss has left is closed nothing
 * is, so that the buffer, and what is in it, must outlast a recovery: two round trips, or three where the retransmission is lost as
 * well, of the line with its queue full. A sender that runs dry would be limited by this program, and not by congestion control. */
function sendBufferBytes(line: SharedLine): number {
  const bytes = 8 * line.bandwidthBps * line.roundTripMs / 8000;
  return bytes > LEAST_SEND_BUFFER_BYTES ? bytes : LEAST_SEND_BUFFER_BYTES;
}

/** Starts one transfer; returns what gives its sender's connection, once there is one. */
function startFlow(
  network: SimNetwork,
  line: SharedLine,
  flow: BulkFlow,
  onReceived: (bytes: number) => void,
): () => TcpConnection | undefined {
  const tcp = {
    congestionControl: flow.control,
    sendBufferBytes: sendBufferBytes(line),
    receiveBufferBytes: RECEIVE_BUFFER_BYTES,
  };
  const sender = network.addHost({ router: 0, tcp });
  const receiver = network.addHost({ router: 1, tcp });
  const buffer = new Uint8Array(65_536);
  receiver.tcp.listen({ port: PORT }, () => ({
    readable(connection) {
      for (let n = connection.read(buffer); n > 0; n = connection.read(buffer)) onReceived(n);
    },
  }));
  const send = (c: TcpConnection): void => {
    while (c.send(CHUNK) === CHUNK.length);
  };
  let connection: TcpConnection | undefined;
  network.sim.after(flow.startsAtMs, () => {
    const to = { remoteAddress: receiver.address, remotePort: PORT };
    connection = sender.tcp.connect(to, { connected: send, writable: send });
  });
  return () => connection;
}
