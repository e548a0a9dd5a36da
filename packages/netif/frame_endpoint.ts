/** {@linkcode FrameEndpoint}: whole Ethernet frames of one type, for programs.
 *
 * @module
 */
import { copyTo, DEFAULT_HEADROOM, type Pbuf, type PbufPool } from "@lightwire/pbuf";
import { ETHER_TYPE_MIN, ETHERNET_HEADER_LENGTH } from "./ethernet_header.ts";
import type { Netif } from "./netif.ts";
import type { EtherTypeHandler } from "./netif_options.ts";

/** Frames that wait to be read at most, by default (L2TAP of esp_netif). */
export const DEFAULT_FRAME_QUEUE = 20;
/** The "EtherType" of all frames with a length instead of a type (IEEE 802.3). */
export const IEEE_802_3_LENGTH = 0;

/** Options of {@linkcode openFrames}. */
export interface FrameEndpointOptions {
  /** EtherType ≥ 0x600, or {@linkcode IEEE_802_3_LENGTH}. One endpoint or handler per type and interface. */
  readonly etherType: number;
  /** Where sent frames are put. */
  readonly pool: PbufPool;
  /** Frames that wait to be read at most, beyond which new ones are dropped; default {@linkcode DEFAULT_FRAME_QUEUE}. */
  readonly queueFrames?: number;
  /** Time of arrival; default: none is noted. */
  readonly clock?: { now(): number };
}

/** A received frame. */
export interface ReceivedFrame {
  /** All of it, Ethernet header included (a VLAN tag is taken out), the frame check sequence not. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** When it came in, in milliseconds of the clock; `undefined` without a clock. */
  readonly receivedAt: number | undefined;
}

/** Takes the frames of one EtherType on an interface (what `/dev/net/tap` of esp_netif is for).
 *
 * @throws {RangeError} if the interface is no Ethernet, the type belongs to the network layer, or somebody has it already.
 */
export function openFrames(netif: Netif, options: FrameEndpointOptions): FrameEndpoint {
  if (netif.driver.medium !== "ethernet") {
    throw new RangeError(`Cannot open frames on ${netif.name}: it is no Ethernet`);
  }
  return new FrameEndpoint(netif, options);
}

/** Reads and writes whole frames of one type; made by {@linkcode openFrames}. */
export class FrameEndpoint implements EtherTypeHandler {
  /** EtherType, or {@linkcode IEEE_802_3_LENGTH}. */
  readonly etherType: number;
  /** Called at the end of a batch in which frames came in. */
  onReadable: (() => void) | undefined = undefined;
  /** Frames dropped because the queue was full. */
  dropped = 0;
  readonly #netif: Netif;
  readonly #pool: PbufPool;
  readonly #limit: number;
  readonly #clock: { now(): number } | undefined;
  readonly #queue: ReceivedFrame[] = [];
  #hasNew = false;
  #isClosed = false;

  /** For {@linkcode openFrames} only. */
  constructor(netif: Netif, options: FrameEndpointOptions) {
    this.etherType = options.etherType;
    this.#netif = netif;
    this.#pool = options.pool;
    this.#limit = options.queueFrames ?? DEFAULT_FRAME_QUEUE;
    this.#clock = options.clock;
    netif.registerEtherType(options.etherType, this);
  }

  /** Frames waiting to be read. */
  get length(): number {
    return this.#queue.length;
  }

  /** The oldest frame, or `undefined` when none waits. */
  read(): ReceivedFrame | undefined {
    return this.#queue.shift();
  }

  /** Sends a frame, header included; copies it. The source address may be any.
   *
   * @returns false when it was dropped: the interface is down or its queue full, or no buffer was free.
   * @throws {RangeError} if the frame has no header, or is of another type.
   * @throws {TypeError} if the endpoint is closed.
   */
  write(frame: Uint8Array): boolean {
    if (this.#isClosed) throw new TypeError("Cannot write to a closed endpoint");
    if (frame.length < ETHERNET_HEADER_LENGTH) throw new RangeError("Cannot write a frame without a header");
    const type = frame[12]! << 8 | frame[13]!;
    if (type !== this.etherType && !(this.etherType === IEEE_802_3_LENGTH && type < ETHER_TYPE_MIN)) {
      throw new RangeError(`Cannot write a frame of type 0x${type.toString(16)} here`);
    }
    const p = this.#pool.acquire(frame.length, DEFAULT_HEADROOM);
    if (p === undefined) return false;
    p.bytes.set(frame, p.start);
    const isSent = this.#netif.outputRaw(p);
    this.#netif.flush();
    return isSent;
  }

  /** Gives the type back; what waits can still be read. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#netif.registerEtherType(this.etherType, undefined);
  }

  /** {@inheritDoc EtherTypeHandler.etherTypeInput} */
  etherTypeInput(_netif: Netif, _etherType: number, p: Pbuf): void {
    if (this.#queue.length >= this.#limit) {
      this.dropped++;
    } else {
      p.start -= ETHERNET_HEADER_LENGTH;
      const bytes = new Uint8Array(p.totalLength);
      copyTo(p, bytes);
      this.#queue.push({ bytes, receivedAt: this.#clock?.now() });
      this.#hasNew = true;
    }
    p.release();
  }

  /** {@inheritDoc EtherTypeHandler.inputBatchEnd} */
  inputBatchEnd(): void {
    if (!this.#hasNew) return;
    this.#hasNew = false;
    this.onReadable?.();
  }
}
