/** Data plane. SEGMENT ARRIVES in CLOSED: there is no connection (RFC 9293 §3.10.7.1).
 *
 * @module
 */
import type { IpRxInfo } from "@lightwire/ip";
import type { Segment } from "./segment.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import { replyReset } from "./transmit.ts";

/** All text is dropped; anything but a reset draws a reset. */
export function arrivesClosed(layer: TcpLayer, seg: Segment, rx: IpRxInfo): void {
  layer.counters.noPort++;
  replyReset(layer, seg, rx);
}
