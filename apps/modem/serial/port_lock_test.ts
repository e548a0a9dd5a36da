import { assert, assertEquals } from "@std/assert";
import { libc } from "@lightwire/app-linux";
import { PortLock } from "./port_lock.ts";

// Loaded once for the program: no test leaks it.
libc();

async function withFolder(body: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("lock: our number is in the file while we have it (HDB UUCP)", async () => {
  await withFolder((folder) => {
    const lock = PortLock.take("/dev/ttyUSB0", folder);
    assert(lock instanceof PortLock);
    const text = Deno.readTextFileSync(`${folder}/LCK..ttyUSB0`);
    assertEquals(text, `${String(Deno.pid).padStart(10)}\n`);
    const second = PortLock.take("/dev/ttyUSB0", folder);
    assert(!(second instanceof PortLock));
    assertEquals(second.pid, Deno.pid);
    lock.release();
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("lock: one that a dead process left is taken over", async () => {
  await withFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/LCK..ttyACM3`, "1073741824\n");
    const lock = PortLock.take("/dev/ttyACM3", folder);
    assert(lock instanceof PortLock);
    assertEquals(Deno.readTextFileSync(`${folder}/LCK..ttyACM3`).trim(), String(Deno.pid));
    lock.release();
  });
});

Deno.test("lock: without a right to the folder the port is opened without", () => {
  const lock = PortLock.take("/dev/ttyUSB0", "/nowhere/at/all");
  assert(lock instanceof PortLock);
  lock.release();
});
