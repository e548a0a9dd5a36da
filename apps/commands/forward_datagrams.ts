/** {@linkcode DatagramForwarder}: datagrams of many clients to one target and back.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import type { Stack } from "@lightwire/sockets";

/** Clients at a time, by default. */
export const MAX_DATAGRAM_CLIENTS = 256;
/** How long a client is remembered after its last datagram, in milliseconds (RFC 4787 §4.3 wants two minutes at least). */
export const DATAGRAM_IDLE_MS = 300_000;

/** Where a datagram comes from or goes to. */
export interface DatagramPeer {
  /** Address. */
  readonly hostname: string;
  /** Port. */
  readonly port: number;
}

/** A socket for datagrams, of the host or of the stack. */
export interface DatagramPort {
  /** The address and port it is bound to. */
  readonly addr: DatagramPeer;
  /** Called for each datagram; set once, before the first. */
  onReceive: ((data: Uint8Array, from: DatagramPeer) => void) | undefined;
  /** Sends one datagram; what cannot be sent is lost, as datagrams are. */
  send(data: Uint8Array, to: DatagramPeer): void;
  /** Closes it; harmless the second time. */
  close(): void;
}

/** Opens a socket of the host. (Deno's own is not stable yet; Node's is.)
 *
 * @throws {Error} when the address or port cannot be had.
 */
export function openHostPort(hostname: string, port: number): Promise<DatagramPort> {
  const socket = createSocket(hostname.includes(":") ? "udp6" : "udp4");
  return new Promise((resolve, reject) => {
    socket.once("error", (error) => {
      socket.close();
      reject(new Error(`Cannot listen on ${hostname} UDP port ${port}: ${error.message}`));
    });
    socket.bind(port, hostname, () => {
      socket.removeAllListeners("error");
      socket.on("error", () => {}); // an ICMP error about a datagram is no failure of the socket
      let isOpen = true;
      const bound = socket.address();
      const opened: DatagramPort = {
        addr: { hostname: bound.address, port: bound.port },
        onReceive: undefined,
        send: (data, to) => {
          if (isOpen) socket.send(data, to.port, to.hostname);
        },
        close: () => {
          if (isOpen) socket.close();
          isOpen = false;
        },
      };
      socket.on("message", (data, from) => {
        opened.onReceive?.(new Uint8Array(data), { hostname: from.address, port: from.port });
      });
      resolve(opened);
    });
  });
}

/** Opens a socket of the stack.
 *
 * @param port 0: an ephemeral one.
 */
export function openStackPort(stack: Stack, port: number): DatagramPort {
  const conn = stack.listenDatagram({ port, transport: "udp" });
  const opened: DatagramPort = {
    addr: conn.addr,
    onReceive: undefined,
    send: (data, to) => {
      conn.send(data, { transport: "udp", ...to }).catch(() => {});
    },
    close: () => conn.close(),
  };
  const receive = async (): Promise<void> => {
    for await (const [data, from] of conn) {
      opened.onReceive?.(data, { hostname: from.hostname, port: from.port });
    }
  };
  receive().catch(() => {});
  return opened;
}

/** Options of a {@linkcode DatagramForwarder}. */
export interface DatagramForwarderOptions {
  /** Where clients send to. */
  readonly near: DatagramPort;
  /** Opens a socket for one client. */
  readonly openFar: () => Promise<DatagramPort> | DatagramPort;
  /** Where their datagrams go. */
  readonly target: DatagramPeer;
  /** Default {@linkcode MAX_DATAGRAM_CLIENTS}. */
  readonly maxClients?: number;
  /** Default {@linkcode DATAGRAM_IDLE_MS}. */
  readonly idleMs?: number;
  /** A client was seen for the first time. */
  readonly onClient?: (client: DatagramPeer) => void;
}

interface Client {
  readonly peer: DatagramPeer;
  readonly far: DatagramPort;
  lastAt: number;
}

/** Gives each client a socket of its own towards the target, so that answers find back. */
export class DatagramForwarder {
  /** Datagrams that were lost because there were too many clients. */
  dropped: number = 0;
  readonly #options: DatagramForwarderOptions;
  readonly #clients: Map<string, Client> = new Map();
  readonly #opening: Set<string> = new Set();
  readonly #timer: ReturnType<typeof setInterval>;
  #isClosed = false;

  /** Begins. */
  constructor(options: DatagramForwarderOptions) {
    this.#options = options;
    const idleMs = options.idleMs ?? DATAGRAM_IDLE_MS;
    this.#timer = setInterval(() => this.#expire(idleMs), Math.max(10, idleMs / 4));
    options.near.onReceive = (data, from) => void this.#fromClient(data, from);
  }

  /** Clients that are remembered. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** Ends it, and closes all sockets. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#options.near.close();
    for (const { far } of this.#clients.values()) far.close();
    this.#clients.clear();
  }

  async #fromClient(data: Uint8Array, peer: DatagramPeer): Promise<void> {
    const { near, openFar, target, maxClients = MAX_DATAGRAM_CLIENTS, onClient } = this.#options;
    const key = `${peer.hostname} ${peer.port}`;
    let client = this.#clients.get(key);
    if (client === undefined) {
      const isFull = this.#clients.size + this.#opening.size >= maxClients;
      if (isFull || this.#opening.has(key)) {
        this.dropped++;
        return;
      }
      this.#opening.add(key);
      let far: DatagramPort;
      try {
        far = await openFar();
      } catch {
        this.dropped++;
        return;
      } finally {
        this.#opening.delete(key);
      }
      if (this.#isClosed) return far.close();
      const made: Client = { peer, far, lastAt: performance.now() };
      far.onReceive = (answer) => {
        made.lastAt = performance.now();
        near.send(answer, peer);
      };
      this.#clients.set(key, made);
      client = made;
      onClient?.(peer);
    }
    client.lastAt = performance.now();
    client.far.send(data, target);
  }

  #expire(idleMs: number): void {
    const before = performance.now() - idleMs;
    for (const [key, { far, lastAt }] of this.#clients) {
      if (lastAt > before) continue;
      far.close();
      this.#clients.delete(key);
    }
  }
}
