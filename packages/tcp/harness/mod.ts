/** A TCP driven entirely from outside, for suites of scripted tests: the clock moves when it is told to, by microseconds; raw
 * IP packets are injected and collected one by one; socket calls are made one by one; nothing happens in between.
 *
 * - {@linkcode PacketHarness} is a host with an IP and a TCP layer on one link, whose far end is the test.
 *   Time stands still but for {@linkcode PacketHarness.at} and {@linkcode PacketHarness.advanceUs}, which run every timer at its own
 *   instant, and {@linkcode PacketHarness.stepUs}, which stops after each; {@linkcode PacketHarness.nextTimerUs} tells when something will
 *   happen by itself. {@linkcode PacketHarness.inject} returns when all effects of a packet have happened; what was sent waits, with its
 *   microsecond, for {@linkcode PacketHarness.takePacket}.
 * - {@linkcode HarnessSocket} makes the calls of BSD sockets on it, with the results of POSIX.
 * - {@linkcode encodePacket}, {@linkcode decodePacket} and {@linkcode encodeIcmpError} write and check IPv4 packets without the
 *   stack's own code; {@linkcode parseSegmentText} reads packetdrill's notation of a segment.
 *
 * All randomness comes from a seed: the same options and calls give the same packets at the same microseconds.
 *
 * @example A server: handshake, a request, its delayed acknowledgment, and a reset
 * ```ts
 * import {
 *   decodePacket,
 *   encodePacket,
 *   type HarnessSocket,
 *   LOCAL_ADDRESS,
 *   PacketHarness,
 *   PEER_ADDRESS,
 *   type ReceivedSegment,
 * } from "@lightwire/tcp/harness";
 * import assert from "node:assert/strict";
 *
 * const harness = new PacketHarness({ seed: 1, tcp: { timestamps: false, quickAckCount: 0 }, mtu: 1500 });
 * const SYN = 0x02, RST = 0x04, ACK = 0x10;
 * function peerSends(seq: number, ack: number, ctl: number, text: Uint8Array = new Uint8Array(0)): void {
 *   harness.inject(encodePacket({
 *     source: PEER_ADDRESS,
 *     destination: LOCAL_ADDRESS,
 *     sourcePort: 50000,
 *     destinationPort: 8080,
 *     seq,
 *     ack,
 *     ctl,
 *     text,
 *   }));
 * }
 * function sent(): ReceivedSegment {
 *   const packet = decodePacket(harness.takePacket()!.bytes);
 *   assert.ok(typeof packet === "object");
 *   return packet;
 * }
 *
 * const listener = harness.socket();
 * assert.equal(listener.bind(undefined, 8080), 0);
 * assert.equal(listener.listen(1), 0);
 * assert.equal(listener.accept(), "EAGAIN");
 *
 * peerSends(1000, 0, SYN);
 * const synAck = sent();
 * assert.equal(synAck.seg.ctl, SYN | ACK);
 * assert.equal(synAck.seg.ack, 1001);
 * const next = synAck.seg.seq + 1 >>> 0;
 * harness.advanceUs(10_000);
 * peerSends(1001, next, ACK);
 * const socket = listener.accept() as HarnessSocket;
 * assert.equal(socket.info()!.rttMs, 10);
 *
 * peerSends(1001, next, ACK, new TextEncoder().encode("hello"));
 * const into = new Uint8Array(100);
 * assert.equal(socket.receive(into), 5);
 * assert.equal(socket.receive(into), "EAGAIN");
 * assert.equal(harness.takePacket(), undefined);
 * assert.equal(harness.nextTimerUs, 50_000);
 * harness.at(50_000);
 * const acknowledgment = harness.takePacket()!;
 * assert.equal(acknowledgment.atUs, 50_000);
 *
 * peerSends(1006, 0, RST);
 * assert.equal(socket.receive(into), "ECONNRESET");
 * assert.equal(socket.send(into), "EPIPE");
 * ```
 *
 * @example Two of them, with a network in between that takes 10 ms and loses every fifth packet
 * ```ts
 * import { type HarnessSocket, LOCAL_ADDRESS, PacketHarness, PEER_ADDRESS } from "@lightwire/tcp/harness";
 * import assert from "node:assert/strict";
 *
 * const near = new PacketHarness({ seed: 1, address: LOCAL_ADDRESS });
 * const far = new PacketHarness({ seed: 2, address: PEER_ADDRESS });
 * let travelling: { atUs: number; to: PacketHarness; bytes: Uint8Array }[] = [];
 * let count = 0;
 * function collect(): void {
 *   for (const [from, to] of [[near, far], [far, near]] as const) {
 *     for (const { atUs, bytes } of from.takePackets()) {
 *       if (++count % 5 !== 0) travelling.push({ atUs: atUs + 10_000, to, bytes });
 *     }
 *   }
 * }
 * function run(untilUs: number): void {
 *   for (;;) {
 *     collect();
 *     const nextUs = Math.min(near.nextTimerUs, far.nextTimerUs, ...travelling.map((packet) => packet.atUs));
 *     near.at(Math.min(nextUs, untilUs));
 *     far.at(Math.min(nextUs, untilUs));
 *     if (nextUs > untilUs) return;
 *     const arrived = travelling.filter((packet) => packet.atUs <= nextUs);
 *     travelling = travelling.filter((packet) => packet.atUs > nextUs);
 *     for (const { to, bytes } of arrived) to.inject(bytes);
 *   }
 * }
 *
 * const listener = far.socket();
 * listener.bind(undefined, 80);
 * listener.listen();
 * const client = near.socket();
 * assert.equal(client.connect(PEER_ADDRESS, 80), "EINPROGRESS");
 * run(5_000_000);
 * const server = listener.accept() as HarnessSocket;
 * assert.equal(client.send(new Uint8Array(50_000)), 50_000);
 * client.close();
 * run(20_000_000);
 * assert.equal(server.readableBytes, 50_000);
 * server.receive(new Uint8Array(50_000));
 * server.close();
 * run(30_000_000);
 * assert.equal(client.state, "TIME-WAIT");
 * run(100_000_000);
 * assert.equal(client.state, "CLOSED");
 * assert.equal(near.pool.inUse + far.pool.inUse, 0);
 * ```
 *
 * @module
 */
export type { Errno } from "./errno.ts";
export * from "./harness_socket.ts";
export * from "./packet_harness.ts";
export * from "./scripted_link.ts";
export * from "./segment_text.ts";
export type { SocketEvents } from "./socket_events.ts";
export type { Linger, SocketOptionName, SocketOptionValue } from "./socket_options.ts";
export * from "./wire.ts";
