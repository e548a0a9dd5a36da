import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Simulation } from "@lightwire/netif/sim";
import type { SerialInputLines, SerialPort } from "../serial_port.ts";
import { SimulatedCable } from "./serial_cable.ts";

function listen(
  port: SerialPort,
): { bytes: number[]; lines: SerialInputLines[]; writable: number; closed: number } {
  const heard = { bytes: [] as number[], lines: [] as SerialInputLines[], writable: 0, closed: 0 };
  port.attach({
    serialInput: (bytes) => heard.bytes.push(...bytes),
    serialWritable: () => void heard.writable++,
    serialLinesChanged: (lines) => heard.lines.push(lines),
    serialClosed: () => void heard.closed++,
  });
  return heard;
}

function plug(computerBaud: number, modemBaud = computerBaud) {
  const sim = new Simulation({ seed: "cable" });
  const random = sim.random("noise");
  const cable = new SimulatedCable({ timers: sim.timers, random, computerBaud, modemBaud });
  return { sim, cable, computer: listen(cable.computer), modem: listen(cable.modem) };
}

for (const baud of [300, 9600, 115200, 921600]) {
  Deno.test(`a cable at ${baud} baud takes ten bit times for an octet, both ways`, () => {
    const { sim, cable, modem, computer } = plug(baud);
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);
    assertEquals(cable.computer.write(bytes), 1000);
    assertEquals(cable.modem.write(bytes), 1000);
    assert(sim.runUntil(() => modem.bytes.length === 1000 && computer.bytes.length === 1000, 60_000));
    assertAlmostEquals(sim.clock.now(), 1000 * 10 * 1000 / baud, 1e-3);
    assertEquals(modem.bytes, [...bytes]);
    assertEquals(computer.bytes, [...bytes]);
    assertEquals(sim.timers.size, 0);
  });
}

Deno.test("a full port takes a part, and says when there is room again", () => {
  const { sim, cable, modem, computer } = plug(115200);
  const bytes = new Uint8Array(5000).fill(0x55);
  assertEquals(cable.computer.write(bytes), 4096);
  assertEquals(cable.computer.write(bytes), 0);
  sim.advance(10);
  assertEquals(computer.writable, 0);
  sim.advance(170);
  assertEquals(computer.writable, 1); // half of it is empty
  assertEquals(cable.computer.write(bytes, 4096), 904);
  sim.advance(1000);
  assertEquals(modem.bytes.length, 5000);
});

Deno.test("speeds that differ turn text into noise; a change applies to what is written after it", () => {
  const { sim, cable, modem, computer } = plug(9600, 115200);
  cable.computer.write(new TextEncoder().encode("AT\r"));
  sim.advance(100);
  assertEquals(modem.bytes.length, 6);
  assert(modem.bytes.every((byte) => byte >= 0x80));
  cable.computer.write(new TextEncoder().encode("at\r"));
  cable.computer.setBaudRate(115200);
  cable.computer.write(new TextEncoder().encode("AT\r"));
  sim.advance(100);
  assertEquals(String.fromCharCode(...modem.bytes.slice(-3)), "AT\r");
  assertEquals(modem.bytes.length, 15);
  cable.modem.write(new TextEncoder().encode("OK"));
  sim.advance(100);
  assertEquals(String.fromCharCode(...computer.bytes), "OK");
  assertThrows(() => cable.computer.setBaudRate(0), RangeError, "0 baud");
});

Deno.test("lines change on the other side in a moment, not during the call", () => {
  const { sim, cable, modem, computer } = plug(115200);
  sim.advance(0);
  assertEquals(modem.lines.length, 1);
  cable.computer.setOutputLines({ dtr: false, rts: true });
  assertEquals(modem.lines.length, 1);
  sim.advance(0);
  assertEquals(modem.lines.at(-1), { dcd: false, dsr: false, cts: true, ri: false });
  cable.modem.setModemLines({ dcd: true, cts: true, dsr: true, ri: false });
  assertEquals(cable.computer.inputLines?.dcd, true);
  sim.advance(0);
  assertEquals(computer.lines, [{ dcd: true, cts: true, dsr: true, ri: false }]);
  cable.modem.close();
  assertEquals(computer.closed, 1);
  assertEquals(cable.computer.write(Uint8Array.of(1)), 0);
});

Deno.test("what is thrown away is not sent", () => {
  const { sim, cable, modem, computer } = plug(115200);
  cable.computer.write(new Uint8Array(5000));
  cable.computer.discardOutput();
  assertEquals(computer.writable, 1);
  sim.advance(1000);
  assertEquals(modem.bytes, []);
  cable.computer.close();
  sim.advance(0);
  assertEquals(modem.lines.at(-1)?.dsr, false);
});
