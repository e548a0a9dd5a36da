/** {@linkcode TcpCalls}: what the user of a script's connection does.
 *
 * @module
 */
import type { TcpConnection } from "../connection.ts";
import type { TcpListener, TcpListenOptions } from "../listener.ts";
import type { TcpConnectOptions } from "../tcp_open.ts";
import type { TcpScript } from "./harness.ts";
import { PEER_ADDRESS } from "../harness/packet_harness.ts";
import { pattern, patternOctet } from "./text_pattern.ts";

/** Ports of scripts with an active OPEN. */
const CONNECT_LOCAL_PORT = 40000;
const CONNECT_PEER_PORT = 80;
/** Ports of scripts with a passive OPEN. */
export const LISTEN_LOCAL_PORT = 8080;
export const LISTEN_PEER_PORT = 50000;

/** Calls of the user on a script's current connection. Each has had its effects when it returns. */
export class TcpCalls {
  /** Something else than the pattern was sent. */
  hasForeignText: boolean = false;
  readonly #script: TcpScript;

  /** The calls of one script. */
  constructor(script: TcpScript) {
    this.#script = script;
  }

  /** Active OPEN from port 40000 to the peer's port 80. */
  connect(options: Partial<TcpConnectOptions> = {}): TcpConnection {
    const s = this.#script;
    s.localPort = options.localPort ?? CONNECT_LOCAL_PORT;
    s.peerPort = options.remotePort ?? CONNECT_PEER_PORT;
    const connection = s.harness.tcp.connect({
      remoteAddress: PEER_ADDRESS,
      remotePort: s.peerPort,
      localPort: s.localPort,
      ...options,
    }, s.handlers());
    s.adopt(connection);
    s.called("connect");
    return connection;
  }

  /** Passive OPEN on port 8080; connections are accepted at once and become the current one. */
  listen(options: Partial<TcpListenOptions> = {}): TcpListener {
    const s = this.#script;
    s.localPort = options.port ?? LISTEN_LOCAL_PORT;
    s.peerPort = LISTEN_PEER_PORT;
    s.listener = s.harness.tcp.listen({ port: s.localPort, ...options }, (connection) => {
      s.adopt(connection);
      return s.handlers();
    });
    s.called("listen");
    return s.listener;
  }

  /** CLOSE of the listener. */
  closeListener(): void {
    this.#script.listener!.close();
    this.#script.called("close listener");
  }

  /** SEND of `data`, or of that many octets of the pattern.
   *
   * @returns octets taken.
   */
  send(data: number | Uint8Array): number {
    const s = this.#script;
    if (typeof data !== "number") this.hasForeignText = true;
    const bytes = typeof data === "number" ? pattern(s.writtenBytes + 1, data) : data;
    const taken = s.connection!.send(bytes);
    s.writtenBytes += taken;
    s.called(`send(${bytes.length}) = ${taken}`);
    return taken;
  }

  /** RECEIVE of at most `count` octets, which must be the pattern.
   *
   * @returns octets read.
   */
  read(count: number): number {
    const s = this.#script;
    const bytes = new Uint8Array(count);
    const got = s.connection!.read(bytes);
    for (let i = 0; i < got; i++) {
      const offset = s.readBytes + 1 + i;
      if (bytes[i] !== patternOctet(offset)) {
        s.fail(`Octet ${offset} of the text read is ${bytes[i]}, not ${patternOctet(offset)}`);
      }
    }
    s.readBytes += got;
    s.called(`read(${count}) = ${got}`);
    return got;
  }

  /** CLOSE. */
  close(): void {
    this.#script.connection!.close();
    this.#script.called("close");
  }

  /** Closes our direction only. */
  shutdownSend(): void {
    this.#script.connection!.shutdownSend();
    this.#script.called("shutdownSend");
  }

  /** Closes the peer's direction only. */
  shutdownReceive(): void {
    this.#script.connection!.shutdownReceive();
    this.#script.called("shutdownReceive");
  }

  /** ABORT. */
  abort(): void {
    this.#script.connection!.abort();
    this.#script.called("abort");
  }

  /** Any other call on the connection. */
  do(text: string, action: (connection: TcpConnection) => void): void {
    action(this.#script.connection!);
    this.#script.called(text);
  }
}
