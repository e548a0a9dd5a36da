/** Opens and closes connections on a packet socket, for `tcp_fast_open_test.ts`. To be started inside a network namespace which has
 * the interface `lwe0`; the first word says what to do.
 *
 * @module
 */
import { Stack } from "@lightwire/sockets";
import { PbufPool } from "@lightwire/pbuf";
import { PacketDriver } from "../../apps/ethernet/linux/packet_driver.ts";
import { HOST_ADDRESS, KERNEL_ADDRESS } from "./lab.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const pool = new PbufPool();
const role = Deno.args[0];
const stack = new Stack({ pool, tcp: { synCookies: role === "cookies" ? "always" : "auto" } });
stack.addInterface({
  driver: PacketDriver.open({ name: "lwe0", pool, offload: false }),
  addresses: [`${HOST_ADDRESS}/24`],
});

/** Asks the kernel three times, each time with Fast Open. */
async function ask(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const conn = await stack.connect({
      hostname: KERNEL_ADDRESS,
      port: 80,
      fastOpen: encoder.encode(`request ${i}`),
    });
    const into = new Uint8Array(100);
    const count = await conn.read(into);
    console.log("answer", decoder.decode(into.subarray(0, count ?? 0)));
    await conn.closeWrite();
    await conn.read(into);
    conn.close();
  }
  const { fastOpenActive, fastOpenActiveFails } = stack.tcp.counters;
  console.log("taken", fastOpenActive, "refused", fastOpenActiveFails);
}

/** Sends back what comes, on three connections. */
async function answer(): Promise<void> {
  const listener = stack.listen({ port: 81, fastOpen: 16 });
  console.log("ready");
  for (let i = 0; i < 3; i++) {
    const conn = await listener.accept();
    const into = new Uint8Array(65536);
    for (let count = await conn.read(into); count !== null; count = await conn.read(into)) {
      await conn.write(into.subarray(0, count));
    }
    await conn.closeWrite();
    await conn.closed.catch(() => {});
  }
  const { fastOpenPassive, synCookiesSent, synCookiesReceived } = stack.tcp.counters;
  console.log("early", fastOpenPassive, "cookies", synCookiesSent, synCookiesReceived);
}

await (role === "client" ? ask() : answer());
stack.close();
Deno.exit(0);
