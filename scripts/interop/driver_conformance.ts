/** Runs the conformance suite of `netif` on a packet socket, another one at the far end of a veth. To be started inside a
 * network namespace which has the pair `lwa`, `lwb`; prints a line a case and fails when one does.
 *
 * @module
 */
import { PbufPool } from "@lightwire/pbuf";
import type { LinkSink } from "@lightwire/netif";
import { LINK_CONFORMANCE, type LinkHarness } from "@lightwire/netif/conformance";
import { PacketDriver } from "../../apps/ethernet/linux/packet_driver.ts";

/** How long a frame may take over the veth, in milliseconds. */
const SETTLE_MS = 15;

class FarEnd implements LinkSink {
  frames: Uint8Array[] = [];
  linkInput(p: Parameters<LinkSink["linkInput"]>[0]): void {
    this.frames.push(p.bytes.slice(p.start, p.end));
    p.release();
  }
  inputBatchEnd(): void {}
  linkStateChanged(): void {}
  linkWritable(): void {}
}

let failures = 0;
for (const { name, steps } of LINK_CONFORMANCE) {
  const pool = new PbufPool();
  const farPool = new PbufPool();
  const macAddress = 0x02_00_00_00_00_0a;
  const driver = PacketDriver.open({ name: "lwa", pool, macAddress, offload: false });
  const far = PacketDriver.open({ name: "lwb", pool: farPool, offload: false });
  const farEnd = new FarEnd();
  far.attach(farEnd);
  const harness: LinkHarness = {
    driver,
    pool,
    settle: () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS)),
    takeSent: () => farEnd.frames.splice(0),
    receive(frame) {
      const p = farPool.acquire(frame.length)!;
      p.bytes.set(frame, p.start);
      far.transmit(p);
      far.flush();
    },
  };
  try {
    for (const _ of steps(harness)) await harness.settle();
    console.log(`ok ${name}`);
  } catch (error) {
    failures++;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.message : error}`);
  }
  await driver.closeAndWait();
  await far.closeAndWait();
  if (pool.inUse !== 0) console.log(`note: ${pool.inUse} packets in use after ${name}`);
}
Deno.exit(failures === 0 ? 0 : 1);
