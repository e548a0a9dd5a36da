import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type SerialInputLines, SerialOpenError, type SerialSink } from "@lightwire/ppp";
import { cString, libc, O_NOCTTY, O_RDWR, openPty, type Pty } from "@lightwire/app-linux";
import { openTty } from "./open_tty.ts";
import { openSerialPort } from "./open_serial_port.ts";
import type { TtyPort } from "./tty_port.ts";
import { TtySettings } from "./tty_settings.ts";

// Loaded once for the program: no test leaks it.
libc();

const SETTINGS = { baudRate: 115_200, flow: "none" } as const;

/** Collects what a port hands up. */
class Recorder implements SerialSink {
  readonly chunks: Uint8Array[] = [];
  octets = 0;
  writable = 0;
  closed: (Error | undefined)[] = [];
  #changed: () => void = () => {};

  serialInput(bytes: Uint8Array): void {
    this.chunks.push(bytes.slice());
    this.octets += bytes.length;
    this.#changed();
  }

  serialWritable(): void {
    this.writable++;
    this.#changed();
  }

  serialLinesChanged(_lines: SerialInputLines): void {
    throw new Error("a pseudo-terminal has no lines");
  }

  serialClosed(error: Error | undefined): void {
    this.closed.push(error);
    this.#changed();
  }

  get text(): string {
    return this.chunks.map((chunk) => new TextDecoder().decode(chunk)).join("");
  }

  /** Waits until `isDone`, which is looked at whenever something was handed up. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>((resolve) => this.#changed = resolve);
  }
}

/** A port with a master to write into and read from. */
class Line implements AsyncDisposable {
  readonly pty: Pty = openPty();
  readonly port: TtyPort = openTty(this.pty.path, SETTINGS);
  readonly sink = new Recorder();
  #isMasterOpen = true;

  constructor() {
    this.port.attach(this.sink);
  }

  send(bytes: Uint8Array<ArrayBuffer>): number {
    return libc().write(this.pty.masterFd, bytes, bytes.length);
  }

  /** What the port wrote and nobody has read. */
  receive(): Uint8Array {
    const memory = new Uint8Array(65536);
    const count = libc().read(this.pty.masterFd, memory, memory.length);
    return memory.subarray(0, Math.max(0, count));
  }

  hangUp(): void {
    if (this.#isMasterOpen) libc().close(this.pty.masterFd);
    this.#isMasterOpen = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.port.closeAndWait();
    this.hangUp();
  }
}

Deno.test("pseudo-terminal: every octet value passes unchanged, both ways", async () => {
  await using line = new Line();
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assertEquals(line.send(all), 256);
  await line.sink.until(() => line.sink.octets === 256);
  assertEquals(line.sink.chunks.flatMap((chunk) => [...chunk]), [...all]);
  assertEquals(line.port.write(all), 256);
  assertEquals(line.receive(), all);
  assertEquals(line.port.write(all, 65, 70), 5);
  assertEquals(new TextDecoder().decode(line.receive()), "ABCDE");
  assertEquals(line.port.inputLines, undefined);
  assertEquals(line.port.lineErrors(), undefined);
  line.port.setOutputLines({ dtr: false, rts: false });
});

Deno.test("pseudo-terminal: settings are raw while it is open, and come back when it is closed", async () => {
  const pty = openPty();
  const watch = libc().open(cString(pty.path), O_RDWR | O_NOCTTY);
  try {
    const before = TtySettings.read(watch);
    assertEquals(before.isRaw, false);
    const port = openTty(pty.path, { baudRate: 460_800, flow: "rtscts" });
    const during = TtySettings.read(watch);
    assertEquals([during.isRaw, during.baudRate, during.isRtsCts], [true, 460_800, true]);
    await port.closeAndWait();
    const after = TtySettings.read(watch);
    assertEquals([after.isRaw, after.baudRate, after.isRtsCts], [false, before.baudRate, false]);
  } finally {
    libc().close(watch);
    libc().close(pty.masterFd);
  }
});

Deno.test("open: a speed which no table has", async () => {
  await using line = new Line();
  line.port.setBaudRate(1_234_567);
  assertEquals(line.port.baudRate, 1_234_567);
  const watch = libc().open(cString(line.pty.path), O_RDWR | O_NOCTTY);
  assertEquals(TtySettings.read(watch).baudRate, 1_234_567);
  libc().close(watch);
  for (const baud of [0, -1, 9600.5, NaN, 5e9]) assertThrows(() => line.port.setBaudRate(baud), RangeError);
});

Deno.test("open: a second time is refused, and says by whom the port is used", async () => {
  await using line = new Line();
  const error = await assertRejects(
    () => openSerialPort(line.pty.path, SETTINGS),
    SerialOpenError,
  );
  assertEquals(error.cause, "port-in-use");
  assert(error.detail.includes(`process ${Deno.pid}`), error.detail);
});

Deno.test("open: no such port, no device, no terminal", async () => {
  const refused = async (device: string, text: string): Promise<void> => {
    const error = await assertRejects(() => openSerialPort(device, SETTINGS), SerialOpenError);
    assertEquals(error.cause, "no-port");
    assert(error.detail.includes(text), error.detail);
    assert(error.detail.includes("this machine has"), error.detail);
  };
  await refused("/dev/ttyUSB4711", "");
  await refused("/etc/passwd", "no device");
  await refused("/dev/null", "no serial port");
});

Deno.test("write: a full line takes a part, and says when there is room", async () => {
  await using line = new Line();
  const block = new Uint8Array(1 << 20).map((_, i) => i * 7);
  let taken = line.port.write(block);
  assert(taken > 0 && taken < block.length, `${taken}`);
  const got: number[] = [];
  while (got.length < 200_000) {
    const bytes = line.receive();
    for (const octet of bytes) got.push(octet);
    if (bytes.length > 0) continue;
    const before = line.sink.writable;
    await line.sink.until(() => line.sink.writable > before);
    taken += line.port.write(block, taken, Math.min(block.length, taken + 50_000));
  }
  assertEquals(got, [...block.subarray(0, got.length)]);
  assert(line.port.counters.writesBlocked > 0);
});

Deno.test("discardOutput: what the other end has not read is gone", async () => {
  await using line = new Line();
  const taken = line.port.write(new Uint8Array(1 << 20));
  line.port.discardOutput();
  // The first few thousand are in the other end's hands already.
  let received = 0;
  for (let bytes = line.receive(); bytes.length > 0; bytes = line.receive()) received += bytes.length;
  assert(received < taken / 2, `${received} of ${taken}`);
});

Deno.test("hang-up: what came before is handed up, then the end is told once", async () => {
  await using line = new Line();
  line.send(new TextEncoder().encode("NO CARRIER"));
  await line.sink.until(() => line.sink.octets === 10);
  line.hangUp();
  await line.sink.until(() => line.sink.closed.length > 0);
  assertEquals(line.sink.closed.length, 1);
  assert(line.sink.closed[0]!.message.includes("hung up"));
  assertEquals(line.port.write(new Uint8Array(1)), 0);
});

Deno.test("attach: another sink takes over without a lost octet", async () => {
  await using line = new Line();
  line.send(new TextEncoder().encode("CONNECT"));
  await line.sink.until(() => line.sink.octets === 7);
  const second = new Recorder();
  line.port.attach(second);
  line.send(new TextEncoder().encode("~~~"));
  await second.until(() => second.octets === 3);
  assertEquals([line.sink.text, second.text], ["CONNECT", "~~~"]);
});

Deno.test("close: no call follows, not even the end", async () => {
  const line = new Line();
  line.port.close();
  line.hangUp();
  await line.port.closeAndWait();
  assertEquals([line.sink.octets, line.sink.closed.length], [0, 0]);
});

Deno.test("an idle port sleeps", async () => {
  await using line = new Line();
  line.send(new TextEncoder().encode("x"));
  await line.sink.until(() => line.sink.octets === 1);
  const before = line.port.counters.wakeUps;
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  assert(line.port.counters.wakeUps - before <= 2, `${line.port.counters.wakeUps - before} wake-ups`);
});

Deno.test("exit: the settings come back whether the program ends, throws or is hung up on", async () => {
  const script = new URL("./testdata/leave_port.ts", import.meta.url).pathname;
  for (const how of ["exit", "throw", "reject", "hang-up"]) {
    const pty = openPty();
    const watch = libc().open(cString(pty.path), O_RDWR | O_NOCTTY);
    const before = TtySettings.read(watch).baudRate;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-lock", "--no-check", "-A", script, pty.path, how],
      stdout: "piped",
      stderr: "null",
    }).output();
    assertEquals(new TextDecoder().decode(stdout).trim(), "57600", how);
    const after = TtySettings.read(watch);
    assertEquals([after.baudRate, after.isRaw], [before, false], how);
    libc().close(watch);
    libc().close(pty.masterFd);
  }
});
