/** What passes on a serial line, counted: what a line does to characters shows in the begin of what arrives.
 *
 * @module
 */
import { ForwardingPort } from "../forwarding_port.ts";

/** Bytes looked at after each {@linkcode LineTap.reset}. */
const SAMPLE_BYTES = 4096;
/** Bytes kept for the eye. */
const HEAD_BYTES = 48;

/** A port that counts what it hands through. */
export class LineTap extends ForwardingPort {
  /** Bytes received since {@linkcode reset}. */
  receivedBytes: number = 0;
  /** Bytes sent since then. */
  sentBytes: number = 0;
  /** Whether the line has ended. */
  isGone: boolean = false;
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headLength = 0;
  #high = 0;
  #controls = 0;
  #sampled = 0;

  /** Whether a good number of bytes arrived and none of them had bit 7 set: a line of seven bits. */
  get isSevenBit(): boolean {
    return this.#sampled >= 32 && this.#high === 0;
  }

  /** Control characters that arrived, as bits: XON and XOFF are bits 17 and 19. */
  get controlsSeen(): number {
    return this.#controls >>> 0;
  }

  /** The first bytes, in hexadecimal. */
  get headText(): string {
    const bytes = [...this.#head.subarray(0, this.#headLength)];
    const more = this.receivedBytes > this.#headLength ? " …" : "";
    return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ") + more;
  }

  /** Counts from nought again. */
  reset(): void {
    this.receivedBytes = 0;
    this.sentBytes = 0;
    this.#headLength = 0;
    this.#high = 0;
    this.#controls = 0;
    this.#sampled = 0;
  }

  /** Sends bytes, and counts them. */
  override write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    const taken = super.write(bytes, start, end);
    this.sentBytes += taken;
    return taken;
  }

  /** Counts what arrived, and hands it on. */
  override serialInput(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    const end = Math.min(bytes.length, SAMPLE_BYTES - this.#sampled);
    for (let i = 0; i < end; i++) {
      const byte = bytes[i]!;
      this.#high |= byte & 0x80;
      if (byte < 32) this.#controls |= 1 << byte;
      if (this.#headLength < HEAD_BYTES) this.#head[this.#headLength++] = byte;
    }
    this.#sampled += Math.max(0, end);
    super.serialInput(bytes);
  }

  /** {@inheritDoc SerialSink.serialClosed} */
  override serialClosed(error: Error | undefined): void {
    this.isGone = true;
    super.serialClosed(error);
  }
}
