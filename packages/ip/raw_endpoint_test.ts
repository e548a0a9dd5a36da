import { assert, assertEquals } from "@std/assert";
import { ipv4 } from "./mod.ts";
import { bytesOf, frame, ipOf, packet, TestHost } from "./testdata/harness.ts";

function receive(
  host: TestHost,
  source: string,
  to = "10.0.0.1",
  protocol = 253,
  mac = 0x02_00_00_00_00_01,
): void {
  host.driver.receive(frame(0x0800, packet(source, to, Uint8Array.of(1, 2), { protocol }), mac));
}

Deno.test("the newest endpoint is asked first, the first eater wins, the protocol comes last (lwIP raw.c)", () => {
  const host = new TestHost();
  const log: string[] = [];
  host.ip.registerProtocol({
    protocol: 253,
    ipInput: (p) => {
      log.push("protocol");
      p.release();
      return "delivered";
    },
    ipError: () => {},
    inputBatchEnd: () => {},
    addressChanged: () => {},
  });
  let isHungry = false;
  host.ip.openRaw(253, () => {
    log.push("old");
    return false;
  });
  const eater = host.ip.openRaw(253, (p, rx) => {
    log.push("eater");
    assertEquals([...bytesOf(p)], [1, 2]);
    assertEquals(p.view.getUint8(p.start - rx.headerLength), 0x45);
    if (isHungry) p.release();
    return isHungry;
  });
  const all = host.ip.openRaw(0, () => {
    log.push("all");
    return false;
  });
  receive(host, "10.0.0.2");
  assertEquals(log.splice(0), ["all", "eater", "old", "protocol"]);
  isHungry = true;
  receive(host, "10.0.0.2");
  assertEquals(log.splice(0), ["all", "eater"]);
  eater.close();
  eater.close();
  all.close();
  receive(host, "10.0.0.2");
  assertEquals(log, ["old", "protocol"]);
  host.assertBalanced();
});

Deno.test("a protocol that only raw endpoints look at is not answered with an error", () => {
  const host = new TestHost();
  host.neighbor("10.0.0.2");
  const endpoint = host.ip.openRaw(99, () => false);
  receive(host, "10.0.0.2", "10.0.0.1", 99);
  assertEquals(host.driver.take(), []);
  endpoint.close();
  receive(host, "10.0.0.2", "10.0.0.1", 99);
  assertEquals(host.driver.take().length, 1);
  host.assertBalanced();
});

Deno.test("filters: peer, own address, interface, broadcasts", () => {
  const host = new TestHost({}, { addresses: ["10.0.0.1/24", "10.0.0.5/24"] }, {});
  let count = 0;
  const endpoint = host.ip.openRaw(253, (p) => {
    count++;
    p.release();
    return true;
  });
  const got = (source: string, to?: string, mac?: number) => {
    const before = count;
    receive(host, source, to, 253, mac);
    return count - before;
  };
  endpoint.remoteAddress = ipv4(0x0a000002);
  assertEquals([got("10.0.0.2"), got("10.0.0.3")], [1, 0]);
  endpoint.remoteAddress = undefined;
  endpoint.localAddress = ipv4(0x0a000005);
  assertEquals([got("10.0.0.2", "10.0.0.5"), got("10.0.0.2", "10.0.0.1")], [1, 0]);
  assertEquals(got("10.0.0.2", "10.0.0.255", 0xffff_ffff_ffff), 1);
  endpoint.allowBroadcast = false;
  assertEquals(got("10.0.0.2", "10.0.0.255", 0xffff_ffff_ffff), 0);
  endpoint.boundNetif = host.netifs[1];
  assertEquals(got("10.0.0.2", "10.0.0.5"), 0);
  host.advance(5000); // errors that wait for ARP
  host.assertBalanced();
});

Deno.test("send(): to the given or the connected peer, with TTL, TOS and source of the endpoint", () => {
  const host = new TestHost();
  host.neighbor("10.0.0.2");
  const endpoint = host.ip.openRaw(253, () => false);
  assertEquals(endpoint.send(Uint8Array.of(1)), "NOT_CONNECTED");
  endpoint.remoteAddress = ipv4(0x0a000002);
  endpoint.hopLimit = 5;
  endpoint.tos = 0x20;
  assertEquals(endpoint.send(Uint8Array.of(1, 2, 3)), undefined);
  const p = ipOf(host.driver.take()[0]!);
  assertEquals([p.ttl, p.tos, p.protocol, p.source, [...p.payload]], [5, 0x20, 253, "10.0.0.1", [1, 2, 3]]);
  assertEquals(endpoint.send(Uint8Array.of(1), ipv4(0xef010101)), undefined);
  assertEquals(ipOf(host.driver.take()[0]!).ttl, 1);
  endpoint.allowBroadcast = false;
  assertEquals(endpoint.send(Uint8Array.of(1), ipv4(0x0a0000ff)), "ACCESS_DENIED");
  endpoint.dontFragment = true;
  assertEquals(endpoint.send(new Uint8Array(1481)), "MESSAGE_TOO_LONG");
  assertEquals(endpoint.send(new Uint8Array(1480)), undefined);
  assertEquals(endpoint.send(new Uint8Array(70_000)), "MESSAGE_TOO_LONG");
  endpoint.localAddress = ipv4(0x0a000077);
  assertEquals(endpoint.send(Uint8Array.of(1)), "ADDRESS_NOT_AVAILABLE");
  host.pool.failAfter(0);
  assertEquals(endpoint.send(Uint8Array.of(1)), "NO_BUFFERS");
  host.pool.failAfter(-1);
  assert(host.driver.take().length > 0);
  host.assertBalanced();
});
