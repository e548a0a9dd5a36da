/** The name server of the simulated internet: a fixed zone, over UDP and TCP. Written apart from the `dns` package, so that
 * the two check each other.
 *
 * @module
 */
import type { Stack, TcpConn } from "@lightwire/sockets";

const DNS_PORT = 53;
const TYPE = { A: 1, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16 } as const;
const TTL_SECONDS = 300;

/** One record: name in lower case, type, and what it says. */
export type ZoneRecord = readonly [name: string, type: keyof typeof TYPE, data: string];

/** Answers queries to `hostname` from `zone` until the stack is closed. Bound to that address: a host of several would else
 * answer from another one than it was asked at, which resolvers do not take. */
export async function serveDns(stack: Stack, hostname: string, zone: readonly ZoneRecord[]): Promise<void> {
  const datagrams = stack.listenDatagram({ hostname, port: DNS_PORT, transport: "udp" });
  const overTcp = async (): Promise<void> => {
    for await (const conn of stack.listen({ hostname, port: DNS_PORT })) {
      serveStream(conn, zone).catch(() => {});
    }
  };
  void overTcp();
  for await (const [query, from] of datagrams) {
    const reply = answer(query, zone);
    if (reply !== undefined) await datagrams.send(reply, from);
  }
}

async function serveStream(conn: TcpConn, zone: readonly ZoneRecord[]): Promise<void> {
  using open = conn;
  for (;;) {
    const head = await readExactly(open, 2);
    if (head === undefined) return;
    const query = await readExactly(open, head[0]! * 256 + head[1]!);
    const reply = query === undefined ? undefined : answer(query, zone);
    if (reply === undefined) return;
    await open.write(Uint8Array.of(reply.length >> 8, reply.length & 255, ...reply));
  }
}

async function readExactly(conn: TcpConn, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) return undefined;
    at += count;
  }
  return bytes;
}

function answer(query: Uint8Array, zone: readonly ZoneRecord[]): Uint8Array | undefined {
  const view = new DataView(query.buffer, query.byteOffset, query.byteLength);
  if (query.length < 17 || view.getUint16(4) !== 1 || (query[2]! & 0x80) !== 0) return undefined;
  const labels: string[] = [];
  let at = 12;
  while (at < query.length && query[at] !== 0) {
    const length = query[at]!;
    if (length > 63) return undefined;
    labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  if (at + 5 > query.length) return undefined;
  const type = view.getUint16(at + 1);
  const question = query.subarray(12, at + 5);
  const records = find(labels.join(".").toLowerCase(), type, zone);
  const body = records.flatMap(emitRecord);
  const exists = records.length > 0 || zone.some(([name]) => name === labels.join(".").toLowerCase());
  const reply = new Uint8Array([...query.subarray(0, 12), ...question, ...body]);
  const out = new DataView(reply.buffer);
  out.setUint16(2, 0x8580 | (exists ? 0 : 3)); // response, authoritative, recursion as asked; NXDOMAIN
  out.setUint16(6, records.length);
  out.setUint32(8, 0);
  return reply;
}

/** The records for a question, a CNAME followed. */
function find(name: string, type: number, zone: readonly ZoneRecord[]): readonly ZoneRecord[] {
  const own = zone.filter(([owner, kind]) => owner === name && (TYPE[kind] === type || kind === "CNAME"));
  const alias = own.find(([, kind]) => kind === "CNAME");
  if (alias === undefined || type === TYPE.CNAME) return own;
  return [alias, ...find(alias[2], type, zone)];
}

function emitRecord([name, kind, data]: ZoneRecord): number[] {
  const rdata = kind === "A"
    ? data.split(".").map(Number)
    : kind === "TXT"
    ? [data.length, ...new TextEncoder().encode(data)]
    : kind === "MX"
    ? [0, 10, ...emitName(data)]
    : emitName(data);
  return [
    ...emitName(name),
    0,
    TYPE[kind],
    0,
    1,
    0,
    0,
    TTL_SECONDS >> 8,
    TTL_SECONDS & 255,
    rdata.length >> 8,
    rdata.length & 255,
    ...rdata,
  ];
}

function emitName(name: string): number[] {
  const labels = name.split(".").map((label) => new TextEncoder().encode(label));
  return [...labels.flatMap((label) => [label.length, ...label]), 0];
}
