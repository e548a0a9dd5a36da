import { assertEquals, assertThrows } from "@std/assert";
import { SerialOpenError } from "@lightwire/ppp";
import { checkLines, describePortErrors, type DiagPort, portNotOpened } from "./port_checks.ts";

const SETTINGS = { device: "/dev/ttyUSB0", baudRate: 115_200, flow: "none" as const };

function port(inputLines: DiagPort["inputLines"], more: Partial<DiagPort> = {}): DiagPort {
  return {
    name: "/dev/ttyUSB0",
    inputLines,
    attach() {},
    write: (bytes, start = 0, end = bytes.length) => end - start,
    setBaudRate() {},
    setOutputLines() {},
    discardOutput() {},
    close() {},
    ...more,
  };
}

Deno.test("portNotOpened(): what the driver knows about the way out goes before the catalogue", () => {
  const remedyOf = (error: SerialOpenError) => portNotOpened(error).remedy;
  const owner = "only its owner may open it: `sudo chown $USER /dev/ttyUSB0`";
  assertEquals(
    remedyOf(new SerialOpenError("no-permission", "/dev/ttyUSB0", owner)),
    "`sudo chown $USER /dev/ttyUSB0`.",
  );
  const manager = "by ModemManager (process 612); `sudo systemctl stop ModemManager` ends it";
  assertEquals(
    remedyOf(new SerialOpenError("port-in-use", "/dev/ttyUSB0", manager)),
    "End ModemManager (process 612): `sudo systemctl stop ModemManager`.",
  );
  assertEquals(
    remedyOf(new SerialOpenError("port-in-use", "/dev/ttyUSB0", "by minicom (process 7); end it first")),
    "End minicom (process 7).",
  );
  assertEquals(
    remedyOf(new SerialOpenError("no-port", "/dev/ttyUSB9", "this machine has /dev/ttyUSB0, /dev/ttyS0")),
    "Name one that is there, with --device: /dev/ttyUSB0, /dev/ttyS0.",
  );
  assertEquals(
    remedyOf(new SerialOpenError("no-port", "/dev/ttyUSB9", "this machine has no serial port")),
    undefined,
  );
  const nobody = "by another program; `sudo fuser -v` names it";
  assertEquals(remedyOf(new SerialOpenError("port-in-use", "/dev/ttyUSB0", nobody)), undefined);
});

Deno.test("portNotOpened(): the group of the port, and its name, are facts for the catalogue", () => {
  const detail = "it is for group uucp: `sudo usermod -aG uucp $USER`, then log in again";
  const { cause, facts, result } = portNotOpened(
    new SerialOpenError("no-permission", "/dev/ttyUSB0 (simulated)", detail),
  );
  assertEquals([result, cause, facts], ["fail", "no-permission", { device: "/dev/ttyUSB0", group: "uucp" }]);
  assertThrows(() => portNotOpened(new Error("a defect")), Error, "a defect");
});

Deno.test("checkLines(): CTS off forbids sending under flow control only", () => {
  const off = { cts: false, dsr: true, dcd: false, ri: false };
  assertEquals(checkLines(port(off), SETTINGS).result, "pass");
  assertEquals(checkLines(port(off), SETTINGS).text, "CTS off, DSR on, DCD off, RI off");
  assertEquals(checkLines(port(off), { ...SETTINGS, flow: "rtscts" }).result, "warn");
  assertEquals(checkLines(port(undefined), SETTINGS).result, "skip");
});

Deno.test("describePortErrors(): the system's counters are evidence where there are any", () => {
  assertEquals(describePortErrors(port(undefined)), []);
  const lineErrors = () => ({ overrun: 3, bufferOverrun: 0, frame: 1, parity: 0 });
  assertEquals(describePortErrors(port(undefined, { lineErrors })), [
    "counted by the port: 3 overruns, 0 of the driver's buffer, 1 without a stop bit, 0 of wrong parity",
  ]);
});
