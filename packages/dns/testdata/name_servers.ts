/** A resolver and name servers on one simulated Ethernet. For tests. */
import { copyTo } from "@lightwire/pbuf";
import { Netif } from "@lightwire/netif";
import { createSwitch, Simulation } from "@lightwire/netif/sim";
import { type IpAddress, IpLayer, parseIpAddressOrThrow } from "@lightwire/ip";
import { type UdpEndpoint, UdpLayer } from "@lightwire/udp";
import {
  type DnsMessage,
  dnsRecord,
  type DnsRecord,
  type DnsRecordData,
  dnsResponse,
  type DnsResult,
  type DnsStreamConnector,
  emitDnsMessage,
  formatDnsRecord,
  parseDnsMessage,
  StubResolver,
  type StubResolverOptions,
} from "../mod.ts";

/** An address. */
export const address = (text: string): IpAddress => parseIpAddressOrThrow(text);

/** A record of 60 seconds, or as told. */
export function record(name: string, type: DnsRecordData["type"], data: unknown, ttl = 60): DnsRecord {
  return dnsRecord(name, ttl, { type, data } as Parameters<typeof dnsRecord>[2]);
}

/** A SOA record: for the lack of others, `minimum` seconds. */
export function soa(zone: string, minimum: number): DnsRecord {
  const times = { serial: 1, refresh: 2, retry: 3, expire: 4, minimum };
  return record(zone, "SOA", { mname: `ns.${zone}`, rname: `root.${zone}`, ...times }, 3600);
}

/** A query as a server saw it. */
export interface SeenQuery {
  readonly at: number;
  readonly message: DnsMessage;
  readonly port: number;
}

/** What a server does with a query: answer, be silent, or send octets as they are. */
export type Script = (query: DnsMessage, server: TestServer) => Partial<DnsMessage> | Uint8Array | undefined;

/** A server that does as told. */
export class TestServer {
  readonly seen: SeenQuery[] = [];
  readonly address: IpAddress;
  readonly udp: UdpLayer;
  readonly endpoint: UdpEndpoint;
  script: Script;

  constructor(sim: Simulation, udp: UdpLayer, own: IpAddress, script: Script) {
    this.address = own;
    this.udp = udp;
    this.script = script;
    this.endpoint = udp.open({ localPort: 53 });
    this.endpoint.onReceive = (p, info) => {
      const bytes = new Uint8Array(p.totalLength);
      copyTo(p, bytes);
      p.release();
      const message = parseDnsMessage(bytes);
      if (typeof message === "string") throw new Error(message);
      this.seen.push({ at: sim.clock.now(), message, port: info.sourcePort });
      const answer = this.script(message, this);
      if (answer === undefined) return;
      const reply = answer instanceof Uint8Array ? answer : emitDnsMessage(dnsResponse(message, answer));
      this.endpoint.sendTo(reply, info.source, info.sourcePort);
    };
  }

  get names(): string[] {
    return this.seen.map((s) => s.message.questions[0]!.name);
  }
}

/** The world of a test. */
export class World {
  readonly sim: Simulation;
  readonly servers: TestServer[];
  readonly resolver: StubResolver;

  constructor(
    scripts: readonly Script[],
    options: StubResolverOptions = {},
    connectTcp?: DnsStreamConnector,
  ) {
    this.sim = new Simulation({ seed: 1 });
    const ports = Array.from({ length: scripts.length + 1 }, () => ({}));
    const layers = createSwitch(this.sim, ports, { mtu: 1500 }).drivers.map((driver, i) => {
      const host = this.sim.host(`h${i + 1}`);
      const ip = new IpLayer(host);
      const udp = new UdpLayer(ip, host);
      ip.registerProtocol(udp);
      const netif = new Netif(driver, { name: "en0", index: 1 });
      ip.addNetif(netif);
      netif.setUp();
      ip.addAddress(netif, address(`10.0.0.${i + 1}`), 24);
      return { host, udp };
    });
    const [own, ...others] = layers;
    this.servers = others.map(({ udp }, i) => {
      return new TestServer(this.sim, udp, address(`10.0.0.${i + 2}`), scripts[i]!);
    });
    this.resolver = new StubResolver({
      udp: own!.udp,
      host: own!.host,
      options: { servers: this.servers.map((s) => s.address), ...options },
      ...(connectTcp === undefined ? {} : { connectTcp }),
    });
  }

  /** Asks, and lets time pass until there is a result. */
  resolve(...[name, type, options]: [string, "A"?, object?]): DnsResult {
    let result: DnsResult | undefined;
    this.resolver.resolve(name, type ?? "A", (r) => result = r, options ?? {});
    if (result !== undefined) throw new Error("called back too early");
    if (!this.sim.runUntil(() => result !== undefined, 120_000)) throw new Error("no result");
    return result!;
  }

  /** Lets everything end, and says what is left of packets. */
  [Symbol.dispose](): void {
    this.resolver.close();
    this.sim.runUntilIdle(600_000);
    const left = this.sim.pool.inUse;
    this.sim.close();
    if (left !== 0) throw new Error(`${left} packets are left`);
  }
}

/** A result on one line. */
export function brief(result: DnsResult): string {
  if (!result.isOk) return `${result.reason} ${result.name}`;
  return [...result.aliases, ...result.records].map(formatDnsRecord).join("; ");
}
