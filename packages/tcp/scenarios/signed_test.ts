/** Connections whose segments are signed, between two of our own stacks; RFC 2385 and RFC 5925. What the signatures must be is
 * in `md5_test.ts` and `../tcp_ao_test.ts`. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type IpErrorInfo, ipv4, parseIpAddressOrThrow, prefixOf } from "@lightwire/ip";
import type { TcpConnection } from "../connection.ts";
import { isCredible } from "../icmp_errors.ts";
import { type Host, TwoHosts, type TwoHostsOptions } from "./two_hosts.ts";

const text = (value: string) => new TextEncoder().encode(value);
const ANY = prefixOf(ipv4(0), 0);
const KINDS = ["MD5", "AO", "AO with AES"] as const;
type Kind = typeof KINDS[number];

function addKey(host: Host, kind: Kind, key: string, id = 1): void {
  if (kind === "MD5") host.tcp.keys.addMd5({ remote: ANY, key: text(key) });
  else {
    const algorithm = kind === "AO" ? "hmac-sha-1-96" : "aes-128-cmac-96";
    host.tcp.keys.addAo({ remote: ANY, masterKey: text(key), sendId: id, algorithm });
  }
}

/** A listener of b that sends back what it reads, and a connection of a that sends `octets`. */
function echo(hosts: TwoHosts, octets: number): { client: TcpConnection; received: () => number } {
  hosts.b.tcp.listen({ port: 7 }, () => {
    const waiting: Uint8Array[] = [];
    const pump = (c: TcpConnection) => {
      const buffer = new Uint8Array(65536);
      for (let n = c.read(buffer); n > 0; n = c.read(buffer)) waiting.push(buffer.slice(0, n));
      while (waiting.length > 0) {
        const taken = c.send(waiting[0]!);
        if (taken < waiting[0]!.length) {
          waiting[0] = waiting[0]!.subarray(taken);
          break;
        }
        waiting.shift();
      }
      if (c.isReadEof && waiting.length === 0) c.close();
    };
    return { readable: pump, writable: pump };
  });
  const sent = new Uint8Array(octets).map((_, i) => i * 7 + (i >> 8));
  let at = 0;
  let received = 0;
  const push = (c: TcpConnection) => {
    at += c.send(sent, at);
    if (at === octets && c.state === "ESTABLISHED") c.shutdownSend();
  };
  const client = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 7 }, {
    connected: push,
    writable: push,
    readable: (c) => {
      const buffer = new Uint8Array(65536);
      for (let n = c.read(buffer); n > 0; n = c.read(buffer)) {
        for (let i = 0; i < n; i++) assertEquals(buffer[i], sent[received + i]);
        received += n;
      }
      if (c.isReadEof) c.close();
    },
  });
  hosts.flush();
  return { client, received: () => received };
}

const LINKS: readonly (readonly [string, TwoHostsOptions])[] = [
  ["a clean link", {}],
  ["a bad link", { aToB: { delayMs: 5, lossRate: 0.05 }, bToA: { delayMs: 5, lossRate: 0.05 } }],
];

for (const kind of KINDS) {
  for (const [link, options] of LINKS) {
    Deno.test(`ESTABLISHED: ${kind}: 100 kB there and back, and an orderly end, over ${link}`, () => {
      const hosts = new TwoHosts(options);
      for (const host of [hosts.a, hosts.b]) addKey(host, kind, "secret");
      const { client, received } = echo(hosts, 100_000);
      assert(hosts.sim.runUntil(() => client.state === "TIME-WAIT", 60_000), client.state);
      assertEquals(received(), 100_000);
      const smss = 1460 - (kind === "MD5" ? 20 : 28);
      assertEquals(client.info().sndMss, smss);
      for (const { tcp } of [hosts.a, hosts.b]) {
        const { signatureFailures, signaturesMissing, signaturesUnexpected } = tcp.counters;
        assertEquals([signatureFailures, signaturesMissing, signaturesUnexpected], [0, 0, 0]);
      }
    });
  }

  Deno.test(`SYN-SENT: ${kind}: a wrong key is met with silence, and counted (RFC 5925 §7.3)`, () => {
    const hosts = new TwoHosts();
    addKey(hosts.a, kind, "secret");
    addKey(hosts.b, kind, "Secret");
    const { client } = echo(hosts, 10);
    hosts.sim.runUntil(() => false, 5000);
    assertEquals(client.state, "SYN-SENT");
    assert(hosts.b.tcp.counters.signatureFailures >= 3);
    assertEquals(hosts.b.tcp.counters.outSegs, 0);
  });

  Deno.test(`SYN-SENT: ${kind}: no key against a key, either way round, is met with silence (RFC 5925 §7.3)`, () => {
    for (const isClient of [true, false]) {
      const hosts = new TwoHosts();
      addKey(isClient ? hosts.a : hosts.b, kind, "secret");
      const { client } = echo(hosts, 10);
      hosts.sim.runUntil(() => false, 5000);
      assertEquals(client.state, "SYN-SENT");
      const { counters } = isClient ? hosts.a.tcp : hosts.b.tcp;
      const missing = counters.signaturesMissing + hosts.b.tcp.counters.signaturesUnexpected;
      assert(missing >= 3, `${missing}`);
    }
  });

  Deno.test(`SYN-SENT: ${kind}: the reset of a closed port is signed, and believed`, () => {
    const hosts = new TwoHosts();
    for (const host of [hosts.a, hosts.b]) addKey(host, kind, "secret");
    let error = "";
    hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 9 }, {
      closed: (_, e) => error = e?.code ?? "orderly",
    });
    hosts.flush();
    hosts.sim.runUntil(() => error !== "", 1000);
    assertEquals(error, "CONNECTION_REFUSED");
  });

  Deno.test(`LISTEN: ${kind}: SYN cookies are signed too`, () => {
    const hosts = new TwoHosts({ b: { synCookies: "always" } });
    for (const host of [hosts.a, hosts.b]) addKey(host, kind, "secret");
    const { client, received } = echo(hosts, 20_000);
    assert(hosts.sim.runUntil(() => client.state === "TIME-WAIT", 60_000), client.state);
    assertEquals(received(), 20_000);
    assertEquals(hosts.b.tcp.counters.synCookiesReceived, 1);
  });

  Deno.test(`ESTABLISHED: ${kind}: an ABORT reaches the peer as a signed reset`, () => {
    const hosts = new TwoHosts();
    for (const host of [hosts.a, hosts.b]) addKey(host, kind, "secret");
    const { client, received } = echo(hosts, 10);
    hosts.sim.runUntil(() => received() === 10, 1000);
    client.abort();
    hosts.flush();
    hosts.sim.runUntil(() => hosts.b.tcp.connectionCount === 0, 1000);
    assertEquals(hosts.b.tcp.connectionCount, 0);
    assertEquals(hosts.b.tcp.counters.signatureFailures, 0);
  });
}

Deno.test("ESTABLISHED: AO: keys change without a pause, and with them the MAC, as RNextKeyID asks (RFC 5925 §6.1)", () => {
  const hosts = new TwoHosts();
  for (const host of [hosts.a, hosts.b]) {
    addKey(host, "AO", "old", 1);
    addKey(host, "AO with AES", "new", 2);
  }
  const keyIds = new Set<number>();
  hosts.a.tcp.hooks.tcpInpacket = (_, seg) => {
    const { bytes, start } = seg.pbuf!;
    const at = bytes.indexOf(29, start - seg.dataOffset + 20);
    if (at < start && bytes[at + 1] === 16) keyIds.add(bytes[at + 2]!);
    return true;
  };
  const { client, received } = echo(hosts, 300_000);
  hosts.sim.runUntil(() => received() > 20_000, 60_000);
  assertEquals([...keyIds], [1]);
  assert(hosts.a.tcp.keys.requestKey(client, 2));
  assert(!hosts.a.tcp.keys.requestKey(client, 3), "there is no such key");
  assert(hosts.sim.runUntil(() => client.state === "TIME-WAIT", 60_000), client.state);
  assertEquals(received(), 300_000);
  assertEquals([...keyIds], [1, 2]);
  assertEquals(hosts.a.tcp.counters.signatureFailures + hosts.b.tcp.counters.signatureFailures, 0);
});

for (const acceptsIcmp of [false, true]) {
  const what = acceptsIcmp
    ? "are believed if the user wants it"
    : "are not believed once there is a connection";
  Deno.test(`ESTABLISHED: AO: hard errors of ICMP, which nobody has signed, ${what} (RFC 5925 §7.8)`, () => {
    const hosts = new TwoHosts();
    for (const { tcp } of [hosts.a, hosts.b]) {
      tcp.keys.addAo({ remote: ANY, masterKey: text("secret"), sendId: 1, acceptsIcmp });
    }
    const { client, received } = echo(hosts, 200_000);
    hosts.sim.runUntil(() => received() > 10_000, 60_000);
    const { iss, localAddress, localPort, remoteAddress, remotePort, sndUna } = hosts.a.tcp.find(
      hosts.a.address,
      client.localPort,
      hosts.b.address,
      7,
    )!;
    assert(sndUna !== iss);
    const quoted = new DataView(new ArrayBuffer(8));
    quoted.setUint16(0, localPort);
    quoted.setUint16(2, remotePort);
    quoted.setUint32(4, sndUna);
    const isBelieved = (kind: IpErrorInfo["kind"], family: 4 | 6 = 4) =>
      isCredible(hosts.a.tcp.find(hosts.a.address, client.localPort, hosts.b.address, 7)!, {
        kind,
        icmpType: 3,
        icmpCode: 0,
        reporter: hosts.b.address,
        localAddress: family === 4 ? localAddress : parseIpAddressOrThrow("2001:db8::1"),
        remoteAddress,
        protocol: 6,
        mtu: 600,
        quoted,
        quotedOffset: 0,
        quotedLength: 8,
      });
    for (const kind of ["protocol-unreachable", "port-unreachable", "fragmentation-needed"] as const) {
      assertEquals(isBelieved(kind), acceptsIcmp);
    }
    for (const kind of ["port-unreachable", "prohibited"] as const) {
      assertEquals(isBelieved(kind, 6), acceptsIcmp);
    }
    assert(
      isBelieved("host-unreachable") && isBelieved("prohibited") && isBelieved("fragmentation-needed", 6),
    );
    assert(hosts.sim.runUntil(() => client.state === "TIME-WAIT", 60_000), client.state);
  });
}

Deno.test("LISTEN: MD5: who has keys, but none for this peer, does not answer one that signs: he means somebody else (RFC 2385 §2.0)", () => {
  const hosts = new TwoHosts();
  addKey(hosts.a, "MD5", "secret");
  hosts.b.tcp.keys.addMd5({ remote: prefixOf(ipv4(0x0a000063), 32), key: text("other") });
  const { client } = echo(hosts, 10);
  hosts.sim.runUntil(() => false, 5000);
  const { counters } = hosts.b.tcp;
  assertEquals([client.state, counters.outSegs], ["SYN-SENT", 0]);
  assert(counters.signaturesUnexpected >= 3);
});

Deno.test("ESTABLISHED: AO: sequence numbers wrap, and the extension goes on (RFC 5925 §6.2)", () => {
  const hosts = new TwoHosts();
  for (const host of [hosts.a, hosts.b]) {
    addKey(host, "AO", "secret");
    host.tcp.hooks.tcpIsn = () => 0xffffff00;
  }
  const { client, received } = echo(hosts, 50_000);
  assert(hosts.sim.runUntil(() => client.state === "TIME-WAIT", 60_000), client.state);
  assertEquals(received(), 50_000);
});

Deno.test("SYN-SENT: AO: a segment with both options is dropped, however right the MAC (RFC 5925 §2.2)", () => {
  const hosts = new TwoHosts({ a: { timestamps: false, sack: false, windowScaling: false } });
  for (const host of [hosts.a, hosts.b]) addKey(host, "AO", "secret");
  hosts.a.tcp.hooks.tcpOutOptions = {
    length: () => 20,
    write: (_, view, at) => {
      view.setUint32(at, 0x01011312);
      for (let i = 4; i < 20; i += 4) view.setUint32(at + i, 0);
    },
  };
  const { client } = echo(hosts, 10);
  hosts.sim.runUntil(() => false, 2000);
  assertEquals([client.state, hosts.b.tcp.counters.outSegs], ["SYN-SENT", 0]);
  assert(hosts.b.tcp.counters.signaturesMissing >= 2);
});

Deno.test("CLOSED: keys are for their scope: other ports, and other peers, go without", () => {
  const hosts = new TwoHosts();
  const key = { remote: prefixOf(hosts.a.address, 32), localPort: 179, key: text("secret") };
  hosts.b.tcp.keys.addMd5(key);
  const { client } = echo(hosts, 10);
  assert(hosts.sim.runUntil(() => client.state === "TIME-WAIT", 60_000));
  assert(hosts.b.tcp.keys.remove(key));
  assert(!hosts.b.tcp.keys.remove(key));
});

Deno.test("CLOSED: keys that are none are refused, and a KeyID that another one has (RFC 5925 §3.1)", () => {
  const { keys } = new TwoHosts().a.tcp;
  assertThrows(() => keys.addMd5({ remote: ANY, key: new Uint8Array(0) }), RangeError);
  assertThrows(() => keys.addMd5({ remote: ANY, key: new Uint8Array(81) }), RangeError);
  assertThrows(() => keys.addAo({ remote: ANY, masterKey: text("x"), sendId: 256 }), RangeError);
  assertThrows(() => keys.addAo({ remote: ANY, masterKey: text(""), sendId: 1 }), RangeError);
  const unknown = "md5" as "aes-128-cmac-96";
  assertThrows(
    () => keys.addAo({ remote: ANY, masterKey: text("x"), sendId: 1, algorithm: unknown }),
    RangeError,
    "no algorithm",
  );
  keys.addAo({ remote: ANY, masterKey: text("x"), sendId: 1, recvId: 2 });
  assertThrows(() => keys.addAo({ remote: ANY, masterKey: text("y"), sendId: 3, recvId: 2 }), RangeError);
});
