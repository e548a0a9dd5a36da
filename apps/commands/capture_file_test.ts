import { assertEquals, assertThrows } from "@std/assert";
import { parseHex, PbufPool } from "@lightwire/pbuf";
import { createMemoryLinkPair, TimerQueue } from "@lightwire/netif";
import { CaptureFile } from "./capture_file.ts";

/** scapy 2.5: IP(src="10.0.0.1", dst="10.0.0.2")/UDP(sport=1, dport=2)/Raw(b"abc"). */
const DATAGRAM = parseHex("4500001f00010000401166cb0a0000010a00000200010002000b2770616263");
/** LCP Configure-Request with a magic number (RFC 1661 §6.4). */
const LCP = parseHex("0101000a0506deadbeef");

class MemorySink {
  readonly blocks: Uint8Array[] = [];
  isClosed = false;
  limit = Infinity;

  writeSync(bytes: Uint8Array): number {
    if (this.blocks.length >= this.limit) throw new Error("No space left on device");
    this.blocks.push(bytes.slice());
    return bytes.length;
  }

  close(): void {
    this.isClosed = true;
  }

  /** Type of each block; of packets also interface, bytes, flags and comment. */
  read(): unknown[] {
    return this.blocks.map((block) => {
      const view = new DataView(block.buffer);
      const type = view.getUint32(0);
      if (type === 1) return ["interface", view.getUint16(8)];
      if (type !== 6) return type;
      const length = view.getUint32(20);
      const bytes = block.slice(28, 28 + length);
      let [comment, flags] = ["", 0];
      for (let at = 28 + (length + 3 & ~3); at < block.length - 4;) {
        const [code, size] = [view.getUint16(at), view.getUint16(at + 2)];
        if (code === 1) comment = new TextDecoder().decode(block.subarray(at + 4, at + 4 + size));
        if (code === 2) flags = view.getUint32(at + 4);
        at += 4 + (size + 3 & ~3);
      }
      return [view.getUint32(8), bytes, flags, comment];
    });
  }
}

function capture(): { sink: MemorySink; file: CaptureFile; errors: string[] } {
  const sink = new MemorySink();
  const errors: string[] = [];
  const onError = (error: Error) => void errors.push(error.message);
  return {
    sink,
    file: new CaptureFile(sink, { clock: { now: () => 5 }, originUnixMs: 1000, onError }),
    errors,
  };
}

Deno.test("CaptureFile: PPP packets and the modem's dialogue get an interface when the first comes", () => {
  const { sink, file } = capture();
  file.at("outbound", "AT+CSQ\r");
  file.at("inbound", "\r\n+CSQ: 20,99\r\n\r\nOK\r\n");
  file.at("inbound", "\r\n");
  file.ppp("outbound", 0xc021, LCP, 0, LCP.length, "LCP Configure-Request");
  file.ppp("inbound", 0x0021, DATAGRAM, 0, DATAGRAM.length);
  file.close();
  const text = (line: string) => parseHex("000c0004617400000000 0000" + hex(line));
  assertEquals(sink.read(), [
    0x0a0d0d0a,
    ["interface", 252],
    [0, text("AT+CSQ"), 2, "> AT+CSQ"],
    [0, text("+CSQ: 20,99\r\nOK"), 1, "< +CSQ: 20,99\n< OK"],
    ["interface", 204],
    [1, Uint8Array.of(1, 0xff, 3, 0xc0, 0x21, ...LCP), 2, "LCP Configure-Request"],
    [1, Uint8Array.of(0, 0xff, 3, 0, 0x21, ...DATAGRAM), 1, ""],
  ]);
  assertEquals(sink.isClosed, true);
});

Deno.test("CaptureFile: an IP packet that the IP interface shows is not shown by PPP again", () => {
  const { sink, file } = capture();
  const timers = new TimerQueue({ now: () => 0 });
  const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
  const [near, far] = createMemoryLinkPair({ timersA: timers, timersB: timers, medium: "ip" });
  const link = file.ipLink(near, "ppp0");
  far.attach({ linkInput: (p) => p.release(), inputBatchEnd() {}, linkStateChanged() {}, linkWritable() {} });
  const p = pool.acquire(DATAGRAM.length)!;
  p.bytes.set(DATAGRAM, p.start);
  link.transmit(p);
  file.ppp("outbound", 0x0021, DATAGRAM, 0, DATAGRAM.length);
  file.ppp("outbound", 0x0057, DATAGRAM, 0, DATAGRAM.length);
  file.ppp("outbound", 0x002d, DATAGRAM, 0, DATAGRAM.length);
  file.ppp("inbound", 0x002f, DATAGRAM, 0, DATAGRAM.length);
  file.ppp("inbound", 0x8021, LCP, 0, 4);
  link.close();
  file.close();
  assertEquals(sink.read(), [
    0x0a0d0d0a,
    ["interface", 101],
    [0, DATAGRAM, 2, ""],
    ["interface", 204],
    [1, parseHex("00ff038021 0101000a"), 1, ""],
    5,
  ]);
  timers.runDue();
  assertEquals(pool.inUse, 0);
});

Deno.test("CaptureFile: a full disk ends the capture and nothing else, and is told once", () => {
  const { sink, file, errors } = capture();
  sink.limit = 2;
  for (let i = 0; i < 3; i++) file.at("outbound", "AT");
  file.close();
  assertEquals([errors, sink.isClosed, sink.blocks.length], [["No space left on device"], true, 2]);
});

Deno.test("CaptureFile: an interface of one's own, cut to its snap length", () => {
  const { sink, file } = capture();
  const id = file.addInterface("wan", "ip", 20);
  file.packet(id, "inbound", DATAGRAM, "cut");
  assertThrows(() => file.packet(7, "inbound", DATAGRAM), RangeError);
  file.close();
  file.packet(id, "inbound", DATAGRAM);
  assertEquals(sink.read().at(-1), [0, DATAGRAM.slice(0, 20), 1, "cut"]);
});

function hex(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
