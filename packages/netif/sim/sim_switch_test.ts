import { assert, assertEquals, assertThrows } from "@std/assert";
import { FrameRecorder } from "./frame_recorder.ts";
import {
  createSwitch,
  type SimSwitch,
  SWITCH_AGING_MS,
  SWITCH_MAX_STATIONS,
  type SwitchPort,
} from "./sim_switch.ts";
import { Simulation } from "./simulation.ts";

const BROADCAST = 0xffff_ffff_ffff;

function segment(ports: number | readonly SwitchPort[]): {
  sim: Simulation;
  lan: SimSwitch;
  send: (port: number, destination: number, source?: number) => void;
  heard: () => number[];
} {
  const sim = new Simulation({ seed: 1 });
  const lan = createSwitch(sim, ports);
  const recorders = lan.drivers.map((driver) => {
    const recorder = new FrameRecorder(sim.clock);
    driver.attach(recorder);
    return recorder;
  });
  const send = (port: number, destination: number, source = lan.drivers[port]!.macAddress!) => {
    const p = sim.pool.acquire(60)!;
    p.view.setUint16(p.start, destination / 2 ** 32);
    p.view.setUint32(p.start + 2, destination % 2 ** 32);
    p.view.setUint16(p.start + 6, source / 2 ** 32);
    p.view.setUint32(p.start + 8, source % 2 ** 32);
    lan.drivers[port]!.transmit(p);
    sim.advance(1000);
    assertEquals(sim.pool.inUse, 0);
  };
  /** How many frames each port has heard since the last time. */
  const heard = () => recorders.map((recorder) => recorder.frames.splice(0).length);
  return { sim, lan, send, heard };
}

Deno.test("createSwitch() gives each driver an address of its own", () => {
  const { lan } = segment(3);
  assertEquals(lan.drivers.map((d) => d.macAddress), [0x020000000001, 0x020000000002, 0x020000000003]);
  assert(lan.drivers.every((d) => d.medium === "ethernet"));
});

Deno.test("broadcast, multicast and unknown stations reach all other ports", () => {
  const { send, heard, lan } = segment(4);
  for (const destination of [BROADCAST, 0x01005e000001, 0x020000000099]) {
    send(1, destination);
    assertEquals(heard(), [1, 0, 1, 1]);
  }
  assertEquals(lan.counters.flooded, 3);
});

Deno.test("a station once heard gets its frames alone, wherever it moves", () => {
  const { send, heard, lan } = segment(3);
  const mac = lan.drivers[0]!.macAddress!;
  send(0, BROADCAST);
  heard();
  send(2, mac);
  assertEquals(heard(), [1, 0, 0]);
  send(1, BROADCAST, mac);
  heard();
  send(2, mac);
  assertEquals(heard(), [0, 1, 0]);
  assertEquals(lan.counters.forwarded, 2);
});

Deno.test("a frame to a station on the same port goes nowhere", () => {
  const { send, heard, lan } = segment(2);
  send(0, BROADCAST, 0x020000000050);
  heard();
  send(0, 0x020000000050);
  assertEquals(heard(), [0, 0]);
  assertEquals(lan.counters.filtered, 1);
});

Deno.test("a station not heard of for five minutes is forgotten", () => {
  const { send, heard, sim, lan } = segment(3);
  const mac = lan.drivers[0]!.macAddress!;
  send(0, BROADCAST);
  sim.advance(SWITCH_AGING_MS - 2000);
  heard();
  send(1, mac);
  assertEquals(heard(), [1, 0, 0]);
  sim.advance(2000);
  send(1, mac);
  assertEquals(heard(), [1, 0, 1]);
});

Deno.test("forgetStations() makes it flood again", () => {
  const { send, heard, lan } = segment(3);
  send(0, BROADCAST);
  lan.forgetStations();
  heard();
  send(1, lan.drivers[0]!.macAddress!);
  assertEquals(heard(), [1, 0, 1]);
});

Deno.test("the table is bounded: the station silent for longest goes", () => {
  const { sim, lan } = segment(2);
  const announce = (source: number) => {
    const p = sim.pool.acquire(14)!;
    p.bytes.fill(0xff, p.start, p.end);
    p.view.setUint16(p.start + 6, source / 2 ** 32);
    p.view.setUint32(p.start + 8, source % 2 ** 32);
    lan.drivers[0]!.transmit(p);
    sim.advance(0);
  };
  for (let i = 0; i <= SWITCH_MAX_STATIONS; i++) announce(0x060000000000 + i);
  assertEquals(lan.counters.evicted, 1);
  announce(0x060000000000);
  assertEquals(lan.counters.evicted, 2);
});

Deno.test("a group address is never learned as a source; a runt is counted", () => {
  const { send, heard, lan, sim } = segment(3);
  send(0, BROADCAST, BROADCAST);
  heard();
  send(1, BROADCAST);
  assertEquals(heard(), [1, 0, 1]);
  lan.drivers[0]!.transmit(sim.pool.acquire(13)!);
  sim.advance(0);
  assertEquals(lan.counters.runts, 1);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("partition() lets only ports of one group talk, heal() all", () => {
  const { send, heard, lan } = segment(4);
  const mac = (port: number) => lan.drivers[port]!.macAddress!;
  for (let port = 0; port < 4; port++) send(port, BROADCAST);
  heard();
  lan.partition([0, 1], [2]);
  send(0, BROADCAST);
  assertEquals(heard(), [0, 1, 0, 0]);
  send(3, BROADCAST);
  assertEquals(heard(), [0, 0, 0, 0]);
  send(0, mac(2));
  assertEquals(heard(), [0, 0, 0, 0]);
  send(0, mac(1));
  assertEquals(heard(), [0, 1, 0, 0]);
  lan.heal();
  send(0, mac(2));
  assertEquals(heard(), [0, 0, 1, 0]);
  assertThrows(() => lan.partition([4]), RangeError);
});

Deno.test("each cable has its own faults", () => {
  const { send, heard, lan } = segment([
    { toSwitch: { lossRate: 1 } },
    { fromSwitch: { lossRate: 1 } },
    { fromSwitch: { duplicateRate: 1 } },
  ]);
  send(0, BROADCAST);
  assertEquals(heard(), [0, 0, 0]);
  send(1, BROADCAST);
  assertEquals(heard(), [1, 0, 2]);
  send(2, BROADCAST);
  assertEquals(heard(), [1, 0, 0]);
  assertEquals(lan.drivers[1]!.inbound.counters.lost, 1);
});

Deno.test("close() releases what is under way on every cable", () => {
  const sim = new Simulation({ seed: 1 });
  const lan = createSwitch(sim, [{ toSwitch: { delayMs: 5 } }, { fromSwitch: { delayMs: 5 } }]);
  const p = sim.pool.acquire(60)!;
  p.bytes.fill(0xff, p.start, p.end);
  lan.drivers[0]!.transmit(p);
  sim.advance(5);
  lan.drivers[0]!.transmit(sim.pool.acquire(60)!);
  assertEquals(sim.pool.inUse, 2);
  sim.close();
  assertEquals(sim.pool.inUse, 0);
});
