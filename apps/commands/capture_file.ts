/** {@linkcode CaptureFile}: one pcapng file with everything that a link shows: IP packets, PPP packets, and what is said to the
 * modem.
 *
 * @module
 */
import {
  type FrameDirection,
  type LinkDriver,
  PcapLink,
  type PcapngMedium,
  PcapngWriter,
  pppCaptureFrame,
  upperPduFrame,
} from "@lightwire/netif";
import type { Clock } from "@lightwire/netif/clock";

/** PPP protocols whose packets an IP interface shows as well: IPv4 and IPv6 (RFC 1332 §4, RFC 5072 §3), and TCP/IPv4 with
 * Van Jacobson's compression, which Wireshark undoes (RFC 1332 §4). */
const IP_PROTOCOLS: readonly number[] = [0x0021, 0x0057, 0x002d, 0x002f];

/** Options of {@linkcode CaptureFile.create}. */
export interface CaptureFileOptions {
  /** Time of the packets. */
  readonly clock: Clock;
  /** What `clock.now() === 0` is in milliseconds since 1970. */
  readonly originUnixMs: number;
  /** Called once when the file cannot be written any more (disk full); the capture ends there, the link goes on. */
  readonly onError?: (error: Error) => void;
}

/** A capture for Wireshark and tshark, written as things happen.
 *
 * **Secrets are the caller's business**: everything given to {@linkcode ppp} and {@linkcode at} is written as it is. A PAP
 * packet holds the password, `AT+CPIN="1234"` the PIN, `AT+CIMI` is answered with the IMSI: blot them out before. */
export class CaptureFile {
  readonly #file: CaptureSink;
  readonly #clock: Clock;
  readonly #originUnixMs: number;
  readonly #onError: ((error: Error) => void) | undefined;
  readonly #writer: PcapngWriter;
  readonly #links: PcapLink[] = [];
  #pppId: number | undefined = undefined;
  #atId: number | undefined = undefined;
  #isOver = false;

  /** Use {@linkcode create}. */
  constructor(file: CaptureSink, options: CaptureFileOptions) {
    this.#file = file;
    this.#clock = options.clock;
    this.#originUnixMs = options.originUnixMs;
    this.#onError = options.onError;
    this.#writer = new PcapngWriter((block) => this.#write(block), { application: "lightwire" });
  }

  /** Creates the file, or empties it.
   *
   * @throws {Deno.errors.NotFound} when there is no such folder; {Deno.errors.PermissionDenied}, ….
   */
  static async create(path: string, options: CaptureFileOptions): Promise<CaptureFile> {
    const file = await Deno.open(path, { write: true, create: true, truncate: true });
    return new CaptureFile(file, options);
  }

  /** Describes one more interface, for {@linkcode packet}.
   *
   * @param medium what its packets start with.
   * @param snapLength bytes kept of a packet; default: all.
   * @returns its number.
   */
  addInterface(name: string, medium: PcapngMedium, snapLength?: number): number {
    return this.#writer.addInterface({ name, medium, snapLength });
  }

  /** Writes a packet of an interface added by {@linkcode addInterface}, at this moment. Borrows `bytes`.
   *
   * @throws {RangeError} if there is no such interface.
   */
  packet(interfaceId: number, direction: FrameDirection, bytes: Uint8Array, comment?: string): void {
    if (this.#isOver) return;
    this.#writer.writePacket(interfaceId, this.#now(), bytes, { direction, comment });
  }

  /** Wraps a driver: its frames are written, Ethernet frames or IP packets as its medium has it.
   *
   * @param name its name in the capture.
   * @returns the driver for the interface.
   */
  ipLink(driver: LinkDriver, name: string = "en0"): LinkDriver {
    const link = new PcapLink(driver, {
      writer: this.#writer,
      clock: this.#clock,
      originUnixMs: this.#originUnixMs,
      name,
    });
    this.#links.push(link);
    return link;
  }

  /** Writes a PPP packet on the interface "ppp". IPv4 and IPv6 packets, compressed ones too, are left out when
   * {@linkcode ipLink} shows them already: Wireshark would take the second sight of a segment for a retransmission.
   *
   * @param bytes holds the packet behind the protocol field from `start` up to `end`; borrowed.
   * @param comment shown beside the packet.
   */
  ppp(
    direction: FrameDirection,
    protocol: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    comment?: string,
  ): void {
    if (this.#isOver || (this.#links.length > 0 && IP_PROTOCOLS.includes(protocol))) return;
    this.#pppId ??= this.addInterface("ppp", "ppp");
    this.packet(this.#pppId, direction, pppCaptureFrame(direction, protocol, bytes, start, end), comment);
  }

  /** Writes what was said to the modem, or what it said: on the interface "modem", as a packet that Wireshark's AT dissector
   * shows ("Sent AT Command: AT+CSQ"), with the same text as its comment (`> AT+CSQ`; display filter `frame.comment`).
   *
   * @param text one line or several; line ends around it and empty lines are left out, nothing is written for an empty text.
   */
  at(direction: FrameDirection, text: string): void {
    if (this.#isOver) return;
    const lines = text.split(/[\r\n]+/).filter((line) => line !== "");
    if (lines.length === 0) return;
    this.#atId ??= this.addInterface("modem", "upper-pdu");
    const arrow = direction === "outbound" ? ">" : "<";
    const comment = lines.map((line) => `${arrow} ${line}`).join("\n");
    this.packet(
      this.#atId,
      direction,
      upperPduFrame("at", new TextEncoder().encode(lines.join("\r\n"))),
      comment,
    );
  }

  /** Closes the file; what is given to it afterwards is left out. Close the links before: they write their statistics. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#file.close();
  }

  /** {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #now(): number {
    return this.#originUnixMs + this.#clock.now();
  }

  #write(block: Uint8Array): void {
    if (this.#isOver) return;
    try {
      for (let rest = block; rest.length > 0;) rest = rest.subarray(this.#file.writeSync(rest));
    } catch (error) {
      // A capture that fails must not take the link down with it.
      this.close();
      this.#onError?.(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** Where the blocks go: a `Deno.FsFile`, or memory in tests. */
export interface CaptureSink {
  /** Writes at least one byte of `bytes`. @returns how many. */
  writeSync(bytes: Uint8Array): number;
  /** Closes it. */
  close(): void;
}
