import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type SerialInputLines, SerialOpenError, type SerialSink } from "@lightwire/ppp";
import { COM_PORT, OPTION_BINARY, OPTION_COM_PORT } from "./com_port_option.ts";
import { openSerialPort, parseNetworkPort } from "./open_serial_port.ts";
import {
  DO,
  DONT,
  emitNegotiation,
  emitSubnegotiation,
  TelnetDecoder,
  type TelnetSink,
  WILL,
} from "./telnet_codec.ts";

const SETTINGS = { baudRate: 115_200, flow: "none" } as const;

class Recorder implements SerialSink {
  readonly data: number[] = [];
  readonly lines: SerialInputLines[] = [];
  closed = 0;
  writable = 0;
  #changed: () => void = () => {};
  serialInput(bytes: Uint8Array): void {
    this.data.push(...bytes);
    this.#changed();
  }
  serialWritable(): void {
    this.writable++;
    this.#changed();
  }
  serialLinesChanged(lines: SerialInputLines): void {
    this.lines.push(lines);
    this.#changed();
  }
  serialClosed(): void {
    this.closed++;
    this.#changed();
  }
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>((resolve) => this.#changed = resolve);
  }
}

/** The server's end of one connection. */
class Server implements TelnetSink, AsyncDisposable {
  readonly data: number[] = [];
  readonly heard: string[] = [];
  isComPort = true;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #decoder = new TelnetDecoder(this);
  readonly #accepted: Promise<Deno.Conn>;
  #connection: Deno.Conn | undefined;
  #reader: Promise<void> | undefined;
  #changed: () => void = () => {};

  constructor(isTelnet: boolean) {
    this.#accepted = this.#listener.accept();
    this.#reader = this.#accepted.then(async (connection) => {
      this.#connection = connection;
      if (isTelnet) await this.#read(connection);
    });
  }

  get address(): string {
    return `127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
  }

  get connection(): Promise<Deno.Conn> {
    return this.#accepted;
  }

  async send(bytes: Uint8Array): Promise<void> {
    await (await this.#accepted).write(bytes);
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>((resolve) => this.#changed = resolve);
  }

  telnetData(bytes: Uint8Array, start: number, end: number): void {
    this.data.push(...bytes.subarray(start, end));
  }

  telnetNegotiation(command: number, option: number): void {
    this.heard.push(`${command === WILL ? "WILL" : command === DO ? "DO" : command} ${option}`);
    if (option === OPTION_COM_PORT) void this.send(emitNegotiation(this.isComPort ? DO : DONT, option));
    if (option === OPTION_BINARY) void this.send(emitNegotiation(command === WILL ? DO : WILL, option));
  }

  telnetSubnegotiation(_option: number, payload: Uint8Array): void {
    this.heard.push([...payload].join(" "));
    void this.send(emitSubnegotiation(OPTION_COM_PORT, [payload[0]! + 100, ...payload.subarray(1)]));
  }

  async #read(connection: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const count = await connection.read(buffer).catch(() => null);
      if (count === null) return;
      this.#decoder.input(buffer.subarray(0, count));
      this.#changed();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#reader?.catch(() => {});
    try {
      this.#connection?.close();
    } catch {
      // The test closed it.
    }
  }
}

Deno.test("tcp: octets pass both ways, and the end is told", async () => {
  await using server = new Server(false);
  const port = await openSerialPort(`tcp:${server.address}`, SETTINGS);
  const connection = await server.connection;
  const sink = new Recorder();
  port.attach(sink);
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assertEquals(port.write(all), 256);
  const got = new Uint8Array(256);
  for (let at = 0; at < 256;) at += (await connection.read(got.subarray(at)))!;
  assertEquals(got, all);
  await connection.write(all);
  await sink.until(() => sink.data.length === 256);
  assertEquals(sink.data, [...all]);
  connection.close();
  await sink.until(() => sink.closed > 0);
  assertEquals([sink.closed, port.write(all)], [1, 0]);
  await port.closeAndWait();
});

Deno.test("tcp: a peer that does not read fills the queue, and its reading empties it", async () => {
  await using server = new Server(false);
  const port = await openSerialPort(`tcp:${server.address}`, SETTINGS);
  const connection = await server.connection;
  const sink = new Recorder();
  port.attach(sink);
  const block = new Uint8Array(65536).map((_, i) => i * 31);
  let sent = 0;
  const want = 20_000_000;
  let received = 0;
  const reading = (async () => {
    const buffer = new Uint8Array(1 << 20);
    while (received < want) {
      const count = (await connection.read(buffer))!;
      for (let i = 0; i < count; i += 997) {
        assertEquals(buffer[i], block[(received + i) % block.length]);
      }
      received += count;
    }
  })();
  while (sent < want) {
    const at = sent % block.length;
    const end = Math.min(block.length, at + want - sent);
    const count = port.write(block, at, end);
    sent += count;
    if (count === end - at) continue;
    const before = sink.writable;
    await sink.until(() => sink.writable > before);
  }
  await reading;
  assert(sink.writable > 0);
  await port.closeAndWait();
});

Deno.test("rfc2217: speed, format, flow control and lines are set, and data is escaped (RFC 2217 §3)", async () => {
  await using server = new Server(true);
  const port = await openSerialPort(`rfc2217:${server.address}`, SETTINGS);
  const sink = new Recorder();
  port.attach(sink);
  port.write(Uint8Array.of(1, 255, 13, 0, 2));
  port.setBaudRate(921_600);
  port.setOutputLines({ dtr: false, rts: true });
  port.discardOutput();
  await server.until(() => server.heard.includes("12 2"));
  assertEquals(server.data, [1, 255, 13, 0, 2]);
  assertEquals(server.heard.filter((text) => !text.includes("L") && !text.includes("O")), [
    "1 0 1 194 0", // SET-BAUDRATE 115200
    "2 8", // SET-DATASIZE 8
    "3 1", // SET-PARITY NONE
    "4 1", // SET-STOPSIZE 1
    "5 1", // SET-CONTROL: no flow control
    "5 14",
    "11 240", // SET-MODEMSTATE-MASK
    "5 8", // DTR on
    "5 11", // RTS on
    "1 0 14 16 0", // SET-BAUDRATE 921600
    "5 9", // DTR off
    "5 11",
    "12 2", // PURGE-DATA
  ]);
  assertEquals(port.inputLines, undefined);
  await server.send(emitSubnegotiation(OPTION_COM_PORT, [COM_PORT.notifyModemState + 100, 0xb8]));
  await sink.until(() => sink.lines.length > 0);
  assertEquals(port.inputLines, { dcd: true, ri: false, dsr: true, cts: true });
  await server.send(Uint8Array.of(255, 255, 13, 0, 65));
  await sink.until(() => sink.data.length === 4);
  assertEquals(sink.data, [255, 13, 0, 65]);
  await port.closeAndWait();
});

Deno.test("rfc2217: FLOWCONTROL-SUSPEND stops us until FLOWCONTROL-RESUME (RFC 2217 §3)", async () => {
  await using server = new Server(true);
  const port = await openSerialPort(`rfc2217:${server.address}`, SETTINGS);
  const sink = new Recorder();
  port.attach(sink);
  await server.send(emitSubnegotiation(OPTION_COM_PORT, [COM_PORT.flowControlSuspend + 100]));
  await server.send(Uint8Array.of(7));
  await sink.until(() => sink.data.length === 1);
  assertEquals(port.write(Uint8Array.of(1, 2)), 0);
  await server.send(emitSubnegotiation(OPTION_COM_PORT, [COM_PORT.flowControlResume + 100]));
  await sink.until(() => sink.writable > 0);
  assertEquals(port.write(Uint8Array.of(1, 2)), 2);
  await port.closeAndWait();
});

Deno.test("rfc2217: what arrives before anybody is attached is kept", async () => {
  await using server = new Server(true);
  const port = await openSerialPort(`rfc2217:${server.address}`, SETTINGS);
  await server.send(Uint8Array.of(1, 2, 3));
  await server.send(emitSubnegotiation(OPTION_COM_PORT, [COM_PORT.notifyModemState + 100, 0x80]));
  while (port.inputLines === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  const sink = new Recorder();
  port.attach(sink);
  await sink.until(() => sink.data.length === 3);
  await port.closeAndWait();
});

Deno.test("rfc2217: a server that lends no port is told apart", async () => {
  await using server = new Server(true);
  server.isComPort = false;
  const error = await assertRejects(
    () => openSerialPort(`rfc2217:${server.address}`, SETTINGS),
    SerialOpenError,
  );
  assert(error.message.includes("does not let its port be controlled"), error.message);
});

Deno.test("open: nobody listens there", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const error = await assertRejects(() => openSerialPort(`tcp:127.0.0.1:${port}`, SETTINGS), SerialOpenError);
  assertEquals(error.cause, "no-port");
  assert(error.message.includes("refused"), error.message);
});

Deno.test("parseNetworkPort(): names, addresses, and what is none", () => {
  assertEquals(parseNetworkPort("tcp:box.example:4000"), {
    kind: "tcp",
    hostname: "box.example",
    port: 4000,
  });
  assertEquals(parseNetworkPort("rfc2217:[::1]:23"), { kind: "rfc2217", hostname: "::1", port: 23 });
  assertEquals(parseNetworkPort("/dev/ttyUSB0"), undefined);
  for (const bad of ["tcp:", "tcp:host", "tcp::4", "rfc2217:a:0", "tcp:a:65536", "tcp:::1:4"]) {
    assertThrows(() => parseNetworkPort(bad), RangeError);
  }
});
