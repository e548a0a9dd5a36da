/** Bad answers to a DHCP client and to a resolver: each is counted, none is believed, and the good one that follows is. */
import { assert, assertEquals } from "@std/assert";
import { DhcpClient } from "@lightwire/dhcp";
import { type DnsResult, StubResolver } from "@lightwire/dns";
import { ipv4 } from "@lightwire/ip";
import { TARGET } from "./mutator.ts";
import { ipFrame, QuietHost } from "./quiet_host.ts";

const UDP = 17;
const DNS_NAME = [4, 0x68, 0x6f, 0x73, 0x74, 7, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0];

/** A frame with a datagram from the peer to the target. */
function datagram(
  sourcePort: number,
  port: number,
  payload: readonly number[],
  destination?: number,
): Uint8Array {
  const header = [sourcePort >> 8, sourcePort & 255, port >> 8, port & 255, 0, 0, 0, 0];
  return ipFrame(UDP, [...header, ...payload], destination === undefined ? {} : { destination });
}

/** The payload of the last datagram that the host has sent. */
function lastPayload(host: QuietHost): { port: number; payload: Uint8Array } {
  const { bytes } = host.sent.frames.at(-1)!;
  return { port: bytes[34]! * 256 + bytes[35]!, payload: bytes.slice(42) };
}

Deno.test("DHCP: an offer cut at every length, or with options that lie, is malformed or foreign", () => {
  const host = new QuietHost();
  const { udp, ip, netif, sim } = host;
  const client = new DhcpClient({ udp, ip, netif, host: sim.host("client") });
  client.start();
  sim.runUntil(() => host.sent.frames.length > 0, 60_000);
  const discover = Array.from(lastPayload(host).payload);
  const head = [2, ...discover.slice(1, 16), 10, 0, 0, 50, ...discover.slice(20, 240)];
  const options = [53, 1, 2, 54, 4, 10, 0, 0, 2, 51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 255, 0];
  const offer = [...head, ...options, 255];
  const total = () => client.counters.malformed + client.counters.foreign + client.counters.unexpected;
  const refused = (payload: readonly number[], what: string) => {
    const before = total();
    host.inject(datagram(67, 68, payload, 0xffffffff));
    assertEquals(total(), before + 1, what);
    assertEquals(client.state, "SELECTING");
  };
  // Without its end mark an option list may be whole: every cut before that is within an option.
  for (let length = 0; length < 240; length++) refused(offer.slice(0, length), `${length} bytes`);
  refused([...head, 53], "an option without a length");
  refused([...head, 53, 0, 255], "a type of no bytes");
  refused([...head, 53, 200, 2], "an option beyond the end");
  refused([...head, ...options.slice(3), 255], "no message type");
  refused(offer.with(236, 0), "a wrong magic cookie");
  refused(offer.with(4, offer[4]! ^ 1), "another transaction");
  refused(offer.with(0, 1), "a request");
  assertEquals(client.counters.received.OFFER, 0);
  host.inject(datagram(67, 68, offer, 0xffffffff));
  assertEquals(client.counters.received.OFFER, 1);
  client.stop();
  sim.advance(60_000);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("DNS: an answer cut at every length, with pointers that loop or counts that lie, is not believed", () => {
  const host = new QuietHost();
  const { udp, sim } = host;
  const dns = new StubResolver({
    udp,
    host: sim.host("resolver"),
    options: { servers: [ipv4(TARGET.peerAddress)], udpPayloadBytes: 0 },
  });
  let result: DnsResult | undefined;
  dns.resolve("host.example", "A", (r) => result = r);
  sim.runUntil(() => host.sent.frames.length > 0, 1000);
  const { port, payload } = lastPayload(host);
  const query = Array.from(payload);
  const head = [query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
  const question = query.slice(12);
  assertEquals(question.length, DNS_NAME.length + 4);
  const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 9];
  const answer = [...head, ...question, ...record];
  const total = () => dns.counters.malformed + dns.counters.unrelated;
  const refused = (reply: readonly number[], what: string) => {
    const before = total();
    host.inject(datagram(53, port, reply));
    assertEquals(total(), before + 1, what);
    assertEquals(result, undefined, what);
  };
  for (let length = 0; length < answer.length; length++) refused(answer.slice(0, length), `${length} bytes`);
  refused(answer.with(0, answer[0]! ^ 1), "another number");
  refused(answer.with(2, 0x01), "a query");
  refused(answer.with(13, answer[13]! ^ 2), "another name");
  refused(answer.with(7, 2), "more answers than there are");
  const loop = 12 + question.length;
  refused([...head, ...question, 0xc0, loop, ...record.slice(2)], "a pointer to itself");
  refused(
    [...head, ...question, 0xc0, loop + 2, 0xc0, loop, ...record.slice(2)],
    "two pointers to each other",
  );
  refused([...head, ...question, 0xff, 0xff, ...record.slice(2)], "a pointer beyond the end");
  refused([...head, ...question, 0x40, 12, ...record.slice(2)], "a label of a kind that is none");
  host.inject(datagram(53, port, answer));
  assert(result !== undefined);
  dns.close();
  sim.advance(60_000);
  assertEquals(sim.pool.inUse, 0);
});
