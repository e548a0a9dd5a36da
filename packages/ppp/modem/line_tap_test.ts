import { assert, assertEquals } from "@std/assert";
import { LineTap } from "./line_tap.ts";
import { FakePort } from "./testdata/fake_port.ts";

Deno.test("LineTap counts what passes and knows a line of seven bits", () => {
  const port = new FakePort();
  const tap = new LineTap(port);
  let heard = "";
  tap.attach({
    serialInput: (bytes) => void (heard += String.fromCharCode(...bytes)),
    serialWritable() {},
    serialLinesChanged() {},
    serialClosed() {},
  });
  port.say("~".repeat(40));
  assertEquals([tap.receivedBytes, heard.length, tap.isSevenBit], [40, 40, true]);
  port.say("\x11\xff");
  assert(!tap.isSevenBit);
  assertEquals(tap.controlsSeen, 1 << 17);
  tap.reset();
  port.say("\x7e\xff\x03");
  assertEquals([tap.headText, tap.receivedBytes, tap.isSevenBit], ["7e ff 03", 3, false]);
  assertEquals(tap.write(new Uint8Array(5), 1, 4), 3);
  assertEquals(tap.sentBytes, 3);
});
