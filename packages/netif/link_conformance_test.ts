import { assertStringIncludes } from "@std/assert";
import { PbufPool } from "@lightwire/pbuf";
import { Bridge } from "./bridge.ts";
import { FaultLink } from "./fault_link.ts";
import { type LinkCapabilities, type LinkDriver, type LinkSink, NO_OFFLOAD } from "./link.ts";
import { LINK_CONFORMANCE, type LinkHarness } from "./link_conformance.ts";
import { LinkMiddleware } from "./link_middleware.ts";
import { LoopbackLink } from "./loopback_link.ts";
import { createMemoryLinkPair } from "./memory_link.ts";
import { PcapLink } from "./pcap_link.ts";
import { PcapngWriter } from "./pcapng.ts";
import { PointToPointLink } from "./point_to_point_link.ts";
import { bytesOf, packetOf } from "./testdata/fake_driver.ts";
import { TimerQueue } from "./timers.ts";
import { TracerLink } from "./tracer_link.ts";

type Wrap = (driver: LinkDriver, timers: TimerQueue) => LinkDriver;

interface Setup {
  medium?: "ethernet" | "ip";
  capabilities?: LinkCapabilities;
  wrap?: Wrap;
}

const FULL: LinkCapabilities = { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65535, gro: true };
const CLOCK = { now: () => 0 };

function makePool(): PbufPool {
  return new PbufPool([{ slotBytes: 2048, slots: 3200 }], { trackHolders: true });
}

/** Records what arrives at the far end. */
class FarEnd implements LinkSink {
  frames: Uint8Array[] = [];
  linkInput(p: Parameters<LinkSink["linkInput"]>[0]): void {
    this.frames.push(bytesOf(p));
    p.release();
  }
  inputBatchEnd(): void {}
  linkStateChanged(): void {}
  linkWritable(): void {}
}

function memory({ medium, capabilities = NO_OFFLOAD, wrap = (driver) => driver }: Setup): LinkHarness {
  const pool = makePool();
  const timers = new TimerQueue(CLOCK);
  const [near, far] = createMemoryLinkPair({ timersA: timers, timersB: timers, medium, capabilities });
  const farEnd = new FarEnd();
  far.attach(farEnd);
  return {
    driver: wrap(near, timers),
    pool,
    settle: () => timers.runDue(),
    takeSent: () => farEnd.frames.splice(0),
    receive: (frame) => far.transmit(packetOf(pool, frame)),
  };
}

function pointToPoint(): LinkHarness {
  const pool = makePool();
  const sent: Uint8Array[] = [];
  const arriving: Uint8Array[] = [];
  let room = 50;
  const driver = new PointToPointLink({
    pool,
    send(packet) {
      if (room === 0) return false;
      room--;
      sent.push(packet.slice());
      return true;
    },
  });
  return {
    driver,
    pool,
    settle() {
      room = 50;
      driver.receive(...arriving.splice(0));
      driver.writable();
    },
    takeSent: () => sent.splice(0),
    receive: (frame) => arriving.push(frame),
  };
}

const WRAPS: Record<string, Wrap> = {
  "no middleware": (driver) => driver,
  "a plain middleware": (driver) => new LinkMiddleware(driver),
  "TracerLink": (driver) => new TracerLink(driver, () => {}),
  "PcapLink": (driver) =>
    new PcapLink(driver, { writer: new PcapngWriter(() => {}), clock: CLOCK, name: "en0" }),
  "FaultLink without faults": (driver, timers) => new FaultLink(driver, { timers }),
  "Bridge of one port": (driver) =>
    new Bridge({ clock: CLOCK, macAddress: 0x02_00_00_00_00_0c, ports: [driver] }),
};

const HARNESSES: [string, () => LinkHarness][] = [
  ["memory, medium ip", () => memory({ medium: "ip" })],
  ["point to point", pointToPoint],
];
for (const [name, wrap] of Object.entries(WRAPS)) {
  HARNESSES.push([`memory, ${name}`, () => memory({ wrap })]);
  HARNESSES.push([`memory with offloads, ${name}`, () => memory({ wrap, capabilities: FULL })]);
}

for (const [name, make] of HARNESSES) {
  for (const { name: promise, steps } of LINK_CONFORMANCE) {
    Deno.test(`${name}: ${promise}`, () => {
      const harness = make();
      for (const _ of steps(harness)) harness.settle();
    });
  }
}

Deno.test("the suite finds the classical mistakes of a driver", () => {
  const broken: Record<string, (driver: LinkDriver) => LinkDriver> = {
    "instead of": (driver) =>
      new class extends LinkMiddleware { // loses every third frame
        #count = 0;
        override transmit(p: Parameters<LinkDriver["transmit"]>[0]): boolean {
          if (++this.#count % 3 !== 0) return super.transmit(p);
          p.release();
          return true;
        }
      }(driver),
    "inside of a call": (driver) =>
      new class extends LinkMiddleware { // delivers inside of transmit()
        override transmit(p: Parameters<LinkDriver["transmit"]>[0]): boolean {
          this.sink?.linkInput(p.pool.acquire(60)!);
          return super.transmit(p);
        }
      }(driver),
    "are in use": (driver) =>
      new class extends LinkMiddleware { // forgets to release
        override transmit(p: Parameters<LinkDriver["transmit"]>[0]): boolean {
          return super.transmit(p.retain());
        }
      }(driver),
    "had no end": (driver) =>
      new class extends LinkMiddleware { // never ends a batch
        override inputBatchEnd(): void {}
      }(driver),
    "differs at byte": (driver) =>
      new class extends LinkMiddleware { // writes into the frame
        override transmit(p: Parameters<LinkDriver["transmit"]>[0]): boolean {
          p.bytes[p.end - 1]! ^= 1;
          return super.transmit(p);
        }
      }(driver),
    "never said": (driver) =>
      new class extends LinkMiddleware { // does not report room
        override linkWritable(): void {}
      }(driver),
    "held by a closed driver": (driver) =>
      new class extends LinkMiddleware { // keeps a frame for ever
        override transmit(p: Parameters<LinkDriver["transmit"]>[0]): boolean {
          p.retain();
          return super.transmit(p);
        }
      }(driver),
  };
  for (const [complaint, wrap] of Object.entries(broken)) {
    let found = "";
    for (const { steps } of LINK_CONFORMANCE) {
      const harness = memory({ wrap });
      try {
        for (const _ of steps(harness)) harness.settle();
      } catch (error) {
        found += `${(error as Error).message}\n`;
      }
    }
    assertStringIncludes(found, complaint);
  }
});

Deno.test("LoopbackLink keeps the promises that make sense for it", () => {
  for (const { name, steps } of LINK_CONFORMANCE) {
    // What it sends comes in again, so both ends are the same.
    if (/come in|leave|not changed|finished/.test(name)) continue;
    const pool = makePool();
    const timers = new TimerQueue(CLOCK);
    const driver = new LoopbackLink(timers);
    const harness: LinkHarness = {
      driver,
      pool,
      settle: () => timers.runDue(),
      takeSent: () => [],
      receive: (frame) => driver.transmit(packetOf(pool, frame)),
    };
    for (const _ of steps(harness)) harness.settle();
  }
});
