/** {@linkcode TransferEnd}: an application at one end of a connection, which knows what it must receive.
 *
 * @module
 */
import type { NetError, Timer } from "@lightwire/netif";
import type { Simulation } from "@lightwire/netif/sim";
import type { Pbuf } from "@lightwire/pbuf";
import type { TcpConnection, TcpHandlers } from "@lightwire/tcp";
import type { Draw } from "./draw.ts";
import type { EndParameters } from "./swarm_parameters.ts";

/** Sends its stream in pieces of random size, with pauses; reads in pieces of random size, with pauses; compares every
 * octet with what the peer was given to send; closes or aborts as its parameters say. */
export class TransferEnd implements TcpHandlers {
  /** The connection; `undefined` until there is one. */
  connection: TcpConnection | undefined = undefined;
  /** What went wrong first, or `undefined`. */
  problem: string | undefined = undefined;
  /** Octets handed to `send`. */
  sent = 0;
  /** Octets received, all of them right. */
  received = 0;
  /** The peer's FIN has come, and everything before it was read. */
  isEof = false;
  /** `closed` was called. */
  isClosed = false;
  /** What it said. */
  error: NetError | undefined = undefined;
  /** It has aborted. */
  hasAborted = false;
  readonly #outgoing: Uint8Array;
  readonly #incoming: Uint8Array;
  readonly #parameters: EndParameters;
  readonly #draw: Draw;
  readonly #buffer: Uint8Array;
  readonly #writeTimer: Timer;
  readonly #readTimer: Timer;
  #hasShutDown = false;
  #hasClosed = false;

  /** @param outgoing what it sends. @param incoming what it must receive. */
  constructor(
    sim: Simulation,
    draw: Draw,
    outgoing: Uint8Array,
    incoming: Uint8Array,
    parameters: EndParameters,
  ) {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.#parameters = parameters;
    this.#draw = draw;
    this.#buffer = new Uint8Array(parameters.readMax);
    this.#writeTimer = sim.timers.create(() => this.#write());
    this.#readTimer = sim.timers.create(() => this.#read());
  }

  /** Whether nothing more happens here: closed, and everything read that had come before. */
  get isOver(): boolean {
    return this.isClosed && (this.isEof || this.error !== undefined || this.hasAborted);
  }

  /** Whether it has sent and received everything there was. */
  get isComplete(): boolean {
    return this.isEof && this.sent === this.#outgoing.length && this.received === this.#incoming.length;
  }

  /** Its state in words. */
  get summary(): string {
    const state = this.connection === undefined ? "no connection" : this.connection.state;
    const end = this.isClosed ? `, closed${this.error === undefined ? "" : ` (${this.error.code})`}` : "";
    return `${state}, sent ${this.sent} of ${this.#outgoing.length}, received ${this.received} of ` +
      `${this.#incoming.length}${this.isEof ? " and FIN" : ""}${this.hasAborted ? ", aborted" : ""}${end}`;
  }

  /** {@inheritDoc TcpHandlers.connected} For the end that was connected to, called by its listener. */
  connected(connection: TcpConnection): void {
    this.connection = connection;
    if (this.#parameters.abortsAt === 0) return this.#abort();
    this.#write();
  }

  /** {@inheritDoc TcpHandlers.readable} */
  readable(connection: TcpConnection): void {
    this.connection = connection;
    if (!this.#readTimer.isArmed) this.#read();
  }

  /** {@inheritDoc TcpHandlers.writable} */
  writable(connection: TcpConnection): void {
    this.connection = connection;
    if (!this.#writeTimer.isArmed) this.#write();
  }

  /** {@inheritDoc TcpHandlers.closed} */
  closed(_connection: TcpConnection, error: NetError | undefined): void {
    if (this.isClosed) this.#fail("closed twice");
    this.isClosed = true;
    this.error = error;
    this.#writeTimer.stop();
    // What came before an orderly end can still be read.
    if (error !== undefined) this.#readTimer.stop();
    else if (!this.#readTimer.isArmed) this.#read();
  }

  #write(): void {
    const connection = this.connection!;
    const { writeMax, thinkMs } = this.#parameters;
    while (this.sent < this.#outgoing.length) {
      if (this.isClosed || this.hasAborted) return;
      const wanted = Math.min(this.#draw.int(1, writeMax), this.#outgoing.length - this.sent);
      const taken = connection.send(this.#outgoing, this.sent, wanted);
      if (taken < 0 || taken > wanted) return this.#fail(`send took ${taken} of ${wanted} octets`);
      this.sent += taken;
      if (taken < wanted) return; // writable() comes
      if (thinkMs > 0) return this.#writeTimer.start(this.#draw.unit() * thinkMs);
    }
    if (this.#parameters.closes === "when-sent" || this.isEof) this.#shutDown();
  }

  #read(): void {
    const connection = this.connection!;
    while (this.error === undefined && !this.hasAborted && !this.isEof) {
      const length = this.#parameters.readsPbufs ? this.#readPbuf(connection) : this.#readCopy(connection);
      if (length === 0) break;
      if (this.problem !== undefined) return this.#abort();
      if (this.#parameters.abortsAt >= 0 && this.received >= this.#parameters.abortsAt) return this.#abort();
      if (this.#draw.chance(this.#parameters.pauseRate)) {
        return this.#readTimer.start(this.#draw.unit() * this.#parameters.pauseMs);
      }
    }
    if (this.isEof || this.error !== undefined || this.hasAborted || !connection.isReadEof) return;
    this.isEof = true;
    if (this.received < this.#incoming.length) {
      this.#fail(`end of stream after ${this.received} of ${this.#incoming.length} octets`);
    }
    if (this.sent === this.#outgoing.length) this.#shutDown();
  }

  #readCopy(connection: TcpConnection): number {
    const into = this.#buffer.subarray(0, this.#draw.int(1, this.#parameters.readMax));
    const length = connection.read(into);
    if (length > into.length) this.#fail(`read gave ${length} octets for ${into.length}`);
    this.#compare(into, 0, length);
    return length;
  }

  #readPbuf(connection: TcpConnection): number {
    const p = connection.readPbuf();
    if (p === undefined) return 0;
    let length = 0;
    for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
      this.#compare(node.bytes, node.start, node.end - node.start);
      length += node.end - node.start;
    }
    p.release();
    connection.recved(length);
    return length;
  }

  #compare(bytes: Uint8Array, start: number, length: number): void {
    const incoming = this.#incoming;
    const at = this.received;
    if (at + length > incoming.length) {
      return this.#fail(`received ${at + length} octets of ${incoming.length}`);
    }
    for (let i = 0; i < length; i++) {
      if (bytes[start + i] !== incoming[at + i]) return this.#fail(`received octet ${at + i} is wrong`);
    }
    this.received += length;
  }

  #shutDown(): void {
    const connection = this.connection!;
    if (!this.#hasShutDown) {
      this.#hasShutDown = true;
      connection.shutdownSend();
    }
    if (this.isEof && !this.#hasClosed) {
      this.#hasClosed = true;
      connection.close();
    }
  }

  #abort(): void {
    if (this.hasAborted) return;
    this.hasAborted = true;
    this.#writeTimer.stop();
    this.#readTimer.stop();
    this.connection!.abort();
  }

  #fail(problem: string): void {
    this.problem ??= problem;
  }
}
