/** A client and time servers on one simulated Ethernet. For tests. */
import { copyTo } from "@lightwire/pbuf";
import { Netif } from "@lightwire/netif";
import { createSwitch, Simulation, type SwitchPort } from "@lightwire/netif/sim";
import { type IpAddress, IpLayer, parseIpAddressOrThrow } from "@lightwire/ip";
import { type UdpEndpoint, UdpLayer } from "@lightwire/udp";
import {
  emitNtpMessage,
  NTP_MODE,
  type NtpMessage,
  ntpFromUnixMs,
  ntpRequest,
  parseNtpMessage,
  type SntpFailure,
  type SntpHost,
  SntpQuery,
  type SntpQueryOptions,
  type SntpResult,
} from "../mod.ts";

/** An address. */
export const address = (text: string): IpAddress => parseIpAddressOrThrow(text);

/** What a server does with a request: change fields of the good reply, send octets as they are, or be silent. */
export type Script = (good: NtpMessage, server: TimeServer) => Partial<NtpMessage> | Uint8Array | undefined;

/** A request as a server saw it. */
export interface SeenRequest {
  readonly at: number;
  readonly message: NtpMessage;
  readonly bytes: Uint8Array;
  readonly source: IpAddress;
  readonly port: number;
}

/** The reference id of four characters. */
export function referenceId(text: string): number {
  return [...text.padEnd(4, "\0")].reduce((id, c) => id * 256 + c.charCodeAt(0), 0);
}

/** A kiss of death. */
export const kiss = (code: string): Partial<NtpMessage> => ({
  stratum: 0,
  leap: "unsynchronized",
  referenceId: referenceId(code),
});

/** A server that does as told. */
export class TimeServer {
  readonly address: IpAddress;
  readonly udp: UdpLayer;
  readonly seen: SeenRequest[] = [];
  readonly endpoint: UdpEndpoint;
  script: Script;

  constructor(world: World, udp: UdpLayer, own: IpAddress, script: Script) {
    this.address = own;
    this.udp = udp;
    this.script = script;
    this.endpoint = udp.open({ localPort: 123 });
    this.endpoint.onReceive = (p, { source, sourcePort }) => {
      const bytes = new Uint8Array(p.totalLength);
      copyTo(p, bytes);
      p.release();
      const message = parseNtpMessage(new DataView(bytes.buffer));
      if (typeof message === "string") throw new Error(message);
      this.seen.push({ at: world.sim.clock.now(), message, bytes, source, port: sourcePort });
      const now = ntpFromUnixMs(world.trueTime);
      const good: NtpMessage = {
        ...ntpRequest(now),
        mode: NTP_MODE.server,
        stratum: 1,
        precision: -20,
        referenceId: referenceId("GPS"),
        reference: ntpFromUnixMs(world.trueTime - 16_000),
        originate: message.transmit,
        receive: now,
      };
      const answer = this.script(good, this);
      if (answer === undefined) return;
      const reply = answer instanceof Uint8Array ? answer : emitNtpMessage({ ...good, ...answer });
      this.endpoint.sendTo(reply, source, sourcePort);
    };
  }
}

/** The world of a test: the client is 10.0.0.1, servers are 10.0.0.2 and on. It ends with every packet home. */
export class World {
  readonly sim: Simulation = new Simulation({ seed: 5 });
  readonly servers: TimeServer[];
  readonly udp: UdpLayer;
  readonly host: SntpHost;
  /** The right time when the simulation began. */
  epoch: number = Date.UTC(2026, 10, 24);
  /** How far the client's clock is off. */
  clientError: number = 0;

  constructor(scripts: readonly Script[], delayMs = 10) {
    const ports: SwitchPort[] = [{ toSwitch: { delayMs }, fromSwitch: { delayMs } }, ...scripts.map(() => ({}))];
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
    this.udp = own!.udp;
    this.host = { ...own!.host, wallClock: { unixMillis: () => this.trueTime + this.clientError } };
    this.servers = others.map(({ udp }, i) => new TimeServer(this, udp, address(`10.0.0.${i + 2}`), scripts[i]!));
    // ARP would make the first round trip longer than the others.
    const greeter = this.udp.open();
    for (const server of this.servers) greeter.sendTo(Uint8Array.of(0), server.address, 9);
    this.sim.advance(1000);
    greeter.close();
  }

  /** The right time now. */
  get trueTime(): number {
    return this.epoch + this.sim.clock.now();
  }

  /** A query for all servers, and its outcome when there is one. */
  query(options: SntpQueryOptions = {}): { query: SntpQuery; outcome: () => SntpResult | SntpFailure | undefined } {
    let outcome: SntpResult | SntpFailure | undefined;
    const servers = this.servers.map((server) => server.address);
    const query = new SntpQuery({ udp: this.udp, host: this.host, servers, options, onDone: (o) => outcome = o });
    query.start();
    if (outcome !== undefined) throw new Error("called back too early");
    return { query, outcome: () => outcome };
  }

  /** Asks, and lets time pass until there is an outcome. */
  ask(options: SntpQueryOptions = {}): SntpResult | SntpFailure {
    const { outcome } = this.query(options);
    if (!this.sim.runUntil(() => outcome() !== undefined, 600_000)) throw new Error("no outcome");
    return outcome()!;
  }

  /** Lets everything end, and says what is left of packets and timers. */
  [Symbol.dispose](): void {
    this.sim.runUntilIdle(600_000);
    const left = this.sim.pool.inUse;
    this.sim.close();
    if (left !== 0) throw new Error(`${left} packets are left`);
  }
}
