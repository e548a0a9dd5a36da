import { assert, assertEquals } from "@std/assert";
import { libc, openPty } from "@lightwire/app-linux";
import { describeHolders, findHolders, findSuspects, listSerialPorts, processName } from "./port_finder.ts";

// Loaded once for the program: no test leaks it.
libc();

Deno.test("listSerialPorts() names devices, USB modems first, and no console", () => {
  const ports = listSerialPorts();
  assert(ports.every((path) => path.startsWith("/dev/tty")), ports.join());
  assert(!ports.includes("/dev/tty0"));
  const isUsb = ports.map((path) => /\/tty(?:USB|ACM)/.test(path));
  assertEquals(isUsb, isUsb.toSorted((a, b) => Number(b) - Number(a)));
});

Deno.test("findHolders() finds the process that has a device open", () => {
  const pty = openPty();
  const path = `/dev/pts/ptmx`;
  const holders = [...findHolders("/dev/ptmx", -1), ...findHolders(path, -1)];
  assert(holders.some(({ pid }) => pid === Deno.pid), JSON.stringify(holders));
  assertEquals(findHolders("/dev/ptmx", Deno.pid).some(({ pid }) => pid === Deno.pid), false);
  libc().close(pty.masterFd);
});

Deno.test("processName() of a number that no process has", () => {
  assert(processName(Deno.pid) !== undefined);
  assertEquals(processName(2 ** 30), undefined);
});

Deno.test("describeHolders() names the process, and the way to end the usual ones", () => {
  const text = describeHolders([{ pid: 812, name: "ModemManager" }]);
  assertEquals(text, "by ModemManager (process 812); `sudo systemctl stop ModemManager` ends it");
  assertEquals(describeHolders([{ pid: 5, name: "minicom" }]), "by minicom (process 5); end it first");
  assertEquals(describeHolders([], []), "by another program; `sudo fuser -v` names it");
  const mm = { pid: 812, name: "ModemManager" };
  assertEquals(
    describeHolders([], [mm, mm]),
    "by another program, perhaps ModemManager; `sudo fuser -v` names it",
  );
  assert(Array.isArray(findSuspects()));
});
