import { assertEquals } from "@std/assert";
import { SerialOpenError } from "./serial_port.ts";

Deno.test("SerialOpenError: the message names the port, the reason and what else is known", () => {
  const error = new SerialOpenError("no-permission", "/dev/ttyUSB0", "group dialout");
  assertEquals(error.message, "Cannot open /dev/ttyUSB0: permission denied (group dialout)");
  assertEquals([error.name, error.cause, error.device, error.detail], [
    "SerialOpenError",
    "no-permission",
    "/dev/ttyUSB0",
    "group dialout",
  ]);
  assertEquals(
    new SerialOpenError("no-port", "/dev/ttyS9").message,
    "Cannot open /dev/ttyS9: there is no such port",
  );
});
