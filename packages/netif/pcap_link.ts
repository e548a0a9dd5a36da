/** {@linkcode PcapLink}: writes every frame into a capture.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { Clock } from "./clock.ts";
import { readMac } from "./ethernet_header.ts";
import type { LinkDriver } from "./link.ts";
import { LinkMiddleware } from "./link_middleware.ts";
import { BROADCAST_MAC, isGroupMac } from "./mac_address.ts";
import type { PcapngWriter, ReceptionType } from "./pcapng.ts";
import type { FrameDirection } from "./tracer_link.ts";

/** Options of a {@linkcode PcapLink}. */
export interface PcapLinkOptions {
  /** Where the blocks go. Several links may share a writer. */
  readonly writer: PcapngWriter;
  /** Time of the frames. */
  readonly clock: Clock;
  /** What `clock.now() === 0` is in milliseconds since 1970; default 0, so that virtual time begins in 1970. */
  readonly originUnixMs?: number;
  /** Name of the interface in the capture, like "en0". */
  readonly name: string;
  /** For people. */
  readonly description?: string;
  /** Bytes kept of a frame; default: all. */
  readonly snapLength?: number;
}

/** A driver that writes every frame into a capture: inbound ones before the stack sees them, outbound ones when the driver
 * took them. Tags and checksums which the hardware adds are added in the capture, so that a dissector finds nothing wrong. */
export class PcapLink extends LinkMiddleware {
  readonly #writer: PcapngWriter;
  readonly #clock: Clock;
  readonly #originUnixMs: number;
  readonly #interfaceId: number;
  readonly #startMs: number;
  #inbound = 0;
  #outbound = 0;
  #comment: string | undefined = undefined;
  #isClosed = false;

  /** Wraps a driver, and describes the interface in the capture. */
  constructor(driver: LinkDriver, options: PcapLinkOptions) {
    super(driver);
    this.#writer = options.writer;
    this.#clock = options.clock;
    this.#originUnixMs = options.originUnixMs ?? 0;
    this.#interfaceId = options.writer.addInterface({
      name: options.name,
      medium: driver.medium,
      description: options.description,
      macAddress: driver.macAddress,
      snapLength: options.snapLength,
    });
    this.#startMs = this.#nowMs();
  }

  /** Frames captured so far. */
  get captured(): number {
    return this.#inbound + this.#outbound;
  }

  /** Puts a remark beside the next frame that is captured. */
  commentNext(comment: string): void {
    this.#comment = this.#comment === undefined ? comment : `${this.#comment}\n${comment}`;
  }

  /** Writes a frame that does not pass here, like one that a {@linkcode FaultLink} has dropped. Borrows `p`. */
  writeAside(direction: FrameDirection, p: Pbuf, comment: string): void {
    this.#writer.writePacket(this.#interfaceId, this.#nowMs(), p, { direction, comment });
  }

  /** {@inheritDoc LinkDriver.transmit} */
  override transmit(p: Pbuf): boolean {
    const block = this.#build("outbound", p); // before the driver takes the bytes away
    if (!super.transmit(p)) return false;
    this.#outbound++;
    this.#comment = undefined;
    this.#writer.writeBlock(block);
    return true;
  }

  /** {@inheritDoc LinkSink.linkInput} */
  override linkInput(p: Pbuf): void {
    this.#inbound++;
    this.#writer.writeBlock(this.#build("inbound", p));
    this.#comment = undefined;
    super.linkInput(p);
  }

  /** {@inheritDoc LinkDriver.close} Writes what was counted. */
  override close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      const endMs = this.#nowMs();
      this.#writer.writeStatistics(this.#interfaceId, endMs, {
        startMs: this.#startMs,
        endMs,
        received: this.#inbound,
        dropped: 0,
        delivered: this.#inbound + this.#outbound,
      });
    }
    super.close();
  }

  #nowMs(): number {
    return this.#originUnixMs + this.#clock.now();
  }

  #build(direction: FrameDirection, p: Pbuf): Uint8Array<ArrayBuffer> {
    const reception = direction === "inbound" ? this.#receptionOf(p) : undefined;
    const info = { direction, reception, comment: this.#comment };
    return this.#writer.buildPacket(this.#interfaceId, this.#nowMs(), p, info);
  }

  #receptionOf(p: Pbuf): ReceptionType | undefined {
    if (this.medium === "ip" || p.end - p.start < 6) return undefined;
    const destination = readMac(p.view, p.start);
    if (destination === BROADCAST_MAC) return "broadcast";
    if (isGroupMac(destination)) return "multicast";
    return this.macAddress === undefined || destination === this.macAddress ? "unicast" : "promiscuous";
  }
}
