/** A client on a simulated LAN, and a port 67 that the test speaks for. For tests. */
import { copyTo } from "@lightwire/pbuf";
import { Netif, NetError } from "@lightwire/netif";
import { createSwitch, Simulation } from "@lightwire/netif/sim";
import { type IpAddress, IpLayer, IPV4_ANY, IPV4_BROADCAST, parseIpAddressOrThrow } from "@lightwire/ip";
import { UdpLayer } from "@lightwire/udp";
import {
  BOOTREPLY,
  DHCP_MESSAGE_TYPES,
  DHCP_OPTION,
  DhcpClient,
  type DhcpClientOptions,
  type DhcpEvent,
  type DhcpMessage,
  type DhcpMessageType,
  dhcpMessageType,
  DhcpOptions,
  emitDhcpMessage,
  parseDhcpMessage,
} from "../mod.ts";

export const address = parseIpAddressOrThrow;
export const SERVER = address("10.0.0.1");
export const OFFERED = address("10.0.0.50");

/** A message from the client, when it came and from where. */
export interface Heard {
  readonly at: number;
  readonly type: DhcpMessageType;
  readonly message: DhcpMessage;
  readonly source: string;
  readonly destination: string;
}

/** One LAN with a client under test. */
export class DhcpWorld {
  readonly sim: Simulation;
  readonly ip: IpLayer;
  readonly udp: UdpLayer;
  readonly netif: Netif;
  readonly serverIp: IpLayer;
  readonly serverUdp: UdpLayer;
  readonly client: DhcpClient;
  readonly heard: Heard[] = [];
  readonly events: DhcpEvent[] = [];
  /** What the server does by itself with each message. */
  onMessage: ((heard: Heard) => void) | undefined;
  /** Applies leases as a host would. */
  appliesLeases = true;
  readonly #server;

  constructor(options: DhcpClientOptions = {}, o: { seed?: number; mtu?: number } = {}) {
    this.sim = new Simulation({ seed: o.seed ?? 1 });
    const lan = createSwitch(this.sim, 2);
    const serverHost = this.sim.host("server");
    this.serverIp = new IpLayer(serverHost);
    this.serverUdp = new UdpLayer(this.serverIp, serverHost);
    this.serverIp.registerProtocol(this.serverUdp);
    const serverNetif = new Netif(lan.drivers[0]!, { name: "en0", index: 1 });
    this.serverIp.addNetif(serverNetif);
    serverNetif.setUp();
    this.serverIp.addAddress(serverNetif, SERVER, 24);
    this.#server = this.serverUdp.open({
      localPort: 67,
      allowBroadcast: true,
      onReceive: (p, info) => {
        const bytes = new Uint8Array(p.totalLength);
        copyTo(p, bytes);
        p.release();
        const message = parseDhcpMessage(bytes);
        if (typeof message === "string") throw new Error(`The client sent a message that is ${message}`);
        const heard: Heard = {
          at: this.sim.clock.now(),
          type: dhcpMessageType(message)!,
          message,
          source: info.source.toString(),
          destination: info.destination.toString(),
        };
        this.heard.push(heard);
        this.onMessage?.(heard);
      },
    });

    const host = this.sim.host("client");
    this.ip = new IpLayer(host);
    this.udp = new UdpLayer(this.ip, host);
    this.ip.registerProtocol(this.udp);
    this.netif = new Netif(lan.drivers[1]!, { name: "en0", index: 1, mtu: o.mtu });
    this.ip.addNetif(this.netif);
    this.netif.setUp();
    this.client = new DhcpClient({
      udp: this.udp,
      ip: this.ip,
      netif: this.netif,
      host,
      options: {
        ...options,
        onEvent: (e) => {
          this.events.push(e);
          if (this.appliesLeases) this.#apply(e);
          options.onEvent?.(e);
        },
      },
    });
  }

  /** Types of what the client sent, with times: `"DISCOVER 0"`. */
  get said(): string[] {
    return this.heard.map((h) => `${h.type} ${Math.round(h.at / 100) / 10}`);
  }

  /** Types of the events other than changes of state. */
  get told(): string[] {
    return this.events.filter((e) => e.type !== "state").map((e) => e.type);
  }

  /** The states that were entered. */
  get states(): string[] {
    return this.events.flatMap((e) => e.type === "state" ? [e.state] : []);
  }

  /** Answers a message: to the client's own address where it has one, else by broadcast. */
  reply(
    type: DhcpMessageType,
    to: Heard,
    o: { yiaddr?: IpAddress; server?: IpAddress | undefined; edit?: (options: DhcpOptions) => void; xid?: number; chaddr?: Uint8Array } = {},
  ): void {
    const options = new DhcpOptions().setUint8(DHCP_OPTION.MESSAGE_TYPE, DHCP_MESSAGE_TYPES.indexOf(type));
    const server = "server" in o ? o.server : SERVER;
    if (server !== undefined) options.setAddresses(DHCP_OPTION.SERVER_ID, server);
    if (type !== "NAK") {
      options.setUint32(DHCP_OPTION.LEASE_TIME, 3600);
      options.setUint32(DHCP_OPTION.SUBNET_MASK, 0xffffff00);
      options.setAddresses(DHCP_OPTION.ROUTER, SERVER);
      options.setAddresses(DHCP_OPTION.DOMAIN_NAME_SERVER, SERVER);
    }
    o.edit?.(options);
    const { message } = to;
    const code = this.#server.sendTo(
      emitDhcpMessage({
        ...message,
        op: BOOTREPLY,
        xid: o.xid ?? message.xid,
        chaddr: o.chaddr ?? message.chaddr,
        yiaddr: type === "NAK" ? IPV4_ANY : o.yiaddr ?? OFFERED,
        options,
      }),
      message.ciaddr.isUnspecified ? IPV4_BROADCAST : message.ciaddr,
      68,
    );
    if (code !== undefined) throw new NetError(code, "The server cannot answer");
  }

  /** Sends bytes of any kind to port 68. */
  replyRaw(bytes: Uint8Array): void {
    this.#server.sendTo(bytes, IPV4_BROADCAST, 68);
  }

  /** From now on, a server that offers and grants `OFFERED`. */
  serve(edit?: (options: DhcpOptions) => void): void {
    this.onMessage = (heard) => {
      if (heard.type === "DISCOVER") this.reply("OFFER", heard, { edit });
      else if (heard.type === "REQUEST") this.reply("ACK", heard, { edit });
    };
  }

  /** Starts the client with a willing server, until it is bound. */
  bind(edit?: (options: DhcpOptions) => void): void {
    this.serve(edit);
    this.client.start();
    if (!this.sim.runUntil(() => this.client.state === "BOUND", 30_000)) {
      throw new Error(`The client is in ${this.client.state}`);
    }
    this.onMessage = undefined;
    this.heard.length = 0;
    this.events.length = 0;
  }

  /** Ends the world, and says how many buffers are lost. */
  end(): number {
    this.client.stop();
    this.sim.runUntilIdle(60_000);
    const lost = this.sim.pool.inUse;
    this.sim.close();
    return lost;
  }

  #apply(e: DhcpEvent): void {
    if (e.type === "bound") {
      this.ip.addAddress(this.netif, e.lease.address, e.lease.prefixLength);
    } else if (e.type !== "renewed" && "lease" in e && e.lease !== undefined) {
      this.ip.removeAddress(this.netif, e.lease.address);
    }
  }
}
