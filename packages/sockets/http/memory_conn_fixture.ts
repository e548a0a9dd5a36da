/** Connections in memory for the tests of HTTP, which may cut what passes into pieces.
 *
 * @module
 */
import type { ByteConn } from "./byte_conn.ts";
import type { HttpListener } from "./server.ts";
import type { NetAddr } from "../net_addr.ts";

/** One direction of a connection: bytes, then an end or a failure. */
class Pipe {
  readonly chunks: Uint8Array[] = [];
  isEnded = false;
  error: unknown = undefined;
  #wake: (() => void)[] = [];

  change(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
  wait(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }
}

/** One end of a connection in memory. */
export class MemoryConn implements ByteConn {
  readonly localAddr: NetAddr;
  readonly remoteAddr: NetAddr;
  readonly #in: Pipe;
  readonly #out: Pipe;
  readonly #pieceBytes: number;
  isClosed = false;
  isAborted = false;
  /** Everything written here. */
  written = 0;

  constructor(local: NetAddr, remote: NetAddr, input: Pipe, output: Pipe, pieceBytes: number) {
    this.localAddr = local;
    this.remoteAddr = remote;
    this.#in = input;
    this.#out = output;
    this.#pieceBytes = pieceBytes;
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.isClosed) throw new Error("closed");
      if (this.#in.error !== undefined) throw this.#in.error;
      const chunk = this.#in.chunks[0];
      if (chunk !== undefined) {
        const count = Math.min(chunk.length, into.length, this.#pieceBytes);
        into.set(chunk.subarray(0, count));
        if (count === chunk.length) this.#in.chunks.shift();
        else this.#in.chunks[0] = chunk.subarray(count);
        this.#in.change();
        return count;
      }
      if (this.#in.isEnded) return null;
      await this.#in.wait();
    }
  }

  async write(data: Uint8Array): Promise<number> {
    if (this.isClosed || this.#out.isEnded) throw new Error("closed");
    if (this.#in.error !== undefined) throw this.#in.error;
    this.#out.chunks.push(data.slice());
    this.written += data.length;
    this.#out.change();
    // Back-pressure: a slow reader holds the writer.
    while (
      this.#out.chunks.length > 8 && !this.#out.isEnded && this.#in.error === undefined && !this.isClosed
    ) {
      await this.#out.wait();
    }
    return data.length;
  }

  closeWrite(): Promise<void> {
    if (this.isClosed) return Promise.reject(new Error("closed"));
    this.#out.isEnded = true;
    this.#out.change();
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
    this.#out.isEnded = true;
    this.#out.change();
    this.#in.change();
  }

  abort(): void {
    if (this.isClosed) return;
    this.isAborted = true;
    this.#out.error = new Error("connection reset");
    this.close();
  }

  /** Writes text. */
  async say(text: string): Promise<void> {
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    if (bytes.length > 0) await this.write(bytes);
  }

  /** Reads until the peer ends. */
  async hear(): Promise<string> {
    let text = "";
    const buffer = new Uint8Array(65536);
    for (let n = await this.read(buffer); n !== null; n = await this.read(buffer)) {
      for (let i = 0; i < n; i++) text += String.fromCharCode(buffer[i]!);
    }
    return text;
  }
}

/** Two ends of one connection. */
export function memoryConnPair(pieceBytes = Infinity): [MemoryConn, MemoryConn] {
  const up = new Pipe();
  const down = new Pipe();
  const client: NetAddr = { transport: "tcp", hostname: "10.0.0.1", port: 49152 };
  const server: NetAddr = { transport: "tcp", hostname: "10.0.0.2", port: 80 };
  return [
    new MemoryConn(client, server, down, up, pieceBytes),
    new MemoryConn(server, client, up, down, pieceBytes),
  ];
}

/** A listener whose connections come from {@linkcode connect}. */
export class MemoryListener implements HttpListener {
  readonly timers: HttpListener["timers"];
  readonly #ready: MemoryConn[] = [];
  readonly #pieceBytes: number;
  #acceptors: { resolve: (conn: MemoryConn) => void; reject: (error: unknown) => void }[] = [];
  #isClosed = false;
  connections = 0;

  constructor(timers: HttpListener["timers"] = undefined, pieceBytes = Infinity) {
    this.timers = timers;
    this.#pieceBytes = pieceBytes;
  }

  connect(): MemoryConn {
    if (this.#isClosed) throw new Error("connection refused");
    const [client, server] = memoryConnPair(this.#pieceBytes);
    this.connections++;
    const acceptor = this.#acceptors.shift();
    if (acceptor !== undefined) acceptor.resolve(server);
    else this.#ready.push(server);
    return client;
  }

  accept(): Promise<MemoryConn> {
    const conn = this.#ready.shift();
    if (conn !== undefined) return Promise.resolve(conn);
    if (this.#isClosed) return Promise.reject(new Error("closed"));
    return new Promise((resolve, reject) => this.#acceptors.push({ resolve, reject }));
  }

  close(): void {
    this.#isClosed = true;
    for (const acceptor of this.#acceptors.splice(0)) acceptor.reject(new Error("closed"));
  }
}
