import { ipv4 } from "@lightwire/ip";
import { type ConnectionKey, ConnectionTable } from "./demux.ts";

const LOCAL = ipv4(0x0a000001);

function fill(count: number): [ConnectionTable<ConnectionKey>, ConnectionKey[]] {
  const table = new ConnectionTable<ConnectionKey>(0x5eed);
  const keys: ConnectionKey[] = [];
  for (let i = 0; i < count; i++) {
    const key: ConnectionKey = {
      localAddress: LOCAL,
      localPort: 80,
      remoteAddress: ipv4(0xc0a80000 + (i >> 10)),
      remotePort: 1024 + (i & 1023),
    };
    keys.push(key);
    table.add(key);
  }
  return [table, keys];
}

for (const count of [1, 1000, 100_000]) {
  const [table, keys] = fill(count);
  let i = 0;
  Deno.bench(`ConnectionTable.lookup() among ${count}`, { group: "lookup" }, () => {
    const key = keys[i]!;
    i = i + 1 === count ? 0 : i + 1;
    table.lookup(LOCAL, 80, key.remoteAddress, key.remotePort);
  });
}
