/** {@linkcode TracerLink}: shows every frame to a callback.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { formatEthernetHeader, parseEthernetHeader } from "./ethernet_header.ts";
import type { LinkDriver } from "./link.ts";
import { LinkMiddleware } from "./link_middleware.ts";

/** Which way a frame goes, seen from the stack. */
export type FrameDirection = "inbound" | "outbound";

/** Gets every frame; borrows it, and must not change it. Inbound before the stack sees it, outbound before the driver takes
 * it (so that one which the driver refuses is shown again with the next try). */
export type FrameTracer = (direction: FrameDirection, p: Pbuf) => void;

/** A driver that shows every frame to a callback.
 *
 * @example Print what goes by
 * ```ts
 * import { createMemoryLinkPair, formatFrame, NetifGroup, TimerQueue, TracerLink } from "@lightwire/netif";
 *
 * const timers = new TimerQueue({ now: () => 0 });
 * const [driver] = createMemoryLinkPair({ timersA: timers, timersB: timers });
 * const lines: string[] = [];
 * const traced = new TracerLink(driver, (direction, p) => lines.push(formatFrame(traced.medium, direction, p)));
 * new NetifGroup().add(traced, { name: "en" });
 * ```
 */
export class TracerLink extends LinkMiddleware {
  readonly #tracer: FrameTracer;

  /** Wraps a driver. */
  constructor(driver: LinkDriver, tracer: FrameTracer) {
    super(driver);
    this.#tracer = tracer;
  }

  /** {@inheritDoc LinkDriver.transmit} */
  override transmit(p: Pbuf): boolean {
    this.#tracer("outbound", p);
    return super.transmit(p);
  }

  /** {@inheritDoc LinkSink.linkInput} */
  override linkInput(p: Pbuf): void {
    this.#tracer("inbound", p);
    super.linkInput(p);
  }
}

/** A frame as one line: direction, link-layer header, length. What is above the link layer has formatters of its own. */
export function formatFrame(medium: "ethernet" | "ip", direction: FrameDirection, p: Pbuf): string {
  const arrow = direction === "inbound" ? "In " : "Out";
  const length = p.totalLength;
  if (medium === "ip") {
    const version = length === 0 ? "empty" : `IPv${p.view.getUint8(p.start) >>> 4}`;
    return `${arrow} ${version}, length ${length}`;
  }
  const header = parseEthernetHeader(p);
  return header === undefined
    ? `${arrow} truncated Ethernet header, length ${length}`
    : `${arrow} ${formatEthernetHeader(header)}, length ${length}`;
}
