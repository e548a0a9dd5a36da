/** {@linkcode QuietHost}: a host that does nothing but listen, for frames that are wrong in one particular way.
 *
 * @module
 */
import { Netif } from "@lightwire/netif";
import { createLink, FrameRecorder, Simulation } from "@lightwire/netif/sim";
import { IpLayer, ipv4 } from "@lightwire/ip";
import { TcpLayer } from "@lightwire/tcp";
import { UdpLayer } from "@lightwire/udp";
import { addCounters } from "./accounts.ts";
import { mend, setLong, setWord } from "./frame_layout.ts";
import { TARGET } from "./mutator.ts";

/** The host of the golden frames: 10.0.0.1, 02:00:00:00:00:0a, with UDP and UDP-Lite port 7, TCP port 80. */
export class QuietHost {
  /** Time, chance, memory. */
  readonly sim: Simulation;
  /** What it sends. */
  readonly sent: FrameRecorder;
  /** Its interface. */
  readonly netif: Netif;
  /** Its IP layer. */
  readonly ip: IpLayer;
  /** Its UDP layer. */
  readonly udp: UdpLayer;
  /** Its TCP layer. */
  readonly tcp: TcpLayer;

  /** It is up, and knows its peer's station address. */
  constructor() {
    this.sim = new Simulation({ seed: 1 });
    const [driver, far] = createLink(this.sim, {
      medium: "ethernet",
      mtu: 9000,
      macA: TARGET.mac,
      macB: TARGET.peerMac,
    });
    this.sent = new FrameRecorder(this.sim.clock);
    far.attach(this.sent);
    const host = this.sim.host("target");
    this.netif = new Netif(driver, { name: "en0", index: 1 });
    this.netif.setMtu(1500);
    this.ip = new IpLayer(host, { announceAddresses: false });
    this.ip.addNetif(this.netif);
    this.netif.setUp();
    this.ip.addAddress(this.netif, ipv4(TARGET.address), 24);
    this.udp = new UdpLayer(this.ip, host);
    this.tcp = new TcpLayer(this.ip, host);
    for (const protocol of [this.udp, this.udp.lite, this.tcp]) this.ip.registerProtocol(protocol);
    for (const lite of [false, true]) {
      this.udp.open({ localPort: 7, lite, receiveCoverage: 8, onReceive: (p) => p.release() });
    }
    this.tcp.listen({ port: 80 }, () => ({ readable: (c) => c.read(new Uint8Array(65_536)) }));
    this.ip.neighbors.addStatic(this.netif, ipv4(TARGET.peerAddress), TARGET.peerMac);
  }

  /** Injects frames as one batch, lets a millisecond pass, and says which counters have moved, by name, and by how much. Nothing
   * of the frames may be left in memory. */
  inject(...frames: readonly Uint8Array[]): Map<string, number> {
    const before = this.#counters();
    this.sent.frames.length = 0;
    for (const frame of frames) {
      const p = this.sim.pool.acquire(frame.length)!;
      p.bytes.set(frame, p.start);
      this.netif.linkInput(p);
    }
    this.netif.inputBatchEnd();
    this.sim.advance(1);
    const moved = new Map<string, number>();
    for (const [name, value] of this.#counters()) {
      const by = value - (before.get(name) ?? 0);
      if (by !== 0) moved.set(name, by);
    }
    return moved;
  }

  #counters(): Map<string, number> {
    const totals = new Map<string, number>();
    addCounters(totals, this);
    return totals;
  }
}

/** An Ethernet frame from the peer to the target.
 *
 * @param payload what follows the EtherType.
 */
export function ethernetFrame(etherType: number, payload: ArrayLike<number>): Uint8Array {
  const frame = new Uint8Array(14 + payload.length);
  for (const [at, mac] of [[0, TARGET.mac], [6, TARGET.peerMac]] as const) {
    setWord(frame, at, Math.floor(mac / 2 ** 32));
    setLong(frame, at + 2, mac % 2 ** 32);
  }
  setWord(frame, 12, etherType);
  frame.set(payload, 14);
  return frame;
}

/** Fields of {@linkcode ipFrame} that differ from the usual. */
export interface IpFields {
  /** Sender, 32 bits. */
  readonly source?: number;
  /** Receiver, 32 bits. */
  readonly destination?: number;
  /** Identification. */
  readonly id?: number;
  /** Flags and offset word. */
  readonly fragment?: number;
  /** TTL. */
  readonly ttl?: number;
  /** Options, a multiple of 4 bytes. */
  readonly options?: readonly number[];
}

/** A frame with an IPv4 packet from the peer to the target, lengths and checksums right, those of the transport too. */
export function ipFrame(protocol: number, payload: ArrayLike<number>, fields: IpFields = {}): Uint8Array {
  const options = fields.options ?? [];
  const packet = new Uint8Array(20 + options.length + payload.length);
  packet[0] = 0x45 + options.length / 4;
  setWord(packet, 4, fields.id ?? 1);
  setWord(packet, 6, fields.fragment ?? 0);
  packet[8] = fields.ttl ?? 64;
  packet[9] = protocol;
  setLong(packet, 12, fields.source ?? TARGET.peerAddress);
  setLong(packet, 16, fields.destination ?? TARGET.address);
  packet.set(options, 20);
  packet.set(payload, 20 + options.length);
  const frame = ethernetFrame(0x0800, packet);
  mend(frame);
  return frame;
}
