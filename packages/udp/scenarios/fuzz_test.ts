import { assertEquals } from "@std/assert";
import { concatenate } from "@lightwire/pbuf";
import { seededRandom } from "@lightwire/netif";
import { IPV4_BROADCAST } from "@lightwire/ip";
import { UdpLayer } from "../mod.ts";
import { address, datagram, FakeNetwork } from "../testdata/fake_network.ts";

Deno.test("fuzz: 50,000 mutated datagrams and ICMP errors never throw, and each is counted once", () => {
  const ip = new FakeNetwork();
  const udp = new UdpLayer(ip, ip);
  const random = seededRandom("udp fuzz");
  const below = (n: number) => random.uint32() % n;
  const onReceive = (p: { release(): void }) => p.release();
  udp.open({ localPort: 7, reuseAddress: true, onReceive });
  udp.open({ localPort: 7, reuseAddress: true, onReceive }).connect(address("10.0.0.2"), 99);
  udp.open({ localPort: 7, lite: true, onReceive });
  udp.open({ localPort: 7, reuseAddress: true });
  let unreachable = 0;
  const runs = 50_000;
  let copies = 0;
  for (let run = 0; run < runs; run++) {
    const bytes = datagram(99, 7, new Uint8Array(below(40)));
    for (let n = below(4); n > 0; n--) bytes[below(bytes.length)]! ^= 1 << below(8);
    const whole = bytes.subarray(0, below(4) === 0 ? below(bytes.length + 1) : bytes.length);
    const cut = below(whole.length + 1);
    const p = ip.packet(whole.subarray(0, cut));
    if (below(2) === 0) concatenate(p, ip.packet(whole.subarray(cut)));
    else {
      p.end = p.start + whole.length;
      p.bytes.set(whole, p.start);
    }
    const isMany = below(8) === 0;
    const rx = ip.rx(isMany ? { isBroadcast: true, destination: IPV4_BROADCAST } : {});
    const before = udp.counters.udpInDatagrams + udp.counters.udpInErrors + udp.counters.udpNoPorts;
    const handler = below(4) === 0 ? udp.lite : udp;
    if (handler.ipInput(p, rx) !== "delivered") {
      unreachable++;
      p.release();
    }
    const counted = udp.counters.udpInDatagrams + udp.counters.udpInErrors + udp.counters.udpNoPorts - before;
    assertEquals(counted >= 1 && (isMany || counted === 1), true, `run ${run}: counted ${counted} times`);
    copies += counted - 1;
    const error = {
      ...ip.error("port-unreachable", below(65536), address("10.0.0.2"), 99),
      quotedLength: below(9),
    };
    handler.ipError({ ...error, quotedOffset: below(12) });
  }
  assertEquals(unreachable > 0 && copies > 0, true);
  assertEquals(ip.pool.inUse, 0);
});
