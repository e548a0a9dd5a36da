import { assertEquals } from "@std/assert";
import { ProcessHold } from "./process_hold.ts";
import type { Pump } from "./pump.ts";

Deno.test("ProcessHold holds once, whatever is called how often", () => {
  let holds = 0;
  const hold = new ProcessHold({ hold: () => holds++, release: () => holds-- } as unknown as Pump);
  assertEquals(holds, 1);
  hold.ref();
  assertEquals(holds, 1);
  hold.unref();
  hold.unref();
  assertEquals(holds, 0);
  hold.ref();
  assertEquals(holds, 1);
});
