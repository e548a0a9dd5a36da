// Two stacks of one process through the promise API, beside the kernel's loopback interface by Deno's own TCP:
//   deno bench --allow-net packages/sockets/sockets_bench.ts
import { fetchHttp, serveHttp } from "./http.ts";
import { FULL_OFFLOAD, stackPair, type StackPairOptions } from "./stack_pair_fixture.ts";

const MEBIBYTE = 1 << 20;

interface Ends {
  readonly from: Pick<Deno.TcpConn, "read" | "write" | "setNoDelay">;
  readonly to: Pick<Deno.TcpConn, "read" | "write" | "setNoDelay">;
}

async function ourEnds(options: StackPairOptions): Promise<Ends> {
  const pair = stackPair(options);
  const listener = pair.b.listen({ port: 80 });
  const [from, to] = await Promise.all([
    pair.a.connect({ hostname: "10.0.0.2", port: 80 }),
    listener.accept(),
  ]);
  return { from, to };
}

async function kernelEnds(): Promise<Ends | undefined> {
  try {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const [from, to] = await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
    return { from, to };
  } catch {
    return undefined; // No --allow-net.
  }
}

const ends: [string, Ends | undefined][] = [
  ["MTU 1500, software checksums", await ourEnds({})],
  ["MTU 1500, 64 KiB segments by offload", await ourEnds({ capabilities: FULL_OFFLOAD })],
  ["MTU 65535, offload", await ourEnds({ capabilities: FULL_OFFLOAD, mtu: 65_535 })],
  ["Deno's TCP over kernel loopback", await kernelEnds()],
];

const block = new Uint8Array(65_536).fill(0x5a);
const buffer = new Uint8Array(65_536);

/** Sends sixteen blocks and waits until all of it was read. */
async function sendMebibyte({ from, to }: Ends): Promise<void> {
  const sending = (async () => {
    for (let sent = 0; sent < MEBIBYTE;) sent += await from.write(block);
  })();
  for (let got = 0; got < MEBIBYTE;) got += (await to.read(buffer))!;
  await sending;
}

for (const [name, pair] of ends) {
  if (pair === undefined) continue;
  Deno.bench(`1 MiB one way: ${name}`, { group: "bulk" }, async () => await sendMebibyte(pair));
}

const byte = new Uint8Array(1);
for (const [name, pair] of ends) {
  if (pair === undefined) continue;
  pair.from.setNoDelay(true);
  pair.to.setNoDelay(true);
  Deno.bench(`one byte there and back: ${name}`, { group: "round trip" }, async () => {
    await pair.from.write(byte);
    await pair.to.read(buffer);
    await pair.to.write(byte);
    await pair.from.read(buffer);
  });
}

const streams = stackPair({ capabilities: FULL_OFFLOAD });
const listener = streams.b.listen({ port: 81 });
const [writer, reader] = await Promise.all([
  streams.a.connect({ hostname: "10.0.0.2", port: 81 }).then((conn) => conn.writable.getWriter()),
  listener.accept().then((conn) => conn.readable.getReader()),
]);
Deno.bench("1 MiB one way: web streams, offload", { group: "bulk" }, async () => {
  const sending = (async () => {
    for (let sent = 0; sent < MEBIBYTE; sent += block.length) await writer.write(block);
  })();
  for (let got = 0; got < MEBIBYTE;) got += (await reader.read()).value!.length;
  await sending;
});

const web = stackPair({ capabilities: FULL_OFFLOAD });
const page = new Uint8Array(MEBIBYTE);
serveHttp(
  web.b.listen({ port: 80 }),
  (request) => new Response(request.url.endsWith("/big") ? page : "hello"),
);
Deno.bench("HTTP: GET of 5 bytes, connection kept", { group: "http" }, async () => {
  await (await fetchHttp(web.a, "http://10.0.0.2/")).text();
});
Deno.bench("HTTP: GET of 1 MiB", { group: "http" }, async () => {
  for await (const chunk of (await fetchHttp(web.a, "http://10.0.0.2/big")).body!) void chunk;
});

const datagrams = stackPair({});
const [from, to] = [datagrams.a.listenDatagram(), datagrams.b.listenDatagram({ port: 7 })];
await datagrams.introduce();
const peer = { transport: "udp" as const, hostname: "10.0.0.2", port: 7 };
const payload = new Uint8Array(1400);
Deno.bench("UDP: 100 datagrams of 1400 bytes", { group: "udp" }, async () => {
  for (let i = 0; i < 100; i++) await from.send(payload, peer);
  for (let i = 0; i < 100; i++) await to.receive();
});

const busy = ends[1]![1]!;
Deno.bench("ten ticks of a 10 ms timer during a bulk transfer: 102 ms if none is late", {
  group: "pace",
  n: 10,
}, async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  while (ticks < 10) await sendMebibyte(busy);
  clearInterval(timer);
});
