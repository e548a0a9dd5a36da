/** Network interfaces and what the host supplies: the link driver contract, {@linkcode Netif}, Ethernet framing and VLAN,
 * links inside the process, a bridge, fault injection and capture, and the clock, timer and random contracts.
 *
 * @example A packet goes from one interface to another
 * ```ts
 * import { createMemoryLinkPair, ETHER_TYPE_IPV4, Netif, type NetworkLayer, TimerQueue } from "@lightwire/netif";
 * import { PbufPool } from "@lightwire/pbuf";
 * import assert from "node:assert/strict";
 *
 * const timers = new TimerQueue({ now: () => 0 });
 * const pool = new PbufPool([{ slotBytes: 2048, slots: 16 }]);
 * const [driverA, driverB] = createMemoryLinkPair({ timersA: timers, timersB: timers });
 * const a = new Netif(driverA, { name: "en0", index: 1 });
 * const b = new Netif(driverB, { name: "en0", index: 1 });
 *
 * let received = 0;
 * const layer: NetworkLayer = {
 *   networkInput(_netif, etherType, p) {
 *     assert.equal(etherType, ETHER_TYPE_IPV4);
 *     received += p.totalLength;
 *     p.release();
 *   },
 *   inputBatchEnd() {},
 *   netifChanged() {},
 * };
 * b.attach(layer);
 * a.setUp();
 * b.setUp();
 *
 * a.output(pool.acquire(100)!, ETHER_TYPE_IPV4, b.macAddress);
 * a.flush();
 * timers.runDue(); // frames arrive from a timer, never inside of output()
 * assert.equal(received, 100);
 * assert.equal(pool.inUse, 0);
 * ```
 *
 * @module
 */
export * from "./link.ts";
export * from "./netif.ts";
export * from "./netif_options.ts";
export * from "./netif_change.ts";
export * from "./netif_counters.ts";
export * from "./ethernet_header.ts";
export * from "./mac_address.ts";
export * from "./gso.ts";
export * from "./pbuf_ring.ts";
export * from "./listener_set.ts";
export * from "./memory_link.ts";
export * from "./loopback_link.ts";
export * from "./point_to_point_link.ts";
export * from "./link_middleware.ts";
export * from "./tracer_link.ts";
export * from "./fault_link.ts";
export * from "./pcapng.ts";
export * from "./capture_frames.ts";
export * from "./pcap_link.ts";
export * from "./bridge.ts";
export * from "./forwarding_database.ts";
export * from "./netif_group.ts";
export * from "./frame_endpoint.ts";
export * from "./clock.ts";
export * from "./timers.ts";
export * from "./random.ts";
export * from "./net_error.ts";
