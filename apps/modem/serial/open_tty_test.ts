import { assert, assertEquals } from "@std/assert";
import { describePermission, groupName } from "./open_tty.ts";

const GROUPS = "root:x:0:\ndialout:x:20:ann\nplugdev:x:46:\n";

Deno.test("permission: the group that owns the device is named, with the command that joins it", () => {
  const status = { mode: 0o020660, uid: 0, gid: 20, deviceMajor: 188, deviceMinor: 0 };
  const text = describePermission("/dev/ttyUSB0", status, GROUPS);
  assert(text.includes("group dialout") && text.includes("usermod -aG dialout $USER"), text);
});

Deno.test("permission: a device which no group may open is a matter of its owner", () => {
  for (const [mode, gid] of [[0o020600, 20], [0o020660, 0]] as const) {
    const status = { mode, uid: 0, gid, deviceMajor: 4, deviceMinor: 64 };
    const text = describePermission("/dev/ttyS0", status, GROUPS);
    assert(text.includes("chown $USER /dev/ttyS0"), text);
  }
});

Deno.test("groupName() falls back to the number", () => {
  assertEquals([groupName(46, GROUPS), groupName(4711, GROUPS)], ["plugdev", "4711"]);
});
