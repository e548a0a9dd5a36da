/** Data plane. Framing of IP packets on a serial line without any protocol (RFC 1055).
 *
 * ```text
 *   c0 | packet, c0 as db dc and db as db dd | c0
 * ```
 *
 * There is no check sequence: what the line damages is left to the checksums above.
 *
 * @module
 */

/** Begins and ends each packet. */
export const SLIP_END = 0xc0;
/** Announces the octet behind it. */
export const SLIP_ESC = 0xdb;
/** Behind an escape: the octet c0. */
export const SLIP_ESC_END = 0xdc;
/** Behind an escape: the octet db. */
export const SLIP_ESC_ESC = 0xdd;

/** Room which a packet of `length` octets needs at most. */
export function maxSlipLength(length: number): number {
  return 2 * length + 2;
}

/** Writes `bytes[start … end]`, a part of a packet, into `into` from `at` on.
 *
 * @returns Offset behind what was written.
 */
export function encodeSlip(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  for (let i = start; i < end; i++) {
    const octet = bytes[i]!;
    if (octet === SLIP_END) {
      into[at++] = SLIP_ESC;
      into[at++] = SLIP_ESC_END;
    } else if (octet === SLIP_ESC) {
      into[at++] = SLIP_ESC;
      into[at++] = SLIP_ESC_ESC;
    } else into[at++] = octet;
  }
  return at;
}

/** Who a {@linkcode SlipDecoder} hands packets to. */
export interface SlipSink {
  /** A packet, `bytes[start … end]`, borrowed until the call returns. */
  slipInput(bytes: Uint8Array, start: number, end: number): void;
}

/** What a {@linkcode SlipDecoder} has seen. */
export interface SlipCounters {
  /** Octets handed in. */
  octets: number;
  /** Packets handed up. */
  packets: number;
  /** Packets longer than the limit, dropped. */
  tooLong: number;
  /** Escapes with a wrong octet behind them; their packets are dropped. */
  badEscapes: number;
}

/** Finds the packets in what arrives, however it is cut. */
export class SlipDecoder {
  /** What happened so far. */
  readonly counters: SlipCounters;
  readonly #sink: SlipSink;
  readonly #buffer: Uint8Array;
  #length: number;
  #isEscaped: boolean;
  #isBad: boolean;

  /** Makes a decoder at the beginning of a packet.
   *
   * @param maxPacketBytes Longest packet.
   */
  constructor(sink: SlipSink, maxPacketBytes: number) {
    this.counters = { octets: 0, packets: 0, tooLong: 0, badEscapes: 0 };
    this.#sink = sink;
    this.#buffer = new Uint8Array(maxPacketBytes);
    this.#length = 0;
    this.#isEscaped = false;
    this.#isBad = false;
  }

  /** Forgets a packet begun. */
  reset(): void {
    this.#length = 0;
    this.#isEscaped = false;
    this.#isBad = false;
  }

  /** Takes `bytes[start … end]`, which it does not keep. Packets go to the sink before it returns. */
  input(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    this.counters.octets += end - start;
    for (let i = start; i < end; i++) {
      const octet = bytes[i]!;
      if (octet === SLIP_END) this.#packetEnds();
      else if (this.#isBad) continue;
      else if (this.#isEscaped) this.#inputEscaped(octet);
      else if (octet === SLIP_ESC) this.#isEscaped = true;
      else this.#put(octet);
    }
  }

  #inputEscaped(octet: number): void {
    this.#isEscaped = false;
    if (octet === SLIP_ESC_END) this.#put(SLIP_END);
    else if (octet === SLIP_ESC_ESC) this.#put(SLIP_ESC);
    else {
      this.counters.badEscapes++;
      this.#isBad = true;
    }
  }

  #put(octet: number): void {
    if (this.#length < this.#buffer.length) this.#buffer[this.#length++] = octet;
    else {
      this.counters.tooLong++;
      this.#isBad = true;
    }
  }

  #packetEnds(): void {
    const length = this.#length;
    const isGood = length > 0 && !this.#isBad && !this.#isEscaped;
    this.reset();
    if (!isGood) return;
    this.counters.packets++;
    this.#sink.slipInput(this.#buffer, 0, length);
  }
}
