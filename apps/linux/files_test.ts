import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  createFile,
  listNames,
  readLink,
  readSmallFile,
  removeFile,
  resolvePath,
  S_IFCHR,
  S_IFMT,
  statFile,
} from "./files.ts";
import { libc, LinuxError } from "./libc.ts";

// Loaded once for the program: no test leaks it.
libc();

Deno.test("files: made, read, listed, linked and removed as Deno does it", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/a`;
  assertEquals(createFile(path, "text\n"), true);
  assertEquals(createFile(path, "other"), false);
  assertEquals(readSmallFile(path), Deno.readTextFileSync(path));
  Deno.symlinkSync("a", `${folder}/link`);
  assertEquals(readLink(`${folder}/link`), "a");
  assertEquals(resolvePath(`${folder}/link`), Deno.realPathSync(path));
  assertEquals(listNames(folder).sort(), ["a", "link"]);
  const status = statFile(path)!;
  const expected = Deno.statSync(path);
  assertEquals([status.mode, status.uid, status.gid], [expected.mode, expected.uid, expected.gid]);
  removeFile(path);
  assertEquals([statFile(path), readSmallFile(path), resolvePath(path)], [undefined, undefined, undefined]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("files: a large folder, a device, and nothing", () => {
  assertEquals(listNames("/proc").includes(String(Deno.pid)), true);
  const device = statFile("/dev/null")!;
  assertEquals([device.mode & S_IFMT, device.deviceMajor, device.deviceMinor], [S_IFCHR, 1, 3]);
  assertEquals([listNames("/nowhere"), readLink("/nowhere")], [[], undefined]);
  assert(readSmallFile("/proc/self/comm")!.length > 0);
  assertThrows(() => createFile("/nowhere/file", ""), LinuxError);
});
