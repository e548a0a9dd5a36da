/** Two hosts with TCP on a simulated link, for tests.
 *
 * @module
 */
import { type IpAddress, IpLayer, ipv4 } from "@lightwire/ip";
import { type NetError, Netif } from "@lightwire/netif";
import {
  createLink,
  type LinkFaults,
  type SimLink,
  type SimLinkOptions,
  Simulation,
} from "@lightwire/netif/sim";
import type { PbufPool } from "@lightwire/pbuf";
import { assertEquals } from "@std/assert";
import type { TcpConnection, TcpHandlers } from "../connection.ts";
import type { TcpOptions } from "../tcp_config.ts";
import { TcpLayer } from "../tcp_layer.ts";

/** Options of {@linkcode TwoHosts}. */
export interface TwoHostsOptions {
  readonly seed?: number | string;
  readonly a?: TcpOptions;
  readonly b?: TcpOptions;
  readonly aToB?: LinkFaults;
  readonly bToA?: LinkFaults;
  readonly link?: Partial<SimLinkOptions>;
  readonly pool?: PbufPool;
}

/** One of the hosts. */
export interface Host {
  readonly ip: IpLayer;
  readonly tcp: TcpLayer;
  readonly netif: Netif;
  readonly address: IpAddress;
}

/** Host A at 10.0.0.1, host B at 10.0.0.2. */
export class TwoHosts {
  readonly sim: Simulation;
  readonly a: Host;
  readonly b: Host;
  readonly link: SimLink;

  constructor(options: TwoHostsOptions = {}) {
    this.sim = new Simulation({ seed: options.seed ?? 1, pool: options.pool });
    const [driverA, driverB, link] = createLink(this.sim, {
      ...options.link,
      aToB: options.aToB ?? { delayMs: 1 },
      bToA: options.bToA ?? { delayMs: 1 },
    });
    this.link = link;
    this.a = this.#host("a", driverA, ipv4(0x0a000001), options.a);
    this.b = this.#host("b", driverB, ipv4(0x0a000002), options.b);
  }

  #host(
    name: string,
    driver: ConstructorParameters<typeof Netif>[0],
    address: IpAddress,
    o?: TcpOptions,
  ): Host {
    const host = this.sim.host(name);
    const netif = new Netif(driver, { name: "en0", index: 1 });
    const ip = new IpLayer(host);
    ip.addNetif(netif);
    netif.setUp();
    ip.addAddress(netif, address, 24);
    const tcp = new TcpLayer(ip, host, o);
    ip.registerProtocol(tcp);
    return { ip, tcp, netif, address };
  }

  /** Both layers send and tell what waits. */
  flush(): void {
    this.a.tcp.flush();
    this.b.tcp.flush();
  }

  /** Lets time pass, flushing first. */
  advance(ms: number): void {
    this.flush();
    this.sim.advance(ms);
    this.flush();
  }

  /** Ends the simulation; nothing may be held any more. */
  close(): void {
    this.sim.close();
    assertEquals(this.sim.pool.inUse, 0, "every pbuf was released");
    for (const { tcp } of [this.a, this.b]) {
      const { unreadBytes, heldBytes } = tcp.reassembly;
      assertEquals([unreadBytes, heldBytes], [0, 0], "and what was held is accounted for");
    }
  }
}

/** What a {@linkcode Peer} has noted. */
export interface Notes {
  connected: number;
  closed: number;
  error: NetError | undefined;
  eof: boolean;
  urgent: number;
}

/** A user who keeps everything that comes, sends what he is told to, and closes when all is done. */
export class Peer implements TcpHandlers {
  readonly received: Uint8Array[] = [];
  receivedBytes = 0;
  readonly notes: Notes = { connected: 0, closed: 0, error: undefined, eof: false, urgent: 0 };
  connection: TcpConnection | undefined = undefined;
  /** Reading stops while this is set. */
  isPaused = false;
  /** Closes when the peer has, and everything was sent. */
  closesAtEof = true;
  /** FIN after the last octet. */
  finishes = true;
  #toSend: Uint8Array;
  #sent = 0;
  readonly #scratch = new Uint8Array(65536);

  constructor(toSend: Uint8Array = new Uint8Array(0)) {
    this.#toSend = toSend;
  }

  connected(c: TcpConnection): void {
    this.connection = c;
    this.notes.connected++;
    this.#push(c);
  }

  writable(c: TcpConnection): void {
    this.#push(c);
  }

  readable(c: TcpConnection): void {
    this.connection = c;
    if (this.isPaused) return;
    for (;;) {
      const n = c.read(this.#scratch);
      if (n === 0) break;
      this.received.push(this.#scratch.slice(0, n));
      this.receivedBytes += n;
    }
    if (c.isReadEof && !this.notes.eof) {
      this.notes.eof = true;
      if (this.closesAtEof && this.#sent === this.#toSend.length) c.close();
    }
  }

  urgent(): void {
    this.notes.urgent++;
  }

  closed(_c: TcpConnection, error: NetError | undefined): void {
    this.notes.closed++;
    this.notes.error = error;
  }

  /** Everything received, in one piece. */
  get data(): Uint8Array {
    const all = new Uint8Array(this.receivedBytes);
    let at = 0;
    for (const piece of this.received) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  #push(c: TcpConnection): void {
    while (this.#sent < this.#toSend.length) {
      const n = c.send(this.#toSend, this.#sent);
      if (n === 0) return;
      this.#sent += n;
    }
    if (!this.finishes) return;
    if (this.notes.eof && this.closesAtEof) c.close();
    else c.shutdownSend();
  }
}

/** Octets that differ from place to place. */
export function pattern(length: number, seed: number = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let x = seed;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    bytes[i] = x >>> 16;
  }
  return bytes;
}
