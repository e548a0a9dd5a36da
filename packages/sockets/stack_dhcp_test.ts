import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  BOOTREPLY,
  DHCP_OPTION,
  type DhcpMessage,
  type DhcpMessageType,
  dhcpMessageType,
  DhcpOptions,
  emitClasslessRoutes,
  emitDhcpMessage,
  parseDhcpMessage,
} from "@lightwire/dhcp";
import { type IpAddress, IPV4_ANY, parseIpAddress } from "@lightwire/ip/address";
import { parsePrefix } from "@lightwire/ip";
import { createLink, Simulation } from "@lightwire/netif/sim";
import { NetError } from "./errors.ts";
import { runSimulation } from "./sim.ts";
import { Stack } from "./stack.ts";
import type { StackInterface } from "./stack_interface.ts";

const address = (text: string): IpAddress => parseIpAddress(text)!;

/** A DHCP server of a few lines, with one address to give. */
class OneLeaseServer {
  readonly seen: DhcpMessageType[] = [];
  configure: (options: DhcpOptions) => void = () => {};
  offered = "10.0.0.50";
  isSilent = false;

  constructor(stack: Stack) {
    const endpoint = stack.udp.open({ localPort: 67, allowBroadcast: true });
    const broadcast = { transport: "udp" as const, hostname: "255.255.255.255", port: 68 };
    endpoint.onReceive = (p) => {
      const bytes = p.bytes.slice(p.start, p.end);
      p.release();
      const request = parseDhcpMessage(bytes);
      if (typeof request === "string") return;
      const type = dhcpMessageType(request)!;
      this.seen.push(type);
      if (this.isSilent || type === "RELEASE" || type === "DECLINE") return;
      const answer = emitDhcpMessage(this.#answer(request, type === "DISCOVER" ? 2 : 5));
      endpoint.sendTo(answer, address(broadcast.hostname), broadcast.port);
    };
  }

  #answer(request: DhcpMessage, type: number): DhcpMessage {
    const options = new DhcpOptions()
      .setUint8(DHCP_OPTION.MESSAGE_TYPE, type)
      .setAddresses(DHCP_OPTION.SERVER_ID, address("10.0.0.1"))
      .setUint32(DHCP_OPTION.LEASE_TIME, 600)
      .setAddresses(DHCP_OPTION.SUBNET_MASK, address("255.255.255.0"));
    this.configure(options);
    return {
      ...request,
      op: BOOTREPLY,
      ciaddr: IPV4_ANY,
      yiaddr: address(this.offered),
      siaddr: IPV4_ANY,
      options,
    };
  }
}

interface World extends Disposable {
  readonly sim: Simulation;
  readonly server: OneLeaseServer;
  readonly host: Stack;
  readonly router: Stack;
  readonly en0: StackInterface;
  readonly log: string[];
}

function world(configure: (options: DhcpOptions) => void, isSilent = false): World {
  const sim = new Simulation({ seed: 3 });
  const [a, b] = createLink(sim, { medium: "ethernet", aToB: { delayMs: 1 }, bToA: { delayMs: 1 } });
  const router = new Stack({ pump: "manual", ...sim.host("router") });
  router.addInterface({ driver: a, addresses: ["10.0.0.1/24"] });
  const server = new OneLeaseServer(router);
  server.configure = configure;
  server.isSilent = isSilent;
  const host = new Stack({ pump: "manual", ...sim.host("host"), hostname: "probe" });
  const en0 = host.addInterface({ driver: b, dhcp: true, dns: ["192.0.2.53"] });
  const log: string[] = [];
  en0.subscribe((event) => {
    if (event.type === "address") log.push(`${event.isPresent ? "+" : "-"}${event.address}`);
    else if (event.type === "dhcp" && event.event.type !== "state") log.push(event.event.type);
  });
  return {
    sim,
    server,
    host,
    router,
    en0,
    log,
    [Symbol.dispose]() {
      host.close();
      sim.advance(10);
      router.close();
      sim.close();
      assertEquals(sim.pool.inUse, 0, "packet buffers are left");
    },
  };
}

function routesOf(stack: Stack): string[] {
  return [...stack.ip.routes].map(String).filter((route) => !route.includes("lo0"));
}

Deno.test("Stack: a lease becomes address, route, name servers, MTU and names, and is given back at the end", async () => {
  const w = world((options) => {
    options.setAddresses(DHCP_OPTION.ROUTER, address("10.0.0.1"), address("10.0.0.2"));
    options.setAddresses(DHCP_OPTION.DOMAIN_NAME_SERVER, address("10.0.0.1"), address("192.0.2.53"));
    options.setText(DHCP_OPTION.DOMAIN_NAME, "lan.example");
    options.setText(DHCP_OPTION.HOST_NAME, "given");
    options.setUint16(DHCP_OPTION.INTERFACE_MTU, 1400);
  });
  assert(!w.en0.isReady);
  await runSimulation(w.sim, w.en0.whenReady({ timeoutMs: 20_000 }));
  assertEquals(w.en0.addresses, ["10.0.0.50/24"]);
  assertEquals(routesOf(w.host), [
    "10.0.0.0/24 dev en0",
    "0.0.0.0/0 via 10.0.0.1 dev en0",
    "0.0.0.0/0 via 10.0.0.2 dev en0 metric 1",
  ]);
  assertEquals(w.en0.nameServers, ["192.0.2.53", "10.0.0.1"]);
  assertEquals(w.en0.searchDomains, ["lan.example"]);
  assertEquals(w.en0.leasedHostname, "given");
  assertEquals(w.en0.mtu, 1400);
  assertEquals(w.server.seen, ["DISCOVER", "REQUEST"]);
  w.router.listen({ port: 7 });
  const conn = await runSimulation(w.sim, w.host.connect({ hostname: "10.0.0.1", port: 7 }));
  assertEquals(conn.localAddr.hostname, "10.0.0.50");
  w.en0.stopDhcp();
  w.sim.advance(10);
  assertEquals(w.en0.addresses, []);
  assertEquals(routesOf(w.host), []);
  assertEquals([w.en0.nameServers, w.en0.searchDomains, w.en0.mtu], [["192.0.2.53"], [], 1500]);
  assertEquals(w.server.seen, ["DISCOVER", "REQUEST", "RELEASE"]);
  assertEquals(w.log, ["+10.0.0.50/24", "bound", "-10.0.0.50/24", "released"]);
  w[Symbol.dispose]();
});

Deno.test("Stack: classless routes replace the routers, one of them on the link (RFC 3442)", async () => {
  using w = world((options) => {
    options.setAddresses(DHCP_OPTION.ROUTER, address("10.0.0.9"));
    options.set(
      DHCP_OPTION.CLASSLESS_ROUTES,
      emitClasslessRoutes([
        { destination: parsePrefix("0.0.0.0/0")!, gateway: address("10.0.0.1") },
        { destination: parsePrefix("192.168.0.0/16")!, gateway: address("10.0.0.3") },
        { destination: parsePrefix("172.16.0.0/12")!, gateway: undefined },
      ]),
    );
  });
  await runSimulation(w.sim, w.en0.whenReady());
  assertEquals(routesOf(w.host).sort(), [
    "0.0.0.0/0 via 10.0.0.1 dev en0",
    "10.0.0.0/24 dev en0",
    "172.16.0.0/12 dev en0",
    "192.168.0.0/16 via 10.0.0.3 dev en0",
  ]);
});

Deno.test("Stack: a lease that nobody extends ends, and connections with it; renewal changes what changed", async () => {
  let router = "10.0.0.1";
  using w = world((options) => void options.setAddresses(DHCP_OPTION.ROUTER, address(router)));
  await runSimulation(w.sim, w.en0.whenReady());
  w.router.listen({ port: 7 });
  const conn = await runSimulation(w.sim, w.host.connect({ hostname: "10.0.0.1", port: 7 }));
  router = "10.0.0.2";
  w.sim.advance(310_000);
  assertEquals(w.log, ["+10.0.0.50/24", "bound", "renewed"]);
  assertEquals(routesOf(w.host).filter((route) => route.startsWith("0")), ["0.0.0.0/0 via 10.0.0.2 dev en0"]);
  assertEquals(conn.readNow(new Uint8Array(1)), undefined, "the connection outlives a renewal");
  w.server.isSilent = true;
  w.sim.advance(700_000);
  assertEquals(w.log.filter((entry) => entry !== "unanswered").slice(3), ["-10.0.0.50/24", "expired"]);
  assert(!w.en0.isReady);
  await assertRejects(() => conn.read(new Uint8Array(1)), NetError);
});

Deno.test("Stack: no DHCP server: whenReady() says so, and can be aborted", async () => {
  using w = world(() => {}, true);
  const error = await runSimulation(w.sim, w.en0.whenReady({ timeoutMs: 15_000 }).catch((e) => e));
  assertEquals([error.code, error.message], [
    "TIMED_OUT",
    "Cannot use en0: no DHCP server answered after 15000 ms",
  ]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = w.en0.whenReady({ signal: controller.signal }).catch((e) => e);
  controller.abort(reason);
  assertEquals(await waiting, reason);
});

Deno.test("Stack: an address is checked for other stations first if asked for (RFC 5227 §2.1)", async () => {
  using sim = new Simulation({ seed: 3 });
  const [a, b] = createLink(sim, { medium: "ethernet", aToB: { delayMs: 1 }, bToA: { delayMs: 1 } });
  const first = new Stack({ pump: "manual", ...sim.host("first") });
  const second = new Stack({ pump: "manual", ...sim.host("second") });
  first.addInterface({ driver: a, addresses: ["10.0.0.1/24"] });
  const en0 = second.addInterface({
    driver: b,
    addresses: ["10.0.0.1/24", "10.0.0.2/24"],
    detectConflicts: true,
  });
  const conflicts: string[] = [];
  en0.subscribe((event) =>
    void (event.type === "conflict" && conflicts.push(`${event.address} ${event.isLost}`))
  );
  assert(!en0.isReady);
  await runSimulation(sim, en0.whenReady());
  sim.advance(10_000);
  assertEquals(en0.addresses, ["10.0.0.2/24"]);
  assertEquals(conflicts, ["10.0.0.1 true"]);
  first.close();
  second.close();
});
