/** {@linkcode measureGoodput}: how fast one bulk transfer is, in virtual time: a property of the algorithms, not of the machine.
 *
 * @module
 */
import type { LinkFaults } from "@lightwire/netif/sim";
import type { PbufPool } from "@lightwire/pbuf";
import { ADDRESS_B, TwoHosts } from "./two_hosts.ts";

const PORT_B = 7000;

/** A path to measure. */
export interface GoodputPath {
  /** Rate of the line, in bits per second. */
  readonly bandwidthBps: number;
  /** Round trip without queueing, in milliseconds. */
  readonly roundTripMs: number;
  /** Loss of text. */
  readonly lossRate: number;
  /** Bytes in the queue before the line; default one round trip at its rate, at least 32 KiB. */
  readonly queueBytes?: number;
}

/** Octets per second of virtual time at which one connection moves `totalBytes` from host A to host B, opening and closing
 * included.
 *
 * @returns 0 when it does not get through within an hour.
 */
export function measureGoodput(path: GoodputPath, totalBytes: number, pool: PbufPool): number {
  const { bandwidthBps, roundTripMs, lossRate } = path;
  const queueBytes = path.queueBytes ?? Math.max(32_768, bandwidthBps * roundTripMs / 8000);
  const forward: LinkFaults = { bandwidthBps, delayMs: roundTripMs / 2, lossRate, queueBytes };
  const backward: LinkFaults = { bandwidthBps, delayMs: roundTripMs / 2 };
  const options = { sendBufferBytes: 8 * 1024 * 1024, receiveBufferBytes: 8 * 1024 * 1024 };
  const hosts = new TwoHosts({
    seed: "goodput",
    medium: "ip",
    aToB: forward,
    bToA: backward,
    tcpA: options,
    tcpB: options,
    pool,
  });
  const text = new Uint8Array(totalBytes);
  const buffer = new Uint8Array(65_536);
  let received = 0;
  let sent = 0;
  hosts.checker.expectFlow(PORT_B, text, new Uint8Array());
  hosts.b.tcp.listen({ port: PORT_B }, () => ({
    readable(connection) {
      for (let n = connection.read(buffer); n > 0; n = connection.read(buffer)) received += n;
      if (connection.isReadEof) connection.close();
    },
  }));
  const send = (connection: ReturnType<typeof hosts.a.tcp.connect>) => {
    sent += connection.send(text, sent);
    if (sent === totalBytes) connection.close();
  };
  hosts.a.tcp.connect({ remoteAddress: ADDRESS_B, remotePort: PORT_B }, { connected: send, writable: send });
  const isThere = hosts.sim.runUntil(
    () => received === totalBytes || hosts.checker.problem !== undefined,
    3_600_000,
  );
  const seconds = hosts.sim.clock.now() / 1000;
  const { problem } = hosts.checker;
  hosts.sim.runUntilIdle(3_600_000);
  hosts.close();
  if (problem !== undefined) throw new Error(problem);
  return isThere ? totalBytes / seconds : 0;
}
