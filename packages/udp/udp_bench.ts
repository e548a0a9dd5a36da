/** What a datagram costs in UDP alone: `deno bench packages/udp/udp_bench.ts`. */
import { PBUF_CHECKSUM_VERIFIED } from "@lightwire/pbuf";
import { IPV4_ANY } from "@lightwire/ip";
import { UdpLayer } from "./mod.ts";
import { UdpBinding, UdpTable } from "./udp_table.ts";
import { address, datagram, FakeNetwork, testNetif, testRandom } from "./testdata/fake_network.ts";

const PEER = address("10.0.0.2");
const HERE = address("10.0.0.1");

class SilentNetwork extends FakeNetwork {
  override output(p: { release(): void }): boolean {
    p.release();
    return true;
  }
}

const ip = new SilentNetwork();
const udp = new UdpLayer(ip, ip);
udp.onFlushNeeded = () => {};
udp.open({ localPort: 7, onReceive: (p) => p.release() });
const endpoint = udp.open({ localPort: 8 });
const data = new Uint8Array(1472);
const received = datagram(99, 7, data);
const rx = ip.rx();

Deno.bench("input: 1472 bytes, checksum verified below", () => {
  const p = ip.packet(received);
  p.flags |= PBUF_CHECKSUM_VERIFIED;
  udp.ipInput(p, rx);
});

Deno.bench("output: 1472 bytes, checksum in software", () => {
  endpoint.sendTo(data, PEER, 9);
});

const table = new UdpTable<UdpBinding>(testRandom(1));
for (let i = 0; i < 50_000; i++) {
  const binding = new UdpBinding(IPV4_ANY, 443);
  Object.assign(binding, { reuseAddress: true, remoteAddress: PEER, remotePort: 1 + i });
  table.add(binding);
}
const netif = testNetif("en0", 1);
let port = 0;

Deno.bench("lookup: one of 50,000 connected endpoints of one port", () => {
  port = (port + 7919) % 50_000;
  table.lookup(HERE, 443, PEER, 1 + port, netif);
});
