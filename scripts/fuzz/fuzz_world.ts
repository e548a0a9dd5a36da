/** {@linkcode FuzzWorld}: a full host with everything open, a peer which keeps it busy, and a way to slip bad frames in.
 *
 * @module
 */
import { Netif } from "@lightwire/netif";
import { createLink, type SimDriver, Simulation } from "@lightwire/netif/sim";
import { type IpAddress, IpLayer, type IpOptions, ipv4 } from "@lightwire/ip";
import { type Pbuf, PbufPool } from "@lightwire/pbuf";
import { type TcpConnection, type TcpHandlers, TcpLayer, type TcpListener } from "@lightwire/tcp";
import { type UdpEndpoint, UdpLayer } from "@lightwire/udp";
import { DhcpClient } from "@lightwire/dhcp";
import { StubResolver } from "@lightwire/dns";
import type { Draw } from "../sim/draw.ts";
import { TARGET } from "./mutator.ts";
import { serveDhcp, serveDns } from "./responders.ts";

/** Frames of either host that are remembered to be mutated. */
const RECENT_FRAMES = 64;
/** Memory of both hosts: small enough to run out now and then. */
const POOL_CLASSES = [
  { slotBytes: 256, slots: 2048 },
  { slotBytes: 2560, slots: 2048 },
  { slotBytes: 67584, slots: 16 },
];
const ECHO_PORT = 7;
const HTTP_PORT = 80;
const GROUP = ipv4(0xef010203);

/** One host of a {@linkcode FuzzWorld}. */
export interface FuzzHost {
  /** Its interface. */
  readonly netif: Netif;
  /** Its IP layer. */
  readonly ip: IpLayer;
  /** Its UDP layer. */
  readonly udp: UdpLayer;
  /** Its TCP layer. */
  readonly tcp: TcpLayer;
}

/** The world. */
export class FuzzWorld {
  /** Time, chance and memory. */
  readonly sim: Simulation;
  /** Who gets the bad frames. */
  readonly target: FuzzHost;
  /** Who talks with it properly. */
  readonly peer: FuzzHost;
  /** The last frames on the wire, in no particular order. */
  readonly recent: Uint8Array[] = [];
  /** A DHCP client of the target's, served by the peer. */
  readonly dhcp: DhcpClient;
  /** A resolver of the target's, served by the peer. */
  readonly dns: StubResolver;
  readonly #draw: Draw;
  readonly #ports: UdpEndpoint[] = [];
  readonly #listeners: TcpListener[] = [];
  readonly #connections = new Set<TcpConnection>();
  #recentAt = 0;

  /** Both hosts are up and talk. */
  constructor(seed: string, draw: Draw) {
    this.#draw = draw;
    this.sim = new Simulation({ seed, pool: new PbufPool(POOL_CLASSES) });
    const [targetDriver, peerDriver] = createLink(this.sim, {
      medium: "ethernet",
      macA: TARGET.mac,
      macB: TARGET.peerMac,
      aToB: { delayMs: 1, lossRate: 0.05, reorderRate: 0.05, reorderByMs: 3 },
      bToA: { delayMs: 1, lossRate: 0.05, reorderRate: 0.05, reorderByMs: 3 },
      onTransmit: (p) => this.#remember(p),
    });
    this.target = this.#createHost("target", targetDriver, ipv4(TARGET.address));
    this.peer = this.#createHost("peer", peerDriver, ipv4(TARGET.peerAddress));
    for (const host of [this.target, this.peer]) this.#openServices(host);
    const peerAddress = ipv4(TARGET.peerAddress);
    serveDhcp(this.peer.udp, this.peer.netif, peerAddress, draw);
    serveDns(this.peer.udp, draw);
    const { udp, ip, netif } = this.target;
    const host = this.sim.host("target");
    this.dhcp = new DhcpClient({ udp, ip, netif, host });
    this.dns = new StubResolver({ udp, host, options: { servers: [peerAddress] } });
    this.activity();
    this.sim.advance(100);
  }

  /** Hands one frame to the target. Now and then memory is short while it is dealt with.
   *
   * @returns false when there was no buffer for it, as with a real driver. */
  inject(frame: Uint8Array): boolean {
    const { pool } = this.sim;
    const p = pool.acquire(frame.length);
    if (p === undefined) return false;
    p.bytes.set(frame, p.start);
    if (this.#draw.chance(0.03)) pool.failAfter(this.#draw.int(0, 3));
    this.target.netif.linkInput(p);
    if (this.#draw.chance(0.3)) this.target.netif.inputBatchEnd();
    pool.failAfter(-1);
    return true;
  }

  /** Ends the batch of frames injected. */
  endBatch(): void {
    this.target.netif.inputBatchEnd();
  }

  /** Frames that the two hosts have sent. */
  get goodFrames(): number {
    return this.#recentAt;
  }

  /** Lets the hosts do something worth disturbing: transfers both ways, datagrams, connections come and go. */
  activity(): void {
    const draw = this.#draw;
    for (const connection of this.#connections) {
      const what = draw.unit();
      if (what < 0.05) connection.abort();
      else if (what < 0.1) connection.close();
      else this.#send(connection, draw.intMagnitude(1, 8000));
    }
    while (this.#connections.size < 6) {
      const [from, to] = draw.chance(0.5) ? [this.target, TARGET.peerAddress] : [this.peer, TARGET.address];
      const connection = from.tcp.connect(
        { remoteAddress: ipv4(to), remotePort: HTTP_PORT },
        this.#handlers(false),
      );
      this.#connections.add(connection);
    }
    for (const endpoint of this.#ports) {
      if (!draw.chance(0.2)) continue;
      const to = ipv4(endpoint === this.#ports[0] ? TARGET.peerAddress : TARGET.address);
      endpoint.sendTo(draw.bytes(draw.pick([0, 1, 100, 1472, 1473, 4000])), to, ECHO_PORT);
    }
    if (!this.dhcp.isRunning) this.dhcp.start();
    else if (draw.chance(0.1)) draw.chance(0.5) ? this.dhcp.stop() : this.dhcp.renew();
    const name = `host${draw.int(0, 999)}.example`;
    this.dns.resolve(
      name,
      draw.pick(["A", "AAAA", "PTR", "MX", "TXT", "SRV", "CNAME", "NS", "SOA"]),
      () => {},
    );
    this.target.ip.flush();
    this.peer.ip.flush();
  }

  /** Whether the target still does what it is there for: lets half-open connections die, then connects to it and has octets
   * sent back. */
  stillServes(): boolean {
    this.endBatch();
    this.sim.advance(150_000);
    let received = 0;
    const connection = this.peer.tcp.connect(
      { remoteAddress: ipv4(TARGET.address), remotePort: HTTP_PORT },
      {
        connected: (c) => this.#send(c, 1000),
        readable: (c) => received += c.read(new Uint8Array(4096)),
      },
    );
    // A neighbour cache that was told lies needs its time to find out.
    const isServed = this.sim.runUntil(() => received >= 1000, 600_000);
    connection.close();
    return isServed;
  }

  /** Ends everything, lets time pass, and says how many pbufs are left then. */
  close(): number {
    this.endBatch();
    this.dhcp.stop();
    this.dns.close();
    for (const connection of this.#connections) connection.abort();
    for (const host of [this.target, this.peer]) {
      for (const connection of [...host.tcp.connections()]) connection.abort();
    }
    for (const endpoint of this.#ports) endpoint.close();
    for (const listener of this.#listeners) listener.close();
    this.sim.advance(600_000);
    for (const host of [this.target, this.peer]) host.ip.removeNetif(host.netif);
    this.sim.close();
    return this.sim.pool.inUse;
  }

  #createHost(name: string, driver: SimDriver, address: IpAddress): FuzzHost {
    const host = this.sim.host(name);
    const netif = new Netif(driver, { name: "en0", index: 1 });
    const ip = new IpLayer(host, this.#drawIpOptions());
    ip.addNetif(netif);
    netif.setUp();
    ip.addAddress(netif, address, 24);
    ip.joinGroup(netif, GROUP);
    netif.promiscuous = this.#draw.chance(0.2);
    const udp = new UdpLayer(ip, host, { isPortQuiet: (port) => port % 2 === 1 });
    const tcp = new TcpLayer(ip, host, {
      mslMs: 1000,
      receiveBufferBytes: 32_768,
      sendBufferBytes: 32_768,
      maxConnections: 64,
      timestamps: this.#draw.chance(0.7),
      sack: this.#draw.chance(0.7),
      windowScaling: this.#draw.chance(0.7),
    });
    for (const protocol of [udp, udp.lite, tcp]) ip.registerProtocol(protocol);
    const flush = this.sim.timers.create(() => tcp.flush());
    tcp.onFlushNeeded = () => {
      if (!flush.isArmed) flush.start(0);
    };
    return { netif, ip, udp, tcp };
  }

  #drawIpOptions(): IpOptions {
    const draw = this.#draw;
    return {
      forwarding: draw.chance(0.3),
      forwardBackOut: draw.chance(0.5),
      ipOptions: draw.chance(0.8) ? "accept" : "drop",
      recordRoute: draw.chance(0.5),
      sourceRoute: draw.chance(0.5) ? "refuse" : "accept-final",
      broadcastPing: draw.chance(0.5),
      multicastPing: draw.chance(0.5),
      timestampReply: draw.chance(0.5),
      acceptRedirects: draw.chance(0.5),
      sendRedirects: draw.chance(0.5),
    };
  }

  #openServices({ udp, tcp }: FuzzHost): void {
    for (const lite of [false, true]) {
      // Two of a port, so that broadcasts are copied.
      udp.open({ localPort: ECHO_PORT, lite, reuseAddress: true, onReceive: (p) => p.release() });
      const endpoint = udp.open({ localPort: ECHO_PORT, lite, reuseAddress: true, allowBroadcast: true });
      endpoint.onReceive = (p, { source, sourcePort }) => {
        // Never answered from an echo port, or the two hosts would echo for ever.
        if (sourcePort === ECHO_PORT || sourcePort === 0 || source.isMulticast) p.release();
        else endpoint.sendPbufTo(p, source, sourcePort);
      };
    }
    this.#ports.push(udp.open({ onReceive: (p) => p.release() }));
    this.#listeners.push(tcp.listen({ port: HTTP_PORT, backlog: 16 }, () => this.#handlers(true)));
  }

  #handlers(echoes: boolean): TcpHandlers {
    const buffer = new Uint8Array(4096);
    return {
      connected: (connection) => this.#send(connection, 100),
      readable: (connection) => {
        for (let length = connection.read(buffer); length > 0; length = connection.read(buffer)) {
          if (echoes && connection.sendSpace > 0) this.#sendBytes(connection, buffer, length);
        }
        if (connection.isReadEof) connection.close();
      },
      closed: (connection) => this.#connections.delete(connection),
    };
  }

  #send(connection: TcpConnection, length: number): void {
    this.#sendBytes(connection, this.#draw.bytes(length), length);
  }

  #sendBytes(connection: TcpConnection, bytes: Uint8Array, length: number): void {
    const { state } = connection;
    if (state === "ESTABLISHED" || state === "CLOSE-WAIT") connection.send(bytes, 0, length);
  }

  #remember(p: Pbuf): void {
    const frame = new Uint8Array(p.totalLength);
    let at = 0;
    for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
      frame.set(node.bytes.subarray(node.start, node.end), at);
      at += node.end - node.start;
    }
    this.recent[this.#recentAt++ % RECENT_FRAMES] = frame;
  }
}
