/** {@linkcode PppLine}: two whole stacks at the ends of a bad serial line, with PPP between them.
 *
 * @module
 */
import { Netif } from "@lightwire/netif";
import { Simulation } from "@lightwire/netif/sim";
import { IpLayer, ipv4 } from "@lightwire/ip";
import { FaultPort, type LineFaults, type PppEnd, PppLink, type PppLinkOptions } from "@lightwire/ppp";
import { SimulatedCable } from "@lightwire/ppp/sim";
import { TcpLayer } from "@lightwire/tcp";
import { Draw } from "./draw.ts";
import type { EndParameters } from "./swarm_parameters.ts";
import { TransferEnd } from "./transfer_end.ts";

const PORT = 7000;
const CALLER = ipv4(0x0a000002);
const ANSWERER = ipv4(0x0a000001);
const PARAMETERS: Omit<EndParameters, "sendBytes"> = {
  writeMax: 4000,
  thinkMs: 0,
  readMax: 4000,
  readsPbufs: false,
  pauseRate: 0,
  pauseMs: 0,
  closes: "when-sent",
  abortsAt: -1,
};

/** Options of {@linkcode PppLine}. */
export interface PppLineOptions {
  /** The seed of everything. */
  readonly seed: number | string;
  /** Speed of the line, in bits per second; default 115200. */
  readonly baud?: number;
  /** What the line does to the octets, the same in both directions. */
  readonly faults: LineFaults;
  /** What is special about both links. */
  readonly link?: PppLinkOptions;
}

/** One side of the line. */
export interface PppLineEnd {
  /** Its link. */
  readonly link: PppLink;
  /** Its TCP. */
  readonly tcp: TcpLayer;
  /** Why sessions have ended, so far. */
  readonly ends: PppEnd[];
}

/** Two stacks, each over its own link, fault port and end of a cable. Time and octets are those of a real line. */
export class PppLine {
  /** Time, chance and memory. */
  readonly sim: Simulation;
  /** Who dials. */
  readonly caller: PppLineEnd;
  /** Who answers, and gives the other its address. */
  readonly answerer: PppLineEnd;
  readonly #transfers: TransferEnd[] = [];

  /** Both links are started, and nothing has passed yet. */
  constructor(options: PppLineOptions) {
    const { seed, baud = 115200, faults, link = {} } = options;
    const sim = new Simulation({ seed });
    const cable = new SimulatedCable({ timers: sim.timers, random: sim.random("cable"), computerBaud: baud });
    // Each end spoils what it sends: so each direction is spoilt once.
    const fault = { outbound: faults, clock: sim.clock };
    const computer = new FaultPort(cable.computer, { ...fault, random: sim.random("faults to modem") });
    const modem = new FaultPort(cable.modem, { ...fault, random: sim.random("faults to computer") });
    this.sim = sim;
    const ipcp = { localAddress: ANSWERER, peerAddress: CALLER, isPeerAddressFixed: true };
    this.answerer = createEnd(sim, "answerer", modem, { ...link, ipcp });
    this.caller = createEnd(sim, "caller", computer, link);
    this.answerer.link.start();
    this.caller.link.start();
  }

  /** Whether IP flows on both sides. */
  get isUp(): boolean {
    return this.caller.link.session.isNetworkUp && this.answerer.link.session.isNetworkUp;
  }

  /** Whether a session has ended, on either side. */
  get hasEnded(): boolean {
    return this.caller.ends.length > 0 || this.answerer.ends.length > 0;
  }

  /** Begins to move `bytes` octets each way over one connection. */
  transfer(bytes: number): [TransferEnd, TransferEnd] {
    const { sim } = this;
    const draw = new Draw(sim.random("data"));
    const [up, down] = [draw.bytes(bytes), draw.bytes(bytes)];
    const parameters: EndParameters = { ...PARAMETERS, sendBytes: bytes };
    const client = new TransferEnd(sim, new Draw(sim.random("client")), up, down, parameters);
    const server = new TransferEnd(sim, new Draw(sim.random("server")), down, up, parameters);
    this.answerer.tcp.listen({ port: PORT }, (connection) => {
      server.connected(connection);
      return server;
    });
    client.connection = this.caller.tcp.connect({ remoteAddress: ANSWERER, remotePort: PORT }, client);
    this.#transfers.push(client, server);
    return [client, server];
  }

  /** Connections are aborted, both links are closed, and everything is released. */
  close(): void {
    for (const end of this.#transfers) if (!end.isClosed) end.connection?.abort();
    for (const { link } of [this.caller, this.answerer]) link.close();
    this.sim.close();
  }
}

function createEnd(sim: Simulation, name: string, port: FaultPort, options: PppLinkOptions): PppLineEnd {
  const host = sim.host(name);
  const ends: PppEnd[] = [];
  const ip = new IpLayer(host);
  let hasAddress = false;
  const link: PppLink = new PppLink(host, port, options, {
    up({ ipv4: agreed, mtu }) {
      netif.setMtu(mtu);
      // A lost Configure-Ack makes the peer ask again, and both open a second time, with the same address.
      if (hasAddress) return;
      hasAddress = true;
      ip.addAddress(netif, agreed!.localAddress, 24);
    },
    ended: (end) => void ends.push(end),
  });
  const netif: Netif = new Netif(link, { name: "pp0", index: 1 });
  ip.addNetif(netif);
  netif.setUp();
  const tcp = new TcpLayer(ip, host);
  ip.registerProtocol(tcp);
  const flush = sim.timers.create(() => tcp.flush());
  tcp.onFlushNeeded = () => {
    if (!flush.isArmed) flush.start(0);
  };
  return { link, tcp, ends };
}
