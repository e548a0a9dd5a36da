import { assertEquals } from "@std/assert";
import { parseHex, PbufPool } from "@lightwire/pbuf";
import { FakeDriver, FakeLayer, packetOf } from "./testdata/fake_driver.ts";
import { Netif } from "./netif.ts";
import { formatFrame, TracerLink } from "./tracer_link.ts";

Deno.test("TracerLink shows every frame, both ways, and passes it on", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
  const driver = new FakeDriver();
  const lines: string[] = [];
  const traced = new TracerLink(driver, (direction, p) => lines.push(formatFrame("ethernet", direction, p)));
  const netif = new Netif(traced, { name: "en0", index: 1 });
  const layer = new FakeLayer();
  netif.attach(layer);
  netif.setUp();
  netif.output(packetOf(pool, parseHex("4500")), 0x0800, 0x02_00_00_00_00_0b);
  netif.flush();
  driver.sink!.linkInput(packetOf(pool, parseHex("02000000000a 02000000000b 0800 45")));
  driver.sink!.inputBatchEnd();
  driver.sink!.linkStateChanged(false);
  driver.sink!.linkWritable();
  assertEquals(lines, [
    "Out 02:00:00:00:00:0a > 02:00:00:00:00:0b, ethertype 0x0800, length 16",
    "In  02:00:00:00:00:0b > 02:00:00:00:00:0a, ethertype 0x0800, length 15",
  ]);
  assertEquals([driver.sent.length, driver.flushes, layer.events], [1, 1, ["up", "input", "end", "down"]]);
  netif.close();
  assertEquals([driver.isClosed, pool.inUse], [true, 0]);
});

Deno.test("formatFrame() shows packets of medium ip, and what is cut short", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
  const shown = (medium: "ethernet" | "ip", hex: string) => {
    const p = packetOf(pool, parseHex(hex));
    const line = formatFrame(medium, "inbound", p);
    p.release();
    return line;
  };
  assertEquals(shown("ip", "4500"), "In  IPv4, length 2");
  assertEquals(shown("ip", "60"), "In  IPv6, length 1");
  assertEquals(shown("ip", ""), "In  empty, length 0");
  assertEquals(shown("ethernet", "0200"), "In  truncated Ethernet header, length 2");
});
