/** {@linkcode TcpStateWorld}: one host whose connections are taken to any state of RFC 9293 §3.3.2 by a peer that is played here.
 *
 * @module
 */
import { ipv4 } from "@lightwire/ip";
import type { TcpConnection, TcpHandlers } from "@lightwire/tcp";
import { decodePacket, encodePacket, PacketHarness, type ReceivedSegment } from "@lightwire/tcp/harness";

/** FIN. */
export const FIN_BIT = 1;
/** SYN. */
export const SYN_BIT = 2;
/** RST. */
export const RST_BIT = 4;
/** ACK. */
export const ACK_BIT = 16;
/** URG. */
export const URG_BIT = 32;

/** Where connections are taken; the names say what is special beyond the state. */
export const FUZZED_STATES = [
  "CLOSED",
  "LISTEN",
  "SYN-SENT",
  "SYN-RECEIVED",
  "ESTABLISHED",
  "ESTABLISHED, text outstanding",
  "ESTABLISHED, text out of order",
  "FIN-WAIT-1",
  "FIN-WAIT-1, half closed",
  "FIN-WAIT-2",
  "FIN-WAIT-2, half closed",
  "CLOSE-WAIT",
  "CLOSING",
  "LAST-ACK",
  "TIME-WAIT",
] as const;

/** One of them. */
export type FuzzedState = (typeof FUZZED_STATES)[number];

/** What the peer knows, or could know, of a connection. */
export interface TcpView {
  /** Its state; CLOSED when there is none. */
  readonly state: string;
  /** Our initial sequence number. */
  readonly iss: number;
  /** The peer's. */
  readonly irs: number;
  /** SND.UNA. */
  readonly sndUna: number;
  /** SND.NXT. */
  readonly sndNxt: number;
  /** RCV.NXT. */
  readonly rcvNxt: number;
  /** RCV.WND. */
  readonly rcvWnd: number;
  /** TS.Recent. */
  readonly tsRecent: number;
  /** The timestamp we have sent last. */
  readonly tsSent: number;
  /** Timestamps are in use. */
  readonly hasTimestamps: boolean;
  /** The user has closed: nobody reads. */
  readonly isOrphan: boolean;
}

/** A segment that will be sent to the host. Text follows from the sequence number. */
export interface SegmentSpec {
  /** SEG.SEQ. */
  seq: number;
  /** SEG.ACK. */
  ack: number;
  /** Control bits. */
  ctl: number;
  /** SEG.WND. */
  wnd: number;
  /** SEG.UP. */
  up: number;
  /** Raw options, whole words. */
  options: number[];
  /** Octets of text. */
  textLength: number;
  /** Instead of the right data offset, −1: the right one. */
  dataOffset: number;
  /** Reserved bits. */
  reserved: number;
  /** Added to the checksum. */
  checksumError: number;
  /** Type of service octet. */
  tos: number;
}

const HOST = ipv4(0xc0000201);
const PEER = ipv4(0xc0000202);
const LISTEN_PORT = 8080;
const SYN_OPTIONS: readonly (readonly number[])[] = [
  [2, 4, 3, 232],
  [2, 4, 3, 232, 4, 2, 8, 10, 0, 0, 3, 232, 0, 0, 0, 0, 1, 3, 3, 4],
];
const PERIOD = 251;

/** The octet that either side sends at a sequence number. */
function patternOctet(seq: number): number {
  return (seq >>> 0) % PERIOD;
}

/** A host, its peer, and one connection at a time. */
export class TcpStateWorld {
  /** The host. */
  readonly harness: PacketHarness;
  /** What went wrong first, or `undefined`. */
  problem: string | undefined = undefined;
  /** Segments sent by the host since the last look. */
  readonly sent: ReceivedSegment[] = [];
  /** Bytes of them. */
  sentBytes = 0;
  /** The connection, if there is one. */
  connection: TcpConnection | undefined = undefined;
  /** Octets the user has read. */
  readBytes = 0;
  /** Octets the user has written. */
  writtenBytes = 0;
  /** The peer has sent text that is not the pattern. */
  hasForeignText = false;
  /** Port of the peer. */
  peerPort = 1024;
  #localPort = LISTEN_PORT;
  #iss = 0;
  #irs = 0;
  #tsSent = 0;
  readonly #buffer = new Uint8Array(65_536);
  readonly #text = new Uint8Array(4096);

  /** A host that listens. */
  constructor(seed: number) {
    this.harness = new PacketHarness({
      seed,
      pool: [{ slotBytes: 256, slots: 512 }, { slotBytes: 2048, slots: 256 }],
      tcp: { ecn: "on", receiveBufferBytes: 20_000, challengeAcksPerSecond: 1e9 },
    });
    this.harness.tcp.listen({ port: LISTEN_PORT }, (connection) => {
      this.connection = connection;
      return this.#handlers();
    });
  }

  /** What the peer knows now. */
  view(): TcpView {
    for (const tcb of this.harness.tcp.tcbs()) {
      return {
        state: tcb.state,
        iss: tcb.iss,
        irs: tcb.state === "SYN-SENT" ? this.#irs : tcb.irs,
        sndUna: tcb.sndUna,
        sndNxt: tcb.sndNxt,
        rcvNxt: tcb.state === "SYN-SENT" ? this.#irs : tcb.rcvNxt,
        rcvWnd: tcb.rcvWnd,
        tsRecent: tcb.hasTimestamps ? tcb.tsRecent : 1000,
        tsSent: this.#tsSent,
        hasTimestamps: tcb.hasTimestamps,
        isOrphan: tcb.isOrphan,
      };
    }
    return {
      state: "CLOSED",
      iss: this.#iss,
      irs: this.#irs,
      sndUna: this.#iss,
      sndNxt: this.#iss,
      rcvNxt: this.#irs,
      rcvWnd: 20_000,
      tsRecent: 1000,
      tsSent: this.#tsSent,
      hasTimestamps: false,
      isOrphan: false,
    };
  }

  /** Takes a new connection to a state; the clean-up of the one before must be over.
   *
   * @param hasOptions SACK, timestamps and window scale are negotiated.
   */
  reach(state: FuzzedState, irs: number, hasOptions: boolean): void {
    this.peerPort = this.peerPort >= 60_000 ? 1024 : this.peerPort + 1;
    this.connection = undefined;
    this.readBytes = 0;
    this.writtenBytes = 0;
    this.hasForeignText = false;
    this.#irs = irs >>> 0;
    this.#iss = 0;
    this.#tsSent = 0;
    const isActive = (irs & 1) === 0 && state !== "SYN-RECEIVED" && state !== "LISTEN";
    this.#localPort = state === "CLOSED"
      ? 9
      : isActive || state === "SYN-SENT"
      ? 20_000 + this.peerPort % 1000
      : LISTEN_PORT;
    if (state === "CLOSED" || state === "LISTEN") return;
    this.#handshake(state, isActive || state === "SYN-SENT", hasOptions);
    if (state !== "SYN-SENT" && state !== "SYN-RECEIVED") this.#goOn(state);
    this.take();
  }

  #handshake(state: FuzzedState, isActive: boolean, hasOptions: boolean): void {
    const options = [...SYN_OPTIONS[hasOptions ? 1 : 0]!];
    const syn = { ...this.base(), seq: this.#irs, ack: 0, ctl: SYN_BIT, options, textLength: 0 };
    if (isActive) {
      this.connection = this.harness.tcp.connect({
        remoteAddress: PEER,
        remotePort: this.peerPort,
        localPort: this.#localPort,
      }, this.#handlers());
      this.harness.settle();
      this.take();
      if (state === "SYN-SENT") return;
      this.send({ ...syn, ack: (this.#iss + 1) >>> 0, ctl: SYN_BIT | ACK_BIT });
      this.take();
      return;
    }
    this.send(syn);
    this.take();
    if (state !== "SYN-RECEIVED") this.send({ ...this.base(), textLength: 0 });
    this.take();
  }

  #goOn(state: FuzzedState): void {
    const connection = this.connection;
    if (connection === undefined) throw new Error(`no connection on the way to ${state}`);
    const finished = (changes: Partial<SegmentSpec> = {}): void => {
      this.send({ ...this.base(), ctl: FIN_BIT | ACK_BIT, textLength: 0, ...changes });
    };
    const acknowledged = (): void => {
      this.send({ ...this.base(), textLength: 0 });
    };
    const ended = (): void => {
      connection.close();
      this.harness.settle();
      this.take();
    };
    switch (state) {
      case "ESTABLISHED, text outstanding":
        return this.write(5000);
      case "ESTABLISHED, text out of order":
        this.send({ ...this.base(), seq: (this.view().rcvNxt + 100) >>> 0, textLength: 300 });
        this.send({ ...this.base(), seq: (this.view().rcvNxt + 1000) >>> 0, textLength: 500 });
        return;
      case "FIN-WAIT-1":
        return ended();
      case "FIN-WAIT-1, half closed":
      case "FIN-WAIT-2, half closed":
        connection.shutdownSend();
        this.harness.settle();
        this.take();
        if (state === "FIN-WAIT-2, half closed") acknowledged();
        return;
      case "FIN-WAIT-2":
        ended();
        return acknowledged();
      case "CLOSE-WAIT":
        return finished();
      case "CLOSING":
        ended();
        return finished({ ack: this.view().sndUna });
      case "LAST-ACK":
        finished();
        return ended();
      case "TIME-WAIT":
        ended();
        acknowledged();
        return finished();
    }
  }

  /** The segment that a peer in good order might send now: ten octets of text where text may come. */
  base(): SegmentSpec {
    const v = this.view();
    const isHandshake = v.state === "SYN-SENT";
    const takesText = v.state === "ESTABLISHED" || v.state === "SYN-RECEIVED" ||
      (v.state.startsWith("FIN-WAIT") && !v.isOrphan);
    return {
      seq: isHandshake ? v.irs : v.rcvNxt,
      ack: v.sndNxt,
      ctl: isHandshake ? SYN_BIT | ACK_BIT : ACK_BIT,
      wnd: 32_000,
      up: 0,
      options: v.hasTimestamps ? [1, 1, 8, 10, ...octets(v.tsRecent), ...octets(v.tsSent)] : [],
      textLength: takesText ? 10 : 0,
      dataOffset: -1,
      reserved: 0,
      checksumError: 0,
      tos: 0,
    };
  }

  /** Sends a segment to the host.
   *
   * @returns bytes of the packet.
   */
  send(spec: SegmentSpec): number {
    const from = spec.seq + (spec.ctl & SYN_BIT ? 1 : 0);
    const text = this.#text.subarray(0, spec.textLength);
    for (let i = 0; i < text.length; i++) text[i] = patternOctet(from + i);
    const packet = encodePacket({
      source: PEER,
      destination: HOST,
      sourcePort: this.peerPort,
      destinationPort: this.#localPort,
      seq: spec.seq,
      ack: spec.ack,
      ctl: spec.ctl,
      wnd: spec.wnd,
      up: spec.up,
      options: spec.options,
      checksumError: spec.checksumError,
      tos: spec.tos,
      text,
      ...(spec.dataOffset < 0 ? {} : { dataOffset: spec.dataOffset }),
    });
    if (spec.reserved !== 0) reserve(packet, spec.reserved);
    this.harness.inject(packet);
    return packet.length;
  }

  /** Collects what the host has sent, and checks each packet. */
  take(): void {
    this.sent.length = 0;
    this.sentBytes = 0;
    for (let next = this.harness.takePacket(); next !== undefined; next = this.harness.takePacket()) {
      const packet = decodePacket(next.bytes);
      if (typeof packet === "string") {
        this.fail(`the host sent a bad packet: ${packet}`);
        continue;
      }
      this.sent.push(packet);
      this.sentBytes += next.bytes.length;
      const { seg, text } = packet;
      if (seg.ctl & SYN_BIT) this.#iss = seg.seq;
      if (seg.hasTimestamps && (seg.ctl & RST_BIT) === 0) this.#tsSent = seg.tsVal;
      for (let i = 0; i < text.length; i++) {
        if (text[i] === patternOctet(seg.seq + i)) continue;
        this.fail(`octet ${seg.seq + i} sent is wrong`);
        break;
      }
    }
  }

  /** The user sends. */
  write(length: number): void {
    const bytes = new Uint8Array(length);
    const from = this.view().iss + 1 + this.writtenBytes;
    for (let i = 0; i < length; i++) bytes[i] = patternOctet(from + i);
    this.writtenBytes += this.connection!.send(bytes);
    this.harness.settle();
  }

  /** Lets go of the connection, whatever state it is in. */
  abandon(): void {
    for (const connection of [...this.harness.tcp.connections()]) connection.abort();
    this.connection?.abort();
    this.harness.settle();
    this.take();
  }

  /** Notes what is wrong. */
  fail(problem: string): void {
    this.problem ??= problem;
  }

  #handlers(): TcpHandlers {
    return {
      readable: (connection) => {
        this.connection = connection;
        const length = connection.read(this.#buffer);
        const from = this.view().irs + 1 + this.readBytes;
        this.readBytes += length;
        for (let i = 0; i < length && !this.hasForeignText; i++) {
          if (this.#buffer[i] !== patternOctet(from + i)) return this.fail(`octet ${from + i} read is wrong`);
        }
      },
    };
  }
}

function octets(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** Sets the reserved bits, and corrects the checksum (RFC 1624 §3). */
function reserve(packet: Uint8Array, bits: number): void {
  packet[32]! |= bits;
  let sum = (packet[36]! << 8) | packet[37]!;
  sum = (~sum & 0xffff) + (bits << 8);
  sum = (sum & 0xffff) + (sum >>> 16);
  packet[36] = (~sum >>> 8) & 0xff;
  packet[37] = ~sum & 0xff;
}
