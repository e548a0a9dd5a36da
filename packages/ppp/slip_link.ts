/** Data plane. {@linkcode SlipLink}: IP over a serial line by SLIP (RFC 1055), as a link driver of medium "ip".
 *
 * Nothing is negotiated: both sides know their addresses and the MTU, and the link is up as soon as it is started. Compressed
 * headers (CSLIP) are not understood.
 *
 * @module
 */
import { DEFAULT_HEADROOM, type Pbuf, type PbufPool } from "@lightwire/pbuf";
import { type LinkCapabilities, type LinkDriver, type LinkSink, NO_OFFLOAD } from "@lightwire/netif";
import { SerialOutput } from "./serial_output.ts";
import type { SerialInputLines, SerialPort, SerialSink } from "./serial_port.ts";
import { encodeSlip, maxSlipLength, SLIP_END, SlipDecoder, type SlipSink } from "./slip_framing.ts";

/** MTU by default. RFC 1055 speaks of 1006, which no peer today insists on. */
export const DEFAULT_SLIP_MTU = 1500;

/** Options of {@linkcode SlipLink}. */
export interface SlipLinkOptions {
  /** Longest IP packet, both ways, 68 to 65,535 octets; default {@linkcode DEFAULT_SLIP_MTU}. */
  readonly mtu?: number;
  /** Octets that wait for the port at most; default four packets. */
  readonly outputBytes?: number;
}

/** What a {@linkcode SlipLink} has seen, beside the counters of its decoder. */
export interface SlipLinkCounters {
  /** Octets taken by the port. */
  octetsSent: number;
  /** Packets handed up. */
  packetsReceived: number;
  /** Packets sent. */
  packetsSent: number;
  /** Packets received that are neither IPv4 nor IPv6, such as those with compressed headers: dropped. */
  unknownVersion: number;
  /** Received packets dropped because no buffer was free. */
  noBuffers: number;
  /** Packets to send, dropped because the line is down. */
  sentWhileDown: number;
  /** Packets to send, dropped because they are longer than the MTU. */
  tooBig: number;
}

/** SLIP over one serial line. */
export class SlipLink implements LinkDriver, SerialSink, SlipSink {
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium: "ethernet" | "ip";
  /** {@inheritDoc LinkDriver.mtu} */
  readonly mtu: number;
  /** {@inheritDoc LinkDriver.maxHeaderLength} */
  readonly maxHeaderLength: number;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: undefined;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities;
  /** What happened so far. */
  readonly counters: SlipLinkCounters;
  /** Finds the packets in what arrives. */
  readonly decoder: SlipDecoder;
  readonly #pool: PbufPool;
  readonly #port: SerialPort;
  readonly #output: SerialOutput;
  #sink: LinkSink | undefined;
  #isUp: boolean;
  #hadCarrier: boolean;
  #hasDelivered: boolean;
  #isRoomWanted: boolean;
  #isClosed: boolean;

  /** Makes a link that is down; {@linkcode start} connects it with its port.
   *
   * @param host Whose pool received packets come from.
   * @throws {RangeError} if the MTU is not in its range, or `outputBytes` too few for a packet.
   */
  constructor(host: { readonly pool: PbufPool }, port: SerialPort, options: SlipLinkOptions = {}) {
    const mtu = options.mtu ?? DEFAULT_SLIP_MTU;
    const outputBytes = options.outputBytes ?? 4 * maxSlipLength(mtu);
    if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65_535 || !(outputBytes >= maxSlipLength(mtu))) {
      throw new RangeError(
        `Cannot make a SLIP link with an MTU of ${mtu} and ${outputBytes} octets of output`,
      );
    }
    this.medium = "ip";
    this.mtu = mtu;
    this.maxHeaderLength = 0;
    this.macAddress = undefined;
    this.capabilities = NO_OFFLOAD;
    this.counters = {
      octetsSent: 0,
      packetsReceived: 0,
      packetsSent: 0,
      unknownVersion: 0,
      noBuffers: 0,
      sentWhileDown: 0,
      tooBig: 0,
    };
    this.decoder = new SlipDecoder(this, mtu);
    this.#pool = host.pool;
    this.#port = port;
    this.#output = new SerialOutput(port, outputBytes);
    this.#sink = undefined;
    this.#isUp = false;
    this.#hadCarrier = false;
    this.#hasDelivered = false;
    this.#isRoomWanted = false;
    this.#isClosed = false;
  }

  /** Takes the port over; the link is up, carrier or not: a null modem has none. */
  start(): void {
    this.#hadCarrier = this.#port.inputLines?.dcd === true;
    this.#port.attach(this);
    this.#setUp(true);
  }

  /** {@inheritDoc LinkDriver.attach} The interface hears at once if the link is down. */
  attach(sink: LinkSink): void {
    this.#sink = sink;
    if (!this.#isUp) sink.linkStateChanged(false);
  }

  /** {@inheritDoc LinkDriver.transmit} */
  transmit(p: Pbuf): boolean {
    const length = p.totalLength;
    if (!this.#isUp) this.counters.sentWhileDown++;
    else if (length > this.mtu) this.counters.tooBig++;
    else {
      const output = this.#output;
      if (output.isBlocked || !output.makeRoom(maxSlipLength(length), output.bytes.length, true)) {
        this.#isRoomWanted = true;
        return false;
      }
      // An END in front as well: it flushes what noise has put on the line (RFC 1055).
      if (output.isEmpty) output.bytes[output.end++] = SLIP_END;
      let at = output.end;
      for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
        at = encodeSlip(node.bytes, node.start, node.end, output.bytes, at);
      }
      output.bytes[at++] = SLIP_END;
      output.end = at;
      this.counters.packetsSent++;
    }
    p.release();
    return true;
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {
    this.#output.write();
    this.counters.octetsSent = this.#output.octetsSent;
  }

  /** {@inheritDoc LinkDriver.close} Closes the port. */
  close(): void {
    if (this.#isClosed) return;
    this.#setUp(false);
    this.#isClosed = true;
    this.#port.close();
  }

  /** {@inheritDoc SerialSink.serialInput} */
  serialInput(bytes: Uint8Array): void {
    if (!this.#isUp) return;
    this.decoder.input(bytes, 0, bytes.length);
    if (!this.#hasDelivered) return;
    this.#hasDelivered = false;
    this.#sink?.inputBatchEnd();
  }

  /** {@inheritDoc SlipSink.slipInput} */
  slipInput(bytes: Uint8Array, start: number, end: number): void {
    const version = bytes[start]! >>> 4;
    if (version !== 4 && version !== 6) {
      this.counters.unknownVersion++;
      return;
    }
    const sink = this.#sink;
    if (sink === undefined) return;
    const p = this.#pool.acquire(end - start, DEFAULT_HEADROOM);
    if (p === undefined) {
      this.counters.noBuffers++;
      return;
    }
    const into = p.bytes;
    let at = p.start;
    for (let i = start; i < end; i++) into[at++] = bytes[i]!;
    this.counters.packetsReceived++;
    this.#hasDelivered = true;
    sink.linkInput(p);
  }

  /** {@inheritDoc SerialSink.serialWritable} */
  serialWritable(): void {
    if (!this.#isUp) return;
    this.flush();
    if (this.#output.isBlocked || !this.#isRoomWanted) return;
    this.#isRoomWanted = false;
    this.#sink?.linkWritable();
  }

  /** {@inheritDoc SerialSink.serialLinesChanged} The link goes and comes with a carrier that was there once. */
  serialLinesChanged(lines: SerialInputLines): void {
    if (lines.dcd || this.#hadCarrier) this.#setUp(lines.dcd);
    if (lines.dcd) this.#hadCarrier = true;
  }

  /** {@inheritDoc SerialSink.serialClosed} */
  serialClosed(_error: Error | undefined): void {
    this.#setUp(false);
  }

  #setUp(isUp: boolean): void {
    if (this.#isClosed || isUp === this.#isUp) return;
    this.#isUp = isUp;
    this.#output.clear();
    this.decoder.reset();
    this.#sink?.linkStateChanged(isUp);
  }
}
