/** {@linkcode TcpScript}: the test plays the peer, segment by segment, on a clock of its own.
 *
 * ```ts ignore
 * Deno.test("LISTEN: a SYN draws a SYN-ACK", script((s) => {
 *   s.call.listen();
 *   s.inject("S 0:0(0) win 65535 <mss 1460>");
 *   s.expect("S. 0:0(0) ack 1 <mss 1460>");
 *   s.at(1000).expect("S. 0:0(0) ack 1");     // exactly then, and nothing before
 *   s.inject(". 1:1(0) ack 1");
 *   s.expectState("ESTABLISHED");
 * }));
 * ```
 *
 * Both initial sequence numbers lie just below the wrap, so that every script crosses it. Text is a pattern that
 * follows from its sequence number: what is sent and what is read is compared with it. Of each packet that the stack
 * sends, both checksums and the length are checked, whether the script looks at it or not.
 *
 * @module
 */
import type { NetErrorCode } from "@lightwire/netif";
import type { TcpConnection, TcpHandlers } from "../connection.ts";
import { ACK, formatControlBits, RST, SYN, URG } from "../control_bits.ts";
import type { TcpListener } from "../listener.ts";
import type { Segment } from "../segment.ts";
import type { TcpState } from "../state.ts";
import { formatSegment } from "../tcp_header.ts";
import {
  LOCAL_ADDRESS,
  PacketHarness,
  type PacketHarnessOptions,
  PEER_ADDRESS,
} from "../harness/packet_harness.ts";
import { encodeOptions, parseSegmentText, type SegmentText } from "../harness/segment_text.ts";
import { LISTEN_LOCAL_PORT, LISTEN_PEER_PORT, TcpCalls } from "./tcp_calls.ts";
import { pattern, patternOctet } from "./text_pattern.ts";
import { decodePacket, encodeIcmpError, encodePacket, type ReceivedSegment } from "../harness/wire.ts";

/** Our initial sequence number in every script: the 17th octet of text crosses the wrap. */
export const DEFAULT_ISS = 0xfffffff0;
/** The peer's. */
export const DEFAULT_IRS = 0xffffffe0;

/** Options of a script. */
export interface TcpScriptOptions extends PacketHarnessOptions {
  /** Our initial sequence number. Default {@linkcode DEFAULT_ISS}; `undefined` given explicitly with `useRandomIss`. */
  readonly iss?: number;
  /** The peer's initial sequence number. Default {@linkcode DEFAULT_IRS}. */
  readonly irs?: number;
  /** Leave our initial sequence numbers to the stack. */
  readonly useRandomIss?: boolean;
}

/** What an injected segment may say beyond its text. */
export interface InjectOverrides {
  /** Source port; default: the script's peer. */
  readonly port?: number;
  /** Destination port. */
  readonly toPort?: number;
  /** Text, instead of the pattern. */
  readonly text?: Uint8Array;
  /** Added to the checksum. */
  readonly checksumError?: number;
  /** Data offset field in words. */
  readonly dataOffset?: number;
  /** Type of service octet. */
  readonly tos?: number;
  /** IP options, a multiple of 4 bytes. */
  readonly ipOptions?: readonly number[];
  /** Destination address. */
  readonly destination?: typeof LOCAL_ADDRESS;
  /** Source address. */
  readonly source?: typeof LOCAL_ADDRESS;
}

/** A script failed; the message holds both traces. */
export class ScriptError extends Error {
  /** The name. */
  override readonly name: string = "ScriptError";
}

interface Outgoing {
  readonly atMs: number;
  readonly bytes: Uint8Array;
  readonly packet: ReceivedSegment;
}

/** One script. */
export class TcpScript {
  /** The stack under test. */
  readonly harness: PacketHarness;
  /** Calls of the user. */
  readonly call: TcpCalls;
  /** The connection the calls act on: the last one opened or accepted. */
  connection: TcpConnection | undefined = undefined;
  /** All connections, in order of OPEN or accept. */
  readonly connections: TcpConnection[] = [];
  /** The listener, if there is one. */
  listener: TcpListener | undefined = undefined;
  /** What the user of the current connection was told: "connected", "readable", "writable", "urgent", "closed", "closed CONNECTION_RESET". */
  readonly events: string[] = [];
  /** The port the peer uses. */
  peerPort: number = LISTEN_PEER_PORT;
  /** The port we use. */
  localPort: number = LISTEN_LOCAL_PORT;
  /** Window field of injected segments that name none. */
  win: number = 65535;
  /** The last packet taken by an expectation, as it was on the wire. */
  lastSent: Uint8Array = new Uint8Array(0);
  /** Octets read so far on the current connection. */
  readBytes: number = 0;
  /** Octets handed over so far on the current connection. */
  writtenBytes: number = 0;
  /** Our initial sequence number. */
  iss: number;
  /** The peer's initial sequence number. */
  irs: number;
  readonly #outgoing: Outgoing[] = [];
  readonly #trace: string[] = [];
  readonly #expected: string[] = [];
  #timestampBase = -1;

  /** A host which is up, and a script which has not begun. */
  constructor(options: TcpScriptOptions = {}) {
    this.iss = options.iss ?? DEFAULT_ISS;
    this.irs = options.irs ?? DEFAULT_IRS;
    this.harness = new PacketHarness({ hasDefaultRoute: false, ...options });
    if (options.useRandomIss !== true) this.harness.tcp.hooks.tcpIsn = () => this.iss;
    this.call = new TcpCalls(this);
  }

  // What the peer does.

  /** Injects one segment in the notation of `segment_text.ts`. */
  inject(text: string, overrides: InjectOverrides = {}): this {
    this.#note("<", text);
    this.harness.inject(this.packet(text, overrides));
    this.#collect();
    return this;
  }

  /** Injects several segments as one batch. */
  injectBatch(...texts: readonly string[]): this {
    for (const text of texts) this.#note("<", text);
    this.harness.injectBatch(texts.map((text) => this.packet(text)));
    this.#collect();
    return this;
  }

  /** Injects octets as an IP packet. */
  injectRaw(bytes: Uint8Array): this {
    this.#note("<", `${bytes.length} raw bytes`);
    this.harness.inject(bytes);
    this.#collect();
    return this;
  }

  /** Injects an ICMP error which quotes a packet of ours.
   *
   * @param quoted the packet; default the last one expected.
   */
  injectIcmp(type: number, code: number, mtu: number = 0, quoted: Uint8Array = this.lastSent): this {
    this.#note("<", `ICMP type ${type} code ${code} mtu ${mtu}`);
    this.harness.inject(encodeIcmpError(type, code, PEER_ADDRESS, quoted, mtu));
    this.#collect();
    return this;
  }

  /** The IP packet that {@linkcode inject} would deliver. */
  packet(text: string, overrides: InjectOverrides = {}): Uint8Array {
    const spec = parseSegmentText(text);
    const seq = spec.seq ?? 0;
    const base = this.#timestampBase < 0 ? 0 : this.#timestampBase;
    return encodePacket({
      source: overrides.source ?? PEER_ADDRESS,
      destination: overrides.destination ?? LOCAL_ADDRESS,
      sourcePort: overrides.port ?? this.peerPort,
      destinationPort: overrides.toPort ?? this.localPort,
      seq: (this.irs + seq) >>> 0,
      ack: spec.ack === undefined ? 0 : (this.iss + spec.ack) >>> 0,
      ctl: spec.ctl,
      wnd: spec.win ?? this.win,
      up: spec.urg ?? 0,
      options: encodeOptions(
        spec.options ?? [],
        (ecr) => (ecr + base) >>> 0,
        (edge) => (edge + this.iss) >>> 0,
      ),
      text: overrides.text ?? pattern((spec.ctl & SYN) === 0 ? seq : seq + 1, spec.length),
      tos: overrides.tos,
      ipOptions: overrides.ipOptions,
      checksumError: overrides.checksumError,
      dataOffset: overrides.dataOffset,
    });
  }

  // What the stack does.

  /** Expects the next segment sent, at the present instant. What the text leaves out is not looked at. */
  expect(text: string, from: { readonly port?: number } = {}): this {
    this.#expected.push(`${this.#time(this.nowMs)} > ${text}`);
    const next = this.#outgoing.shift();
    if (next === undefined) this.fail(`Expected "${text}", but nothing was sent`);
    if (next.atMs < this.nowMs - 0.01) {
      this.fail(`Expected "${text}" at ${this.nowMs}, but it was sent at ${next.atMs} already`);
    }
    const problem = this.#compare(next.packet, parseSegmentText(text), from.port ?? this.peerPort);
    if (problem !== undefined) {
      this.fail(`Expected "${text}", got ${this.#format(next.packet.seg)}: ${problem}`);
    }
    this.lastSent = next.bytes;
    return this;
  }

  /** Expects that nothing (more) is sent until now. */
  expectNothing(): this {
    this.#expected.push(`${this.#time(this.nowMs)} > nothing`);
    const next = this.#outgoing[0];
    if (next !== undefined) this.fail(`Expected nothing, got ${this.#format(next.packet.seg)}`);
    return this;
  }

  /** Expects the next segment some time in [`fromMs`, `toMs`] since the start, and moves there. */
  expectBetween(fromMs: number, toMs: number, text: string): this {
    this.expectNothing();
    while (this.#outgoing.length === 0 && this.#step(toMs));
    const next = this.#outgoing[0];
    if (next === undefined) this.fail(`Expected "${text}" until ${toMs}, but nothing was sent`);
    if (next.atMs < fromMs) {
      this.fail(`Expected "${text}" from ${fromMs} on, but it was sent at ${next.atMs}`);
    }
    return this.expect(text);
  }

  /** Takes the next segment sent, whatever it is; `undefined` for none. */
  take(): Segment | undefined {
    const next = this.#outgoing.shift();
    if (next !== undefined) this.lastSent = next.bytes;
    return next?.packet.seg;
  }

  /** Takes everything sent so far. */
  takeAll(): Segment[] {
    return this.#outgoing.splice(0).map((o) => o.packet.seg);
  }

  // Time.

  /** Milliseconds since the script began. */
  get nowMs(): number {
    return this.harness.nowMs;
  }

  /** Moves time to `ms` since the start. Nothing may be sent before that instant; what is sent at it is left for
   * {@linkcode expect}. */
  at(ms: number): this {
    this.#noLeftovers();
    // Deadlines are sums of fractions: one that is meant to be `ms` may miss it by a rounding error.
    while (this.harness.nextTimerMs <= ms + 1e-6) {
      this.#step(Math.max(this.harness.nextTimerMs, this.nowMs));
      const first = this.#outgoing[0];
      if (first !== undefined && first.atMs < ms - 0.01) {
        this.fail(`Expected nothing before ${ms}, got ${this.#format(first.packet.seg)} at ${first.atMs}`);
      }
    }
    this.#step(ms);
    return this;
  }

  /** Moves time by `ms`, see {@linkcode at}. */
  wait(ms: number): this {
    return this.at(this.nowMs + ms);
  }

  /** Moves time to `ms` since the start, whatever is sent meanwhile: it is left for {@linkcode take}. */
  run(ms: number): this {
    while (this.#step(ms));
    return this;
  }

  // What the user sees.

  /** Expects the state of the current connection. */
  expectState(state: TcpState): this {
    const actual = this.connection?.state;
    this.#expected.push(`${this.#time(this.nowMs)} state ${state}`);
    if (actual !== state) this.fail(`Expected state ${state}, got ${actual}`);
    return this;
  }

  /** Expects that the user was told `event` since the last such question; "writable" in between does not matter. */
  expectEvent(event: string): this {
    this.#expected.push(`${this.#time(this.nowMs)} event ${event}`);
    for (;;) {
      const next = this.events.shift();
      if (next === event) return this;
      if (next !== "writable") this.fail(`Expected the event "${event}", got ${next ?? "none"}`);
    }
  }

  /** Expects that the user was told nothing (more), "writable" aside. */
  expectNoEvent(): this {
    for (;;) {
      const next = this.events.shift();
      if (next === undefined) return this;
      if (next !== "writable") this.fail(`Expected no event, got "${next}"`);
    }
  }

  /** Expects the end of the connection, with an error or in good order. */
  expectClosed(code?: NetErrorCode): this {
    this.expectEvent(code === undefined ? "closed" : `closed ${code}`);
    return this.expectState("CLOSED");
  }

  /** Fails with both traces. */
  fail(message: string): never {
    const left = this.#outgoing.map((o) => `${this.#time(o.atMs)} > ${this.#format(o.packet.seg)}`);
    throw new ScriptError(
      `${message}\n--- what happened\n${this.#trace.join("\n")}\n--- what was expected\n${
        this.#expected.join("\n")
      }\n--- not taken\n${left.join("\n")}`,
    );
  }

  /** Ends the script: nothing may be left over; connections and listeners are ended and the pool must balance. */
  end(): void {
    this.#noLeftovers();
    for (const connection of [...this.harness.tcp.connections()]) connection.abort();
    for (const listener of [...this.harness.tcp.listeners.values()]) listener.close();
    this.harness.settle();
    for (const connection of this.connections) connection.read(new Uint8Array(1 << 20));
    this.harness.settle();
    const inUse = this.harness.pool.inUse;
    if (inUse !== 0) this.fail(`${inUse} pbufs leaked`);
    if (this.harness.timers.size !== 0) {
      // Reassembly and path MTU timers of IP may outlive TCP; those of TCP must not.
      const before = this.harness.timers.size;
      if (before > 2) this.fail(`${before} timers are still armed`);
    }
  }

  // For `call`.

  /** Adopts a connection as the current one. */
  adopt(connection: TcpConnection): void {
    this.connection = connection;
    this.connections.push(connection);
    this.events.length = 0;
    this.readBytes = 0;
    this.writtenBytes = 0;
  }

  /** Callbacks which note what they are told. */
  handlers(): TcpHandlers {
    const note = (connection: TcpConnection, event: string): void => {
      const isCurrent = connection === this.connection;
      this.#note("!", isCurrent ? event : `${event} (port ${connection.localPort})`);
      if (isCurrent) this.events.push(event);
    };
    return {
      connected: (c) => note(c, "connected"),
      readable: (c) => note(c, "readable"),
      writable: (c) => note(c, "writable"),
      urgent: (c) => note(c, "urgent"),
      closed: (c, error) => note(c, error === undefined ? "closed" : `closed ${error.code}`),
    };
  }

  /** Notes a call, and lets its effects happen. */
  called(text: string): void {
    this.#note("*", text);
    this.harness.settle();
    this.#collect();
  }

  #step(untilMs: number): boolean {
    const moved = this.harness.step(untilMs);
    this.#collect();
    return moved;
  }

  #noLeftovers(): void {
    const next = this.#outgoing[0];
    if (next !== undefined) this.fail(`Did not expect ${this.#format(next.packet.seg)} at ${next.atMs}`);
  }

  #collect(): void {
    for (let sent = this.harness.takePacket(); sent !== undefined; sent = this.harness.takePacket()) {
      const atMs = sent.atUs / 1000;
      const packet = decodePacket(sent.bytes);
      if (typeof packet === "string") {
        this.#note(">", packet);
        this.fail(`The stack sent a bad packet: ${packet}`);
      }
      const { seg } = packet;
      if (seg.hasTimestamps && this.#timestampBase < 0) {
        this.#timestampBase = (seg.tsVal - Math.floor(atMs)) >>> 0;
      }
      this.#note(">", this.#format(seg), atMs);
      if (sent.bytes.length > this.harness.netif.mtu && this.harness.link.capabilities.gsoMaxBytes === 0) {
        this.fail(`The stack sent ${sent.bytes.length} bytes over an MTU of ${this.harness.netif.mtu}`);
      }
      this.#checkText(packet);
      this.#outgoing.push({ atMs, bytes: sent.bytes, packet });
    }
  }

  /** Text sent is the pattern, unless the script sent other text or the segment is a keep-alive's rubbish octet. */
  #checkText({ seg, text }: ReceivedSegment): void {
    if (this.call.hasForeignText || text.length === 0) return;
    const offset = (seg.seq - this.iss) | 0;
    if (offset <= 0) return;
    for (let i = 0; i < text.length; i++) {
      if (text[i] !== patternOctet(offset + i)) {
        this.fail(`Octet ${offset + i} of the text sent is ${text[i]}, not ${patternOctet(offset + i)}`);
      }
    }
  }

  #compare({ seg }: ReceivedSegment, spec: SegmentText, port: number): string | undefined {
    if (seg.destinationPort !== port) return `it went to port ${seg.destinationPort}`;
    if (seg.sourcePort !== this.localPort) return `it came from port ${seg.sourcePort}`;
    if (seg.ctl !== spec.ctl) return `flags ${formatControlBits(seg.ctl)}`;
    if (spec.seq !== undefined) {
      const seq = (seg.seq - this.iss) >>> 0;
      // A reset that answers a segment without ACK has sequence number 0, and not a relative one.
      const isBareReset = (seg.ctl & RST) !== 0 && (seg.ctl & ACK) !== 0 && seg.seq === 0;
      if (seq !== spec.seq && !(isBareReset && spec.seq === 0)) return `seq ${seq}`;
      if (seg.textLength !== spec.length) return `length ${seg.textLength}`;
    }
    if (spec.ack !== undefined) {
      const ack = (seg.ack - this.irs) >>> 0;
      if (ack !== spec.ack) return `ack ${ack}`;
    }
    if (spec.win !== undefined && seg.wnd !== spec.win) return `win ${seg.wnd}`;
    if (spec.urg !== undefined && ((seg.ctl & URG) === 0 || seg.up !== spec.urg)) return `urg ${seg.up}`;
    return this.#compareOptions(seg, spec);
  }

  #compareOptions(seg: Segment, spec: SegmentText): string | undefined {
    const options = spec.options;
    if (options === undefined) return undefined;
    const isOpen = options.some((o) => o.kind === "...");
    const has = (kind: string): boolean => options.some((o) => o.kind === kind);
    for (const option of options) {
      if (option.kind === "mss" && seg.mss !== option.value) return `mss ${seg.mss}`;
      if (option.kind === "wscale" && seg.windowShift !== option.value) return `wscale ${seg.windowShift}`;
      if (option.kind === "sackOK" && !seg.sackPermitted) return "no sackOK";
      if (option.kind === "TS") {
        if (!seg.hasTimestamps) return "no timestamps";
        const val = (seg.tsVal - this.#timestampBase) >>> 0;
        if (val !== option.val) return `TS val ${val}`;
        if (option.ecr !== undefined && seg.tsEcr !== option.ecr) return `TS ecr ${seg.tsEcr}`;
      }
      if (option.kind === "sack") {
        const blocks = Array.from(
          { length: seg.sackCount },
          (_, i) => `${(seg.sackLeft[i]! - this.irs) >>> 0}:${(seg.sackRight[i]! - this.irs) >>> 0}`,
        ).join(" ");
        const wanted = option.blocks.map(([left, right]) => `${left}:${right}`).join(" ");
        if (blocks !== wanted) return `sack ${blocks === "" ? "none" : blocks}`;
      }
    }
    if (isOpen) return undefined;
    if (seg.mss > 0 && !has("mss")) return `mss ${seg.mss} was not expected`;
    if (seg.windowShift >= 0 && !has("wscale")) return `wscale ${seg.windowShift} was not expected`;
    if (seg.sackPermitted && !has("sackOK")) return "sackOK was not expected";
    if (seg.hasTimestamps && !has("TS")) return "timestamps were not expected";
    if (seg.sackCount > 0 && !has("sack")) return "SACK blocks were not expected";
    return undefined;
  }

  #format(seg: Segment): string {
    return formatSegment(seg, this.iss, this.irs);
  }

  #time(ms: number): string {
    return ms.toFixed(3).padStart(12);
  }

  #note(direction: string, text: string, atMs: number = this.nowMs): void {
    this.#trace.push(`${this.#time(atMs)} ${direction} ${text}`);
  }
}

/** A test body: makes a script, runs it, ends it.
 *
 * @param options options of the script, or the body.
 * @param body the script.
 */
export function script(
  options: TcpScriptOptions | ((s: TcpScript) => void),
  body?: (s: TcpScript) => void,
): () => void {
  return () => {
    const s = new TcpScript(typeof options === "function" ? {} : options);
    (typeof options === "function" ? options : body!)(s);
    s.end();
  };
}
