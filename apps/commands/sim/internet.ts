/** {@linkcode SimulatedInternet}: what is behind the link of `--sim`: a router, and behind it servers with names.
 *
 * ```text
 *  your host ── LAN 10.0.2.0/24 ── router 10.0.2.1 ── 198.51.100.0/30 ── www 203.0.113.80, ns .53, time .123
 * or your host ── modem ── operator's router 10.64.64.1, ns 10.64.64.53 ── 198.51.100.0/30 ── the same servers
 * ```
 *
 * Three stacks in one process, in real time unless told otherwise. It needs no permission.
 *
 * @module
 */
import { createMemoryLinkPair, type LinkDriver } from "@lightwire/netif";
import type { SerialPort } from "@lightwire/ppp";
import {
  type CallAnswer,
  openSimulatedPort,
  type SimulatedModem,
  type SimulatedModemOptions,
} from "@lightwire/ppp/sim";
import { Stack, type StackOptions } from "@lightwire/sockets";
import { iperf2Server } from "../iperf/iperf2.ts";
import { iperf3Server } from "../iperf/iperf3_server.ts";
import { parseIperf } from "../iperf/options.ts";
import { Output, type OutputSink } from "../output.ts";
import { serveDhcp } from "./dhcp_service.ts";
import { serveDns, type ZoneRecord } from "./dns_service.ts";
import { serveNtp } from "./ntp_service.ts";
import { serveWeb } from "./web_service.ts";

const ROUTER = "10.0.2.1";
const CLIENT = "10.0.2.15";
const WEB = "203.0.113.80";
const NAME_SERVER = "203.0.113.53";
const TIME_SERVER = "203.0.113.123";
/** Addresses of the operator's router: the end of each call, and its name servers. */
const OPERATOR = "10.64.64.1";
const OPERATOR_NAME_SERVERS: readonly string[] = ["10.64.64.53", "10.64.64.54"];
/** How wrong the time is under the fault "clock-skew", in milliseconds. */
const CLOCK_SKEW_MS = 90_000;

const ZONE: readonly ZoneRecord[] = [
  ["example.test", "A", WEB],
  ["www.example.test", "CNAME", "example.test"],
  ["example.test", "MX", "mail.example.test"],
  ["example.test", "TXT", "a host on a simulated internet"],
  ["mail.example.test", "A", WEB],
  ["ns.example.test", "A", NAME_SERVER],
  ["time.example.test", "A", TIME_SERVER],
  ["router.lan", "A", ROUTER],
  ["gateway.example.test", "A", OPERATOR],
  ["1.2.0.10.in-addr.arpa", "PTR", "router.lan"],
  ["80.113.0.203.in-addr.arpa", "PTR", "example.test"],
];

/** Swallows what the simulated servers would print. */
const SILENT: OutputSink = { stdout() {}, stderr() {}, isTerminal: false, hasColor: false };

/** A router and an internet of servers. */
export class SimulatedInternet {
  /** Address that the router leases. */
  readonly clientAddress: string = CLIENT;
  /** The router's address on the LAN. */
  readonly routerAddress: string = ROUTER;
  readonly #router: Stack;
  readonly #servers: Stack;
  readonly #end = new AbortController();
  #modem: SimulatedModem | undefined = undefined;
  #calls = 0;

  /** Makes the router and the servers; nothing runs yet.
   *
   * @param makeStack makes each of them, for whoever wants them in virtual time; default: in the host's time.
   */
  constructor(
    makeStack: (name: string, options: StackOptions) => Stack = (_, options) => new Stack(options),
  ) {
    this.#router = makeStack("router", { ip: { forwarding: true } });
    this.#servers = makeStack("servers", {});
  }

  /** Connects `client`'s link with the router, and starts all services.
   *
   * @returns the driver for the client's interface.
   */
  connect(client: Stack): LinkDriver {
    const [driver, lan] = createMemoryLinkPair({ timersA: client.timers, timersB: this.#router.timers });
    this.#router.addInterface({ name: "lan0", driver: lan, addresses: [`${ROUTER}/24`] });
    this.#connectServers([]);
    this.#serve([ROUTER], 0);
    this.#run(serveDhcp(this.#router, "lan0", {
      server: ROUTER,
      client: CLIENT,
      mask: "255.255.255.0",
      router: ROUTER,
      nameServer: ROUTER,
      timeServer: TIME_SERVER,
      domain: "example.test",
      leaseSeconds: 3600,
    }));
    return driver;
  }

  /** Switches a modem on whose calls end at the router, and starts all services. Each call is an interface of the router's.
   *
   * @param options What is wrong with it, its speed, what it wants to know.
   * @returns the port that `client` dials over, and the modem.
   * @throws {SerialOpenError} with the faults of ports.
   */
  connectModem(
    client: Stack,
    options: SimulatedModemOptions = {},
  ): { readonly port: SerialPort; readonly modem: SimulatedModem } {
    const { timers, random, pool } = this.#router;
    const modem = openSimulatedPort({ timers, random, pool }, {
      startUnixMs: this.#router.wallClock.unixMillis(),
      ...options,
      computerTimers: client.timers,
      answer: (link, call) => {
        const { name } = this.#answer(link, call);
        const cleanUp = options.answer?.(link, call);
        return () => {
          cleanUp?.();
          const added = this.#router.interfaces.find((each) => each.name === name);
          if (added !== undefined) this.#router.removeInterface(added);
        };
      },
    });
    this.#modem = modem;
    this.#connectServers(OPERATOR_NAME_SERVERS.map((address) => `${address}/32`));
    this.#serve(
      options.fault === "no-dns" ? [] : OPERATOR_NAME_SERVERS,
      options.fault === "clock-skew" ? CLOCK_SKEW_MS : 0,
    );
    return { port: modem.port, modem };
  }

  /** Stops everything. */
  close(): void {
    this.#end.abort();
    this.#modem?.close();
    this.#router.close();
    this.#servers.close();
  }

  /** Puts the network's side of a call behind the router. */
  #answer(...[link, call]: Parameters<CallAnswer>): { readonly name: string } {
    const name = `call${this.#calls++}`;
    this.#router.addInterface({
      name,
      driver: link,
      addresses: [`${OPERATOR}/32`],
      routes: [{ destination: `${call.address}/32` }],
    });
    return { name };
  }

  /** The line between the router and the servers.
   *
   * @param addresses More addresses of the router.
   */
  #connectServers(addresses: readonly string[]): void {
    const [wan, far] = createMemoryLinkPair({ timersA: this.#router.timers, timersB: this.#servers.timers });
    this.#router.addInterface({
      name: "wan0",
      driver: wan,
      addresses: ["198.51.100.1/30", ...addresses],
      routes: [{ destination: "203.0.113.0/24", gateway: "198.51.100.2" }],
    });
    this.#servers.addInterface({
      name: "en0",
      driver: far,
      addresses: ["198.51.100.2/30", `${WEB}/32`, `${NAME_SERVER}/32`, `${TIME_SERVER}/32`],
      gateway: "198.51.100.1",
    });
  }

  /** Starts the services.
   *
   * @param nameServers Addresses of the router that answer names.
   * @param skewMs How wrong the time server is.
   */
  #serve(nameServers: readonly string[], skewMs: number): void {
    const servers = this.#servers;
    const context = {
      stack: servers,
      networkInterface: servers.interfaces[1]!,
      trace: { subscribe: () => () => {} },
      output: new Output({ json: false, quiet: true, verbose: false }, SILENT),
      signal: this.#end.signal,
    };
    for (const address of nameServers) this.#run(serveDns(this.#router, address, ZONE));
    this.#run(serveDns(servers, NAME_SERVER, ZONE));
    this.#run(serveNtp(servers, skewMs, TIME_SERVER));
    this.#run(serveWeb(servers, this.#end.signal));
    this.#run(iperf2Server(context, parseIperf(["-s"])));
    this.#run(iperf2Server(context, parseIperf(["-s", "-u"])));
    this.#run(iperf3Server(context, parseIperf(["-s", "--iperf3"])));
  }

  /** Closing the stacks ends the services; that is no failure of theirs. */
  #run(service: Promise<unknown>): void {
    service.catch((error) => {
      if (!this.#end.signal.aborted) throw error;
    });
  }
}
