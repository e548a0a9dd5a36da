/** Sends text and gets it back with TCP's MD5 option, on a packet socket, for `tcp_md5_test.ts`. To be started inside a network
 * namespace which has the interface `lwe0`: role, key, octets.
 *
 * @module
 */
import { parsePrefix } from "@lightwire/ip";
import { PbufPool } from "@lightwire/pbuf";
import { Stack } from "@lightwire/sockets";
import { PacketDriver } from "../../apps/ethernet/linux/packet_driver.ts";
import { HOST_ADDRESS, KERNEL_ADDRESS } from "./lab.ts";

const [role, key = "", octets = "0"] = Deno.args;
const pool = new PbufPool();
const stack = new Stack({ pool });
stack.addInterface({
  driver: PacketDriver.open({ name: "lwe0", pool }),
  addresses: [`${HOST_ADDRESS}/24`],
});
if (key !== "") {
  const remote = parsePrefix(`${KERNEL_ADDRESS}/32`);
  if (remote === undefined) throw new TypeError(`not an address: ${KERNEL_ADDRESS}`);
  stack.tcp.keys.addMd5({ remote, key: new TextEncoder().encode(key) });
}

/** Sends text to the kernel, which returns it. */
async function ask(): Promise<void> {
  const sent = new Uint8Array(Number(octets)).map((_, i) => i * 31 + (i >> 8));
  const conn = await stack.connect({
    hostname: KERNEL_ADDRESS,
    port: 179,
    signal: AbortSignal.timeout(4000),
  });
  const writing = conn.write(sent).then(() => conn.closeWrite());
  const into = new Uint8Array(65536);
  let at = 0;
  let wrong = 0;
  for (let count = await conn.read(into); count !== null; count = await conn.read(into)) {
    for (let i = 0; i < count; i++) if (into[i] !== sent[at + i]) wrong++;
    at += count;
  }
  await writing;
  console.log(at === sent.length && wrong === 0 ? "equal" : `${at} octets, ${wrong} of them wrong`);
  conn.close();
  await conn.closed.catch(() => {});
}

/** Returns to the kernel what it sends. */
async function answer(): Promise<void> {
  const listener = stack.listen({ port: 179 });
  console.log("ready");
  const conn = await listener.accept();
  const into = new Uint8Array(65536);
  for (let count = await conn.read(into); count !== null; count = await conn.read(into)) {
    for (let at = 0; at < count;) at += await conn.write(into.subarray(at, count));
  }
  await conn.closeWrite();
  await conn.closed.catch(() => {});
}

try {
  await (role === "client" ? ask() : Promise.race([answer(), new Promise((r) => setTimeout(r, 8000))]));
} catch (error) {
  console.log("failed", (error as Error).name);
}
const { signatureFailures, signaturesMissing, signaturesUnexpected } = stack.tcp.counters;
console.log("failures", signatureFailures, "missing", signaturesMissing, "unexpected", signaturesUnexpected);
stack.close();
Deno.exit(0);
