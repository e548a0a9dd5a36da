/** {@linkcode SimulatedInternet}: what is behind the link of `--sim`: a router, and behind it servers with names.
 *
 * ```text
 *  your host ── LAN 10.0.2.0/24 ── router 10.0.2.1 ── 198.51.100.0/30 ── www 203.0.113.80, ns .53, time .123
 * ```
 *
 * Three stacks in one process, in real time. It needs no permission.
 *
 * @module
 */
import { createMemoryLinkPair, type LinkDriver } from "@lightwire/netif";
import { Stack } from "@lightwire/sockets";
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

const ZONE: readonly ZoneRecord[] = [
  ["example.test", "A", WEB],
  ["www.example.test", "CNAME", "example.test"],
  ["example.test", "MX", "mail.example.test"],
  ["example.test", "TXT", "a host on a simulated internet"],
  ["mail.example.test", "A", WEB],
  ["ns.example.test", "A", NAME_SERVER],
  ["time.example.test", "A", "203.0.113.123"],
  ["router.lan", "A", ROUTER],
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
  readonly #router: Stack = new Stack({ ip: { forwarding: true } });
  readonly #servers: Stack = new Stack();
  readonly #end = new AbortController();

  /** Connects `client`'s link with the router, and starts all services.
   *
   * @returns the driver for the client's interface.
   */
  connect(client: Stack): LinkDriver {
    const [driver, lan] = createMemoryLinkPair({ timersA: client.timers, timersB: this.#router.timers });
    const [wan, far] = createMemoryLinkPair({ timersA: this.#router.timers, timersB: this.#servers.timers });
    this.#router.addInterface({ name: "lan0", driver: lan, addresses: [`${ROUTER}/24`] });
    this.#router.addInterface({
      name: "wan0",
      driver: wan,
      addresses: ["198.51.100.1/30"],
      routes: [{ destination: "203.0.113.0/24", gateway: "198.51.100.2" }],
    });
    this.#servers.addInterface({
      name: "en0",
      driver: far,
      addresses: ["198.51.100.2/30", `${WEB}/32`, `${NAME_SERVER}/32`, "203.0.113.123/32"],
      gateway: "198.51.100.1",
    });
    this.#serve();
    return driver;
  }

  /** Stops everything. */
  close(): void {
    this.#end.abort();
    this.#router.close();
    this.#servers.close();
  }

  #serve(): void {
    const servers = this.#servers;
    const context = {
      stack: servers,
      networkInterface: servers.interfaces[1]!,
      trace: { subscribe: () => () => {} },
      output: new Output({ json: false, quiet: true, verbose: false }, SILENT),
      signal: this.#end.signal,
    };
    const services = [
      serveDhcp(this.#router, "lan0", {
        server: ROUTER,
        client: CLIENT,
        mask: "255.255.255.0",
        router: ROUTER,
        nameServer: ROUTER,
        timeServer: "203.0.113.123",
        domain: "example.test",
        leaseSeconds: 3600,
      }),
      serveDns(this.#router, ROUTER, ZONE),
      serveDns(servers, NAME_SERVER, ZONE),
      serveNtp(servers),
      serveWeb(servers, this.#end.signal),
      iperf2Server(context, parseIperf(["-s"])),
      iperf2Server(context, parseIperf(["-s", "-u"])),
      iperf3Server(context, parseIperf(["-s", "--iperf3"])),
    ];
    // Closing the stacks ends the services; that is no failure of theirs.
    for (const service of services) {
      service.catch((error) => {
        if (!this.#end.signal.aborted) throw error;
      });
    }
  }
}
